/// One command that does a task, and how it is told what the task is.
package struct ExecCommand: Equatable, Sendable {
    package enum StdinMode: Equatable, Sendable {
        /// The task's UTF-8 bytes, then end of file.
        case task
        /// `/dev/null`
        case none
        /// What ``ExecAgent/write(_:)`` is given, until ``ExecAgent/closeInput()``.
        case open
    }

    /// What stands for the task in a template.
    package static let placeholder = "{task}"

    /// Program and arguments, with the task already in place.
    package var argv: [String]
    package var task: String
    package var stdinMode: StdinMode
    /// `nil`: ours.
    package var workingDirectory: String?
    /// The whole environment, nothing is added.
    package var environment: [String: String]
    package var inherited: [ProcessSpec.InheritedDescriptor] = []

    package init(
        template: [String], task: String, stdinMode: StdinMode = .task, workingDirectory: String? = nil,
        environment: [String: String]
    ) {
        argv = Self.build(template: template, task: task)
        self.task = task
        self.stdinMode = stdinMode
        self.workingDirectory = workingDirectory
        self.environment = environment
    }

    /// A command that is told what to do once it runs.
    package init(argv: [String], workingDirectory: String?, environment: [String: String]) {
        self.argv = argv
        task = ""
        stdinMode = .open
        self.workingDirectory = workingDirectory
        self.environment = environment
    }

    /// Puts the task in place of every `{task}`, also inside a larger argument. One argument stays one argument
    /// whatever the task contains, no shell reads it, and a `{task}` within the task stays as it is.
    package static func build(template: [String], task: String) -> [String] {
        let placeholder = Array(placeholder.utf8)
        return template.map { argument in
            let bytes = Array(argument.utf8)
            var result: [UInt8] = []
            var position = 0
            while position < bytes.count {
                if bytes[position...].starts(with: placeholder) {
                    result.append(contentsOf: task.utf8)
                    position += placeholder.count
                } else {
                    result.append(bytes[position])
                    position += 1
                }
            }
            return String(decoding: result, as: UTF8.self)
        }
    }
}
