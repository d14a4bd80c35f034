internal import JSON

/// A command that the agent has its client run.
package struct TerminalCommand: Equatable, Sendable {
    package static let maxArguments = 1024
    package static let maxBytes = 128 * 1024
    /// Of output that is kept, when the agent names no limit, and at most.
    package static let defaultOutputBytes = 1 << 20
    package static let maxOutputBytes = 8 << 20

    package let terminalID: String
    package let command: String
    package let arguments: [String]
    package let environment: [String: String]
    /// Within the session's directory; nil: that.
    package let workingDirectory: WorkspacePath?
    package let outputByteLimit: Int

    init(terminalID: String, _ params: JSON, in directory: String) throws(ACPMessage.RPCError) {
        self.terminalID = terminalID
        guard let command = params["command"]?.string, !command.isEmpty else {
            throw Self.invalid("command must be a string that is not empty")
        }
        let arguments = params["args"].flatMap { $0.isNull ? nil : $0 } ?? []
        guard let words = arguments.array?.map(\.string), words.count <= Self.maxArguments,
            !words.contains(where: { $0 == nil })
        else { throw Self.invalid("args must be an array of strings, \(Self.maxArguments) at most") }
        self.command = command
        self.arguments = words.compactMap(\.self)
        var environment: [String: String] = [:]
        for variable in params["env"]?.array ?? [] {
            guard let name = variable["name"]?.string, let value = variable["value"]?.string, !name.isEmpty,
                !name.utf8.contains(UInt8(ascii: "="))
            else { throw Self.invalid("env must be an array of objects with name and value") }
            environment[name] = value
        }
        self.environment = environment
        let all = [command] + self.arguments + environment.flatMap { [$0.key, $0.value] }
        guard all.allSatisfy({ !$0.utf8.contains(0) }), all.reduce(0, { $0 + $1.utf8.count }) <= Self.maxBytes else {
            throw Self.invalid("command, args and env must have no NUL and at most \(Self.maxBytes) bytes")
        }
        switch params["cwd"]?.string {
        case nil: workingDirectory = nil
        case .some(let path) where path == directory || path == directory + "/": workingDirectory = nil
        case .some(let path):
            guard let within = WorkspacePath(path, in: directory) else {
                throw Self.invalid("cwd must be absolute, within \(directory), and without ..")
            }
            workingDirectory = within
        }
        let limit = params["outputByteLimit"]?.integer ?? Int64(Self.defaultOutputBytes)
        guard limit >= 0 else { throw Self.invalid("outputByteLimit must not be negative") }
        outputByteLimit = Int(min(limit, Int64(Self.maxOutputBytes)))
    }

    private static func invalid(_ message: String) -> ACPMessage.RPCError {
        ACPMessage.RPCError(ACPMessage.RPCError.invalidParams, message)
    }

    /// What an operator reads who is asked.
    var title: String {
        let line = ([command] + arguments).joined(separator: " ")
        return "run " + String(line.unicodeScalars.prefix(240).map { $0.value < 0x20 ? " " : Character($0) })
    }
}

/// How a command of a terminal ended.
package struct TerminalExit: Equatable, Sendable {
    package let exitCode: Int64?
    /// A name such as `SIGKILL`.
    package let signal: String?

    package init(exitCode: Int64?, signal: String?) {
        self.exitCode = exitCode
        self.signal = signal
    }

    var json: JSON {
        ["exitCode": exitCode.map { .integer($0) } ?? .null, "signal": signal.map { .string($0) } ?? .null]
    }
}
