internal import Text

/// `env.shellEnv`: what the login shell would export, for references to variables that stand nowhere else.
enum ShellEnvironment {
    static let defaultTimeoutMs = 15_000

    /// - Parameter run: starts the shell.
    static func read(_ section: Section, context: LoadContext) -> [String: String] {
        let isEnabled = section.bool("enabled", default: false, variable: Variables.Name("LOAD_SHELL_ENV"))
        let timeout = section.integer(
            "timeoutMs", default: defaultTimeoutMs, in: 1...120_000, variable: Variables.Name("SHELL_ENV_TIMEOUT_MS"))
        guard isEnabled else { return [:] }
        let environment = context.variables.environment
        let shell = environment["SHELL"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/bin/sh"
        let command = SecretCommand(
            executable: shell, arguments: ["-l", "-c", "env -0"],
            environment: environment.filter { ["HOME", "USER", "LOGNAME", "PATH", "SHELL", "LANG"].contains($0.key) },
            timeout: .milliseconds(timeout), allowsSymbolicLink: true)
        switch context.runCommand(command) {
        case .success(let output): return variables(output)
        case .failure(let failure):
            let path = section.path(of: "enabled")
            context.warn(
                .shellEnvironment, path,
                "\(path): the login shell \(shell) \(failure.reason); nothing is taken from it",
                at: context.location(of: path), remedy: failure.remedy)
            return [:]
        }
    }

    /// `NAME=value` with NUL between; what a profile prints before is no assignment, or ends with the first one.
    static func variables(_ output: [UInt8]) -> [String: String] {
        var variables: [String: String] = [:]
        for entry in output.split(separator: 0) {
            guard let text = String(validating: entry, as: UTF8.self), let equals = text.firstIndex(of: "=") else {
                continue
            }
            let name = text[..<equals].split(separator: "\n").last.map(String.init) ?? ""
            let isName =
                !name.isEmpty
                && name.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
            if isName { variables[name] = String(text[text.index(after: equals)...]) }
        }
        return variables
    }
}
