internal import Errors
internal import EventLoop
internal import Gateway
internal import HTTP
internal import Synchronization

/// Why something that a peer sent, or did not send, was refused. The texts are ours: nothing in them is the peer's.
struct Refusal: Equatable, Sendable {
    /// A name without spaces, such as `bare-line-feed`.
    let rule: String
    /// One sentence.
    let reason: String
    /// What mends it: a key, a command, or what the client has to send.
    let remedy: String

    /// - Parameters:
    ///   - reason: with the facts of the case; nil for the catalogue's.
    ///   - remedy: nil for the catalogue's.
    init(_ rule: RefusalRule, _ reason: String? = nil, remedy: String? = nil) {
        self.init(entry: rule, reason, remedy: remedy)
    }

    init(_ error: HTTPError) { self.init(entry: error.rule, error.reason, remedy: error.remedy) }

    private init(entry: some Catalogued, _ reason: String?, remedy: String?) {
        let text = entry.text
        rule = entry.rawValue
        self.reason = reason ?? text.sentence.prefix(1).uppercased() + text.sentence.dropFirst() + "."
        self.remedy = remedy ?? text.remedy
    }

    /// - Parameter timeout: of TLS, HTTP and connect together.
    static func deadline(_ timeout: Duration) -> Refusal {
        Refusal(
            entry: HTTPRule.handshakeDeadline,
            "TLS, HTTP and connect took longer than \(timeout.saturatingMilliseconds) ms.",
            remedy: "look for a client or proxy that connects and does not speak; gateway.handshakeTimeoutMs")
    }
}

/// The log of what peers did wrong: a line for the first of each kind, then how many more there were.
final class RefusalLog: Sendable {
    /// Refused connects have a decision of their own each, so the first few of a client are told.
    private static let admissionBurst = 20

    private let limiter = Mutex(LogLimiter())
    private let counted = Mutex<[String: Int64]>([:])
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// - Parameters:
    ///   - outcome: what became of it: `status=400`, `code=1002`.
    ///   - peer: with its port, for the line.
    ///   - client: without, for the count.
    func note(
        _ refusal: Refusal, _ outcome: String, subsystem: String, peer: String, client: String, now: MonotonicInstant
    ) {
        note(
            LogLine(
                .warn, subsystem,
                "refused peer=\(peer) \(outcome) rule=\(refusal.rule): \(refusal.reason) Remedy: \(refusal.remedy)",
                kind: LogLine.Kind(rule: refusal.rule, client: client)), now: now)
    }

    func note(_ line: LogLine, now: MonotonicInstant) { note(line, now: now, burst: 1) }

    /// A line of the core's, about a refused connect.
    func noteAdmission(_ line: LogLine, now: MonotonicInstant) { note(line, now: now, burst: Self.admissionBurst) }

    private func note(_ line: LogLine, now: MonotonicInstant, burst: Int) {
        if let kind = line.kind {
            counted.withLock { $0[kind.rule, default: 0] += 1 }
            guard
                limiter.withLock({ $0.admits(rule: kind.rule, peer: kind.client, now: now, burst: burst) })
            else { return }
        }
        logger.log(line)
    }

    /// How often each rule was broken. Rules are ours, so there are few.
    var counts: [(rule: String, count: Int64)] {
        counted.withLock { $0 }.sorted { $0.key < $1.key }.map { (rule: $0.key, count: $0.value) }
    }

    /// Writes what was counted in windows that are over.
    func flush(now: MonotonicInstant) {
        write(limiter.withLock { $0.expire(now: now) })
    }

    /// Writes what was counted so far, for a stop.
    func end() {
        write(limiter.withLock { $0.end() })
    }

    private func write(_ summaries: [LogLimiter.Summary]) {
        for summary in summaries {
            logger.log(
                .warn, "gateway",
                "refused peer=\(summary.kind.peer) rule=\(summary.kind.rule): and \(summary.count) more like it")
        }
    }
}
