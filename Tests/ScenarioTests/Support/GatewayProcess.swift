import Agents
import EventLoop
import Files
import Foundation
import JSON
import Testing

/// A gateway of its own for one scenario: own state, free port, own namespace where asked for.
final class GatewayProcess {
    struct Listener: Equatable {
        let url: String
        let pin: String?

        var port: UInt16 { url.split(separator: ":").last.flatMap { UInt16($0) } ?? 0 }

        /// `listening wss://127.0.0.1:40123 pin sha256:…`, and perhaps more.
        init?(line: Substring) {
            let words = line.split(separator: " ")
            guard words.count >= 2, words[0] == "listening" else { return nil }
            url = String(words[1])
            pin = words.count >= 4 && words[2] == "pin" ? String(words[3].dropFirst("sha256:".count)) : nil
        }
    }

    let state: TemporaryDirectory
    let namespace: NetworkNamespace?
    private let outputs: TemporaryDirectory
    private let arguments: [String]
    private var environment: [String: String]
    private let descriptors: Int?
    private(set) var process: RunningProcess
    private(set) var listeners: [Listener] = []
    private var earlierErrors = ""

    /// Starts a gateway and waits until it listens; port 0 is some port that nobody else takes while it is down.
    ///
    /// - Parameters:
    ///   - configuration: text of `openclaw.json`; nil for none.
    ///   - state: a directory that an earlier gateway used.
    ///   - descriptors: how many it may open; nil for as many as we may.
    init(
        _ configuration: String?, _ arguments: [String] = ["--port", "0"], in namespace: NetworkNamespace? = nil,
        state: TemporaryDirectory? = nil, environment: [String: String] = [:], descriptors: Int? = nil
    ) throws {
        self.state = try state ?? TemporaryDirectory()
        self.namespace = namespace
        self.environment = environment
        self.descriptors = descriptors
        outputs = try TemporaryDirectory()
        var arguments = arguments
        // It may have to come back to where it was.
        if let index = arguments.firstIndex(of: "--port"), arguments[index + 1] == "0" {
            arguments[index + 1] = String(try StablePort.take())
        }
        self.arguments = ["gateway", "run", "--state-dir", self.state.path] + arguments
        if let configuration { _ = try self.state.write("openclaw.json", configuration) }
        process = try Self.launch(self.arguments, environment, self.state, outputs, namespace, descriptors)
        try waitUntilListening()
    }

    private static func launch(
        _ arguments: [String], _ environment: [String: String], _ state: TemporaryDirectory,
        _ outputs: TemporaryDirectory, _ namespace: NetworkNamespace?, _ descriptors: Int?
    ) throws -> RunningProcess {
        var all = CommandLineTool.baseEnvironment
        // The mark by which everything that the gateway starts is found again.
        all["SALLYPORT_TEST_STATE"] = state.path
        all.merge(environment) { $1 }
        let limit = descriptors.map { ["/bin/sh", "-c", "ulimit -n \($0); exec \"$@\"", "sh"] } ?? []
        return try RunningProcess(
            limit + [Program.path] + arguments, environment: all, outputs: outputs.path, namespace: namespace)
    }

    private func waitUntilListening() throws {
        listeners = try eventually("the gateway listens") {
            if let status = process.child.peek() {
                throw Unexpected("the gateway ended with \(status):\n\(process.standardError)")
            }
            // `run/gateway.json` is written before the lines are.
            let file = try? JSONParser.parse(Array(contents(of: state.path + "/run/gateway.json").utf8))
            let found = process.standardOutput.split(separator: "\n").compactMap { Listener(line: $0) }
            return found.isEmpty || found.count != file?["urls"]?.array?.count ? nil : found
        }
    }

    // MARK: - Facts

    var pid: Int32 { process.child.pid }
    var log: String { earlierErrors + process.standardError }
    var pin: String? { listeners.first?.pin }
    var port: UInt16 { listeners.first?.port ?? 0 }
    /// Of the entries of `gateway.listeners`, in their order.
    var extraListeners: [Listener] { Array(listeners.drop { $0.port == port }) }
    var ownerSocket: SocketAddress { .unix(path: state.path + "/run/owner.sock") }
    var scheme: String { pin == nil ? "ws" : "wss" }
    var certificatePath: String { state.path + "/gateway/tls/gateway-cert.pem" }
    var tokenFile: String { state.path + "/gateway/token" }

