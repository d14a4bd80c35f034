import Agents
import Files
import Foundation
import Testing

/// A pool worker as on another host: own state directory, own identity, and outside of the gateway's network namespace.
final class PoolWorkerProcess {
    let state: TemporaryDirectory
    private let arguments: [String]
    private let outputs: TemporaryDirectory
    private(set) var process: RunningProcess

    /// - Parameters:
    ///   - url: how the gateway is reached from there.
    ///   - enrolment: nil: what it has kept of an earlier life.
    init(
        pool: String, url: String, pin: String?, enrolment: String?, capacity: Int = 4,
        in surroundings: Surroundings? = nil, state: TemporaryDirectory? = nil, more: [String] = []
    ) throws {
        self.state = try state ?? TemporaryDirectory()
        outputs = try TemporaryDirectory()
        arguments =
            (surroundings?.namespace.map { ["ip", "netns", "exec", $0.outsideName] } ?? []) + [
                Program.path, "worker", "--pool", pool, "--url", url, "--capacity", String(capacity), "--state-dir",
                self.state.path, "--name", "far-host",
            ] + (pin.map { ["--tls-fingerprint", $0] } ?? []) + (enrolment.map { ["--enrol", $0] } ?? []) + more
        process = try Self.launch(arguments, self.state, outputs)
    }

    private static func launch(
        _ arguments: [String], _ state: TemporaryDirectory, _ outputs: TemporaryDirectory
    ) throws -> RunningProcess {
        var environment = CommandLineTool.baseEnvironment
        // The mark by which all that it starts is found again, down to the commands.
        environment["TMPDIR"] = state.path
        environment.merge(IsolationStage.engineEnvironment) { own, _ in own }
        return try RunningProcess(arguments, environment: environment, outputs: outputs.path)
    }

    var log: String { process.standardError }

    func waitUntilAttached() throws {
        _ = try eventually("the pool worker attaches") {
            if let status = process.child.peek() { throw Unexpected("the pool worker ended with \(status):\n\(log)") }
            return log.contains("attached to pool") ? true : nil
        }
    }

    /// It and all that it has started.
    var processes: [Int32] {
        let mark = Data(state.path.utf8)
        return Files.names(in: "/proc").compactMap { Int32($0) }.filter { pid in
            guard let environment = try? Files.read("/proc/\(pid)/environ", maxBytes: 1 << 20) else { return false }
            return Data(environment).range(of: mark) != nil
        }
    }

    var childDirectories: [String] { Files.names(in: state.path + "/run/children") }

    func start() throws { process = try Self.launch(arguments, state, outputs) }

    func kill() throws {
        process.child.signal(SIGKILL)
        _ = try process.wait(within: .seconds(5))
    }

    /// As when its host goes down: nobody says a word any more.
    func killAll() {
        process.child.signal(SIGKILL)
        _ = try? eventually("nothing of the host is left", within: .seconds(5)) {
            for pid in processes { _ = Foundation.kill(pid, SIGKILL) }
            // A zombie of ours would keep tests from seeing the ends of their own children.
            return process.child.reap() != nil && processes.isEmpty ? true : nil
        }
    }

    /// A polite end, after which nothing is left.
    func stop(within: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation) throws {
        process.child.signal(SIGTERM)
        let code = try process.wait(within: within)
        #expect(code == 0, "exit status; log:\n\(log)", sourceLocation: sourceLocation)
        let left = try? eventually("nothing is left", within: .seconds(5)) { processes.isEmpty ? true : nil }
        #expect(left == true, "processes left: \(processes)", sourceLocation: sourceLocation)
        #expect(childDirectories == [], sourceLocation: sourceLocation)
    }

    deinit { killAll() }
}
