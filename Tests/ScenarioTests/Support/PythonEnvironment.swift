import Agents
import Files
import Foundation

/// A Python of our own with some packages, made once and kept beside the build.
final class PythonEnvironment: Sendable {
    private let directory: String
    let python: String
    /// Where the packages' own archives are unpacked.
    let sources: String

    /// Why it cannot be had, nil when it can.
    let problem: String?

    /// - Parameters:
    ///   - name: of its directory.
    ///   - modules: what must be importable.
    ///   - archives: packages whose sources are wanted too, for what is not installed.
    init(_ name: String, modules: [String], requirements: [String], sources archives: [String] = []) {
        directory = Files.parent(of: Files.parent(of: Program.path)) + "/" + name
        python = directory + "/bin/python"
        sources = directory + "/sources"
        problem = Self.make(directory, modules, requirements, sources, archives)
    }

    private static func make(
        _ directory: String, _ modules: [String], _ requirements: [String], _ sources: String, _ archives: [String]
    ) -> String? {
        let python = directory + "/bin/python"
        do {
            let check = "import " + modules.joined(separator: ", ")
            let hasSources = archives.isEmpty || Files.exists(sources)
            if try hasSources && run([python, "-c", check], within: .seconds(20)).code == 0 { return nil }
            Files.removeTree(directory)
            let pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
            var steps = [["python3", "-m", "venv", directory], pip + ["install"] + requirements]
            if !archives.isEmpty {
                let download = directory + "/archives"
                steps.append(pip + ["download", "--no-deps", "--no-binary", ":all:", "--dest", download] + archives)
                // In one step, so that what is there is whole.
                let unpack =
                    "import glob, os, shutil, sys; [shutil.unpack_archive(f, sys.argv[2] + '.new') for f in "
                    + "glob.glob(sys.argv[1] + '/*')]; os.rename(sys.argv[2] + '.new', sys.argv[2])"
                steps.append([python, "-c", unpack, download, sources])
            }
            for step in steps {
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