    func url(_ address: String = "127.0.0.1") -> String { "\(scheme)://\(address):\(port)" }

    /// The command line of this machine's owner.
    var cli: CommandLineTool {
        CommandLineTool(stateDirectory: state.path, outputs: outputs.path, namespace: namespace)
    }

    /// - Returns: the first line of the log with all of these words.
    func waitForLog(_ words: String..., within: Duration = .seconds(20)) throws -> String {
        try eventually("a log line with \(words)", within: within) {
            log.split(separator: "\n").map(String.init).first { line in words.allSatisfy { line.contains($0) } }
        }
    }

    /// Kilobytes of memory that the gateway holds.
    var residentKilobytes: Int { statusKilobytes("VmRSS:") }

    /// The most that it ever held.
    var peakResidentKilobytes: Int { statusKilobytes("VmHWM:") }

    private func statusKilobytes(_ field: String) -> Int {
        let line = contents(of: "/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix(field) }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    }

    /// How many descriptors the gateway has open.
    var descriptorCount: Int { Files.names(in: "/proc/\(pid)/fd").count }

    // MARK: - Ends

    /// Stops the gateway and looks for what it may have left.
    func stop(sourceLocation: SourceLocation = #_sourceLocation) throws {
        process.child.signal(SIGTERM)
        let code = try process.wait(within: .seconds(15))
        #expect(code == 0, "exit status; log:\n\(log)", sourceLocation: sourceLocation)
        expectNothingLeft(sourceLocation: sourceLocation)
    }

    /// A crash. Workers survive it.
    func kill() throws {
        process.child.signal(SIGKILL)
        _ = try process.wait(within: .seconds(5))
    }

    /// Ends what a crash left running, and what that starts meanwhile.
    func killWorkers() {
        _ = try? eventually("no process is left", within: .seconds(5)) {
            for pid in processes { _ = Foundation.kill(pid, SIGKILL) }
            return processes.isEmpty ? true : nil
        }
    }

    /// Starts again on the same state and port.
    func start() throws {
        earlierErrors += process.standardError
        process = try Self.launch(arguments, environment, state, outputs, namespace, descriptors)
        try waitUntilListening()
    }

    /// No process that belongs to this state, and no directory of a child.
    func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) {
        let left = try? eventually("nothing is left", within: .seconds(5)) { processes.isEmpty ? true : nil }
        #expect(left == true, "processes left: \(processes.map(Self.describe))", sourceLocation: sourceLocation)
        #expect(childDirectories == [], sourceLocation: sourceLocation)
    }

    var childDirectories: [String] { Files.names(in: state.path + "/run/children") }

    /// Processes with the state directory in their environment, the gateway itself among them while it runs.
    var processes: [Int32] {
        let mark = Data(state.path.utf8)
        return Files.names(in: "/proc").compactMap { Int32($0) }.filter { pid in
            guard let environment = try? Files.read("/proc/\(pid)/environ", maxBytes: 1 << 20) else { return false }
            // Command lines that the scenario itself runs carry the directory too, but not this name.
            let text = Data(environment)
            return text.range(of: mark) != nil
                && (text.range(of: Data("SALLYPORT_TEST_STATE=".utf8)) != nil
                    || text.range(of: Data("SALLYPORT_RUN_ID=".utf8)) != nil)
        }
    }

    /// The worker of the only run.
    func worker() throws -> Int32 {
        try eventually("the worker is found") {
            processes.first { contents(of: "/proc/\($0)/cmdline").split(separator: "\0").last == "worker" }
        }
    }

    private static func describe(_ pid: Int32) -> String {
        let words = contents(of: "/proc/\(pid)/cmdline").split(separator: "\0").joined(separator: " ")
        return "\(pid) \(words)"
    }

    deinit {
        process.child.signal(SIGKILL)
        killWorkers()
    }
}
