import Agents
import Files
import Foundation
import Synchronization

/// A Python of our own with `websockets` and `cryptography`, made once and kept beside the build.
enum PythonPeer {
    private static let directory = Files.parent(of: Files.parent(of: Program.path)) + "/python-peer"
    private static let python = directory + "/bin/python"

    /// Why it cannot be had, nil when it can.
    static let problem: String? = make()

    private static func make() -> String? {
        do {
            if try run([python, "-c", "import websockets, cryptography"], within: .seconds(20)).code == 0 {
                return nil
            }
            Files.removeTree(directory)
            for step in [
                ["python3", "-m", "venv", directory],
                [
                    python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "websockets==15.0.1",
                    "cryptography",
                ],
            ] {
                let result = try run(step, within: .seconds(60))
                guard result.code == 0 else { return "\(step.joined(separator: " ")): \(result.errors)" }
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    private static func run(
        _ command: [String], within: Duration
    ) throws -> (code: Int32, output: String, errors: String) {
        let outputs = try TemporaryDirectory()
        var environment = CommandLineTool.baseEnvironment
        // Mirrors and proxies that this machine needs to reach a package index.
        for (name, value) in ProcessInfo.processInfo.environment
        where name.hasPrefix("PIP_") || name.lowercased().hasSuffix("_proxy") || name == "HOME" {
            environment[name] = value
        }
        guard let process = try? RunningProcess(command, environment: environment, outputs: outputs.path) else {
            return (127, "", "\(command[0]) is not there")
        }
        let code = try process.wait(within: within)
        return (code, process.standardOutput, process.standardError)
    }

    static func run(_ arguments: String...) throws -> (code: Int32, output: String, errors: String) {
        let script = Bundle.module.bundlePath + "/Peers/gateway_client.py"
        return try run([python, script] + arguments, within: .seconds(30))
    }
}
