internal import Agents
internal import EventLoop
internal import Gateway
internal import Glibc
internal import JSON
internal import Sessions
internal import Wire

/// What the supervisor of a local run says on its output, handed to the core as it comes; and the one thing it is told.
///
/// Both pipes end with this process, by which the supervisor sees that the gateway is gone.
final class LocalLine: EventHandler {
    private static let chunk = 64 * 1024
    /// Of what is left in the pipe when the supervisor has ended.
    private static let maxRemaining = 4 << 20

    let attempt: Int
    private let runID: String
    private let host: CoreHost
    private var input: Int32?
    private var output: Int32?
    private var registration: Registration?
    private var splitter = LineSplitter(maxBytes: LocalMessage.maxBytes)
    private var buffer = [UInt8](repeating: 0, count: LocalLine.chunk)

    init(_ order: LocalOrder, _ child: ChildProcess, host: CoreHost, in reactor: Reactor) throws {
        runID = order.runID
        attempt = order.attempt
        self.host = host
        input = child.standardInput
        output = child.standardOutput
        if let output { registration = try reactor.register(output, for: .read, handler: self) }
    }

    deinit {
        for descriptor in [input, output].compactMap(\.self) { Glibc.close(descriptor) }
    }

    /// It is durable that the run begins.
    func begin() {
        guard let input else { return }
        var byte = LocalMessage.go
        // An empty pipe takes it; if nobody is there to read it, the end of the process tells.
        _ = unsafe write(input, &byte, 1)
    }

    func ready(_ events: Readiness, in reactor: Reactor) {
        if !readOnce() { close(in: reactor) }
    }

    /// The supervisor has ended: takes what it said last.
    func finish(in reactor: Reactor) {
        var left = Self.maxRemaining / Self.chunk
        while left > 0, output != nil, readOnce() { left -= 1 }
        close(in: reactor)
    }

    /// - Returns: whether there was something.
    private func readOnce() -> Bool {
        guard let output else { return false }
        let count = unsafe read(output, &buffer, buffer.count)
        guard count > 0 else { return count < 0 && errno == EINTR }
        for line in splitter.append(buffer[..<count]) {
            guard case .whole(let bytes) = line, let message = LocalMessage(bytes) else { continue }
            take(message)
        }
        return true
    }

    private func close(in reactor: Reactor) {
        if let registration { reactor.deregister(registration) }
        registration = nil
        if let output { Glibc.close(output) }
        output = nil
    }

    private func take(_ message: LocalMessage) {
        let (runID, attempt) = (runID, attempt)
        host.run { core, nowMs in
            switch message {
            case .ready: return core.localReady(runID: runID, attempt: attempt, nowMs: nowMs)
            case .output(let name, let text):
                guard let stream = OutputStream(rawValue: name) else { return [] }
                return core.localOutput(runID: runID, attempt: attempt, stream: stream, text: text, nowMs: nowMs)
            case .end(let result):
                return core.localEnded(runID: runID, attempt: attempt, RunEnd(result, atMs: nowMs))
            }
        }
    }
}

extension RunEnd {
    fileprivate init(_ result: JSONObject, atMs nowMs: Int64) {
        let text = result["text"]?.string ?? ""
        self.init(
            status: result["status"]?.string.flatMap(Status.init(rawValue:)) ?? .error,
            cause: result["cause"]?.string.map { String($0.prefix(Self.maxCauseCharacters)) },
            exitCode: result["exitCode"]?.integer.map(Int.init), text: text,
            totalBytes: Int(result["totalBytes"]?.integer ?? Int64(text.utf8.count)), endedAtMs: nowMs)
    }
}
