import Agents
import Files
import Foundation

/// A Python of our own with some packages, made once and kept beside the build.
final class PythonEnvironment: Sendable {
    private let directory: String
    private let python: String

    /// Why it cannot be had, nil when it can.
    let problem: String?

    /// - Parameters:
    ///   - name: of its directory.
    ///   - modules: what must be importable.
    init(_ name: String, modules: [String], requirements: [String]) {
        directory = Files.parent(of: Files.parent(of: Program.path)) + "/" + name
        python = directory + "/bin/python"
        problem = Self.make(directory, modules, requirements)
    }

    private static func make(_ directory: String, _ modules: [String], _ requirements: [String]) -> String? {
        let python = directory + "/bin/python"
        do {
            let check = "import " + modules.joined(separator: ", ")
            if try run([python, "-c", check], within: .seconds(20)).code == 0 { return nil }
            Files.removeTree(directory)
            for step in [
                ["python3", "-m", "venv", directory],
                [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"] + requirements,
            ] {
                let result = try run(step, within: .seconds(60))
                guard result.code == 0 else { return "\(step.joined(separator: " ")): \(result.errors)" }
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// What this machine needs to reach a package index: mirrors and proxies; and a home for caches.
    static var packageIndexEnvironment: [String: String] {
        var environment = CommandLineTool.baseEnvironment
        for (name, value) in ProcessInfo.processInfo.environment
        where name.hasPrefix("PIP_") || name.lowercased().hasSuffix("_proxy") || name == "HOME" {
            environment[name] = value
        }
        return environment
    }

    private static func run(
        _ command: [String], within: Duration
    ) throws -> (code: Int32, output: String, errors: String) {
        let outputs = try TemporaryDirectory()
        guard
            let process = try? RunningProcess(command, environment: packageIndexEnvironment, outputs: outputs.path)
        else {
            return (127, "", "\(command[0]) is not there")
        }
        let code = try process.wait(within: within)
        return (code, process.standardOutput, process.standardError)
    }

    /// Starts a script of `Peers`, with which the scenario goes on meanwhile.
    func start(script: String, _ arguments: [String], outputs: TemporaryDirectory) throws -> RunningProcess {
        try RunningProcess(
            [python, Bundle.module.bundlePath + "/Peers/" + script] + arguments,
            environment: Self.packageIndexEnvironment, outputs: outputs.path)
    }

    /// Runs a script of `Peers`.
    func run(
        script: String, _ arguments: [String], within: Duration = .seconds(30)
    ) throws -> (code: Int32, output: String, errors: String) {
        try Self.run([python, Bundle.module.bundlePath + "/Peers/" + script] + arguments, within: within)
    }
}
