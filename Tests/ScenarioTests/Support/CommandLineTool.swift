import Files
import Foundation

/// Runs commands of `sallyport` against one state directory.
struct CommandLineTool: Sendable {
    struct Result: Sendable {
        let exitCode: Int32
        let output: String
        let errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    let stateDirectory: String
    /// Where the output is kept while a command runs.
    let outputs: String
    var namespace: NetworkNamespace?
    var environment: [String: String] = [:]

    static let baseEnvironment: [String: String] = [
        "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": "/nonexistent", "LANG": "C.UTF-8", "TZ": "UTC",
    ]

    func start(_ arguments: [String]) throws -> RunningProcess {
        var all = Self.baseEnvironment
        all["SALLYPORT_STATE_DIR"] = stateDirectory
        all.merge(environment) { $1 }
        return try RunningProcess(
            [Program.path] + arguments, environment: all, outputs: outputs, namespace: namespace)
    }

    func run(_ arguments: String..., within: Duration = .seconds(30)) throws -> Result {
        try run(arguments, within: within)
    }

    func run(_ arguments: [String], within: Duration = .seconds(30)) throws -> Result {
        let process = try start(arguments)
        let code = try process.wait(within: within)
        return Result(exitCode: code, output: process.standardOutput, errors: process.standardError)
    }
}
