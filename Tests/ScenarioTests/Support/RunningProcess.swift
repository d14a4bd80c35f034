import Agents
import Files
import Foundation

/// A process whose output goes to files, so that nobody has to read pipes while it runs.
final class RunningProcess: Sendable {
    let child: ChildProcess
    private let output: String
    private let errors: String

    /// - Parameters:
    ///   - outputs: directory for what the process writes.
    ///   - namespace: network namespace in which it runs.
    init(
        _ command: [String], environment: [String: String], outputs: String, namespace: NetworkNamespace? = nil
    ) throws {
        let name = UUID().uuidString
        output = "\(outputs)/\(name).out"
        errors = "\(outputs)/\(name).err"
        let outputFile = try Self.create(output)
        defer { close(outputFile) }
        let errorFile = try Self.create(errors)
        defer { close(errorFile) }
        let words = (namespace?.prefix ?? []) + command
        child = try ChildProcess.spawn(
            ProcessSpec(
                executable: words[0], arguments: Array(words.dropFirst()), environment: environment,
                standardOutput: .descriptor(outputFile), standardError: .descriptor(errorFile)))
    }

    private static func create(_ path: String) throws -> Int32 {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Unexpected("cannot create \(path)") }
        return descriptor
    }

    var standardOutput: String { contents(of: output) }
    var standardError: String { contents(of: errors) }

    /// - Returns: the exit status as a shell shows it; the process is killed when it takes longer than `within`.
    func wait(within: Duration) throws -> Int32 {
        do {
            return try eventually("the end of process \(child.pid)", within: within) { child.reap() }.exitCode
        } catch {
            child.signalGroup(SIGKILL)
            _ = try? eventually("the killed process", within: .seconds(5)) { child.reap() }
            throw Unexpected("\(error)\nstdout:\n\(standardOutput)\nstderr:\n\(standardError)")
        }
    }

    deinit {
        child.signalGroup(SIGKILL)
    }
}
