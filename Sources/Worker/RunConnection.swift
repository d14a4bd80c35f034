internal import ACP
internal import Client
internal import EventLoop
internal import JSON
internal import TLS

/// The worker's line to the gateway: it comes back by itself when it breaks, and nothing that was said is lost.
///
/// Output is numbered; what was not acknowledged is said again after a reconnect, and the gateway ignores what it has.
final class RunConnection {
    enum State: Equatable {
        case connected
        case waiting(until: MonotonicInstant)
        /// The gateway will not have us back.
        case lost(String)
    }

    /// Unacknowledged messages beyond which the agent's output is not read.
    private static let window = 64

    private var options: ConnectOptions
    private let runToken: String
    private let runID: String
    private let attempt: Int
    /// How long the gateway may be away before we give up.
    private var grace: Duration
    /// Between two signs of life.
    private var heartbeatInterval = Duration.seconds(10)
    private var nextHeartbeat = MonotonicInstant.now()
    /// Of the agent command, which has to learn of new pins too.
    private let stateDirectory: String
    private var client: GatewayClient?
    /// What the gateway has shown when it was last dialled, in PEM.
    private(set) var gatewayCertificatesPEM: String?
    /// It shows others than before.
    var onOtherCertificates: (() -> Void)?
    /// The gateway has announced another certificate.
    var onAnnouncedPins: (() -> Void)?
    private var policy = ReconnectPolicy(initialDelay: .milliseconds(200), maxDelay: .seconds(5))
    private var generator = SystemRandomNumberGenerator()
    private var unacknowledged: [(seq: Int64, method: String, params: JSON)] = []
    private var requestSeq: [String: Int64] = [:]
    private var nextSeq: Int64 = 1
    /// What an operator is asked, by its number; it is asked again after a reconnect.
    private var questions: [Int: JSON] = [:]
    private var questionIDs: [String: Int] = [:]
    private var decisions: [(Int, PermissionDecision)] = []
    private var brokenSince: MonotonicInstant?
    private(set) var state: State = .waiting(until: .now())
    private(set) var order: JSON?
    /// The gateway told us to stop.
    private(set) var cancelReason: String?

    /// - Parameter options: With an ``ConnectOptions/interrupt``: dialling ends when we are told to end.
    init(
        _ options: ConnectOptions, runToken: String, runID: String, attempt: Int, grace: Duration,
        stateDirectory: String
    ) {
        self.attempt = attempt
        self.options = options
        self.runToken = runToken
        self.runID = runID
        self.grace = grace
        self.stateDirectory = stateDirectory
    }

    var descriptor: Int32? { client?.descriptor }
    var wantsWrite: Bool { client?.wantsWrite ?? false }
    var hasBufferedInput: Bool { client?.hasBufferedInput ?? false }
    var isFull: Bool { unacknowledged.count >= Self.window || client == nil }
    var isDrained: Bool { unacknowledged.isEmpty }

    /// Goes on with whatever is due: dialling, reading, pinging.
    func advance() {
        switch state {
        case .lost: return
        case .waiting(let until):
            guard MonotonicInstant.now() >= until else { return }
            dial()
        case .connected: receive()
        }
    }

    private func dial() {
        do throws(ClientError) {
            let client = try GatewayClient.connect(options)
            let answer = try client.request(
                "run.attach", runParams([("attempt", .integer(Int64(attempt)))]), interrupt: options.interrupt)
            self.client = client
            if let shown = client.gatewayCertificatesPEM, shown != gatewayCertificatesPEM {
                gatewayCertificatesPEM = shown
                onOtherCertificates?()
            }
            order = order ?? answer
            keep(answer["lease"])
            state = .connected
            brokenSince = nil
            policy.connected()
            requestSeq = [:]
            questionIDs = [:]
            for message in unacknowledged { requestSeq[try client.send(message.method, message.params)] = message.seq }
            for (number, params) in questions { questionIDs[try client.send("run.permission", params)] = number }
        } catch {
            failed(error)
        }
    }

    /// A third of the lease between two signs of life; the grace as the gateway keeps it.
    private func keep(_ lease: JSON?) {
        if let leaseMs = lease?["leaseMs"]?.integer { heartbeatInterval = .milliseconds(max(leaseMs / 3, 200)) }
        if let graceMs = lease?["graceMs"]?.integer { grace = .milliseconds(graceMs) }
        nextHeartbeat = .now() + heartbeatInterval
    }

    private func runParams(_ more: [(String, JSON)]) -> JSON {
        .object(JSONObject([("runId", .string(runID))] + more))
    }

    private func failed(_ error: ClientError) {
        client = nil
        let now = MonotonicInstant.now()
        let since = brokenSince ?? now
        brokenSince = since
        if case .interrupted = error {
            // Whoever told us to end looks at the signal; until then nothing is dialled.
            state = .waiting(until: now + .milliseconds(200))
            return
        }
        if case .closed(4001, let reason) = error {
            state = .lost("closed by the gateway: \(reason)")
            return
        }
        if case .refused(let body, nil, _) = error, body.retryable != true {
            // The connection stands, but the run is not ours any more.
            state = .lost(error.description)
            return
        }
        if case .refused(let body, _, _) = error, options.token != runToken, Self.isOldCredential(body.detailsCode) {
            // The parent's token was rotated. If its children may go on, our own token still opens.
            options.token = runToken
            state = .waiting(until: now)
            return
        }
        switch policy.failed(error, using: &generator) {
        case .stop: state = .lost(error.description)
        case .retry(let delay), .retryWithDeviceToken(let delay):
            state = now - since > grace ? .lost(error.description) : .waiting(until: now + delay)
        }
    }

    private static func isOldCredential(_ code: String?) -> Bool {
        ["AUTH_TOKEN_MISMATCH", "AUTH_DEVICE_TOKEN_MISMATCH", "AUTH_LINEAGE_CREDENTIAL"].contains(code)
    }

    private func receive() {
        guard let client else { return }
        do throws(ClientError) {
            client.flush()
            while let message = try client.nextMessage(timeout: .zero) {
                switch message {
                case .response(let id, let result):
                    acknowledge(id)
                    decide(id, result)
                case .event("run.cancel", let payload, _):
                    cancelReason = payload["reason"]?.string ?? "cancelled"
                case .event("tls.pin.next", let payload, _):
                    accept(payload)
                default: break
                }
            }
            if MonotonicInstant.now() >= nextHeartbeat {
                nextHeartbeat = .now() + heartbeatInterval
                try client.send("run.heartbeat", runParams([]))
            }
            try client.keepAlive(now: .now())
        } catch {
            failed(error)
        }
    }

    private func accept(_ announcement: JSON) {
        guard let pins = NextPins.accepted(announcement, knowing: options.trust) else { return }
        options.trust = .pins(pins)
        // The command's own connections fail without it, ours do not.
        try? AnnouncedPins.write(pins, stateDirectory: stateDirectory)
        onAnnouncedPins?()
    }

    private func acknowledge(_ id: String) {
        guard let seq = requestSeq.removeValue(forKey: id) else { return }
        unacknowledged.removeAll { $0.seq == seq }
    }

    // MARK: - Permissions

    func ask(_ request: PermissionRequest) {
        let title = request.title.isEmpty ? request.kind.rawValue : request.title
        var asked: [(String, JSON)] = [
            ("number", .integer(Int64(request.number))), ("kind", .string(request.kind.rawValue)),
            ("title", .string(String(decoding: title.utf8.prefix(4000), as: UTF8.self))),
            ("mayAllowAlways", .bool(request.mayAllowAlways)),
        ]
        if !request.toolCallID.isEmpty { asked.append(("toolCallId", .string(request.toolCallID))) }
        let params = runParams(asked)
        questions[request.number] = params
        guard let client else { return }
        do throws(ClientError) {
            questionIDs[try client.send("run.permission", params)] = request.number
        } catch {
            failed(error)
        }
    }

    private func decide(_ id: String, _ result: Result<JSON, GatewayErrorBody>) {
        guard let number = questionIDs.removeValue(forKey: id) else { return }
        questions[number] = nil
        // A gateway that refuses to ask has decided.
        let decision = (try? result.get())?["decision"]?.string.flatMap(PermissionDecision.init(rawValue:))
        decisions.append((number, decision ?? .reject))
    }

    /// What was decided since the last look.
    func takeDecisions() -> [(Int, PermissionDecision)] {
        defer { decisions = [] }
        return decisions
    }

    // MARK: - Output

    func send(output text: String, stream: String) {
        send("run.output", [("stream", .string(stream)), ("text", .string(text))])
    }

    /// What an agent tells of its work, besides its text.
    func send(event stream: String, _ data: JSON) {
        send("run.event", [("stream", .string(stream)), ("data", data)])
    }

    private func send(_ method: String, _ message: [(String, JSON)]) {
        let params = runParams([("seq", .integer(nextSeq))] + message)
        unacknowledged.append((nextSeq, method, params))
        let seq = nextSeq
        nextSeq += 1
        guard let client else { return }
        do throws(ClientError) {
            requestSeq[try client.send(method, params)] = seq
        } catch {
            failed(error)
        }
    }

    /// Hands in the result, as often as it takes within the grace: the gateway may be away, or its disk may refuse it.
    /// - Parameter givesUp: asked while that is so; whether to stop waiting.
    /// - Returns: whether the gateway has it.
    func complete(_ result: [(String, JSON)], unless givesUp: () -> Bool) -> Bool {
        let params = runParams(result)
        var patience = ReconnectPolicy(initialDelay: .milliseconds(500), maxDelay: .seconds(10))
        var refusedSince: MonotonicInstant?
        while true {
            switch state {
            case .lost: return false
            case .waiting(let until):
                if givesUp() { return false }
                let wait = until - .now()
                if wait > .zero { Pause.sleep(wait, interrupt: options.interrupt) }
                advance()
            case .connected:
                guard let client else { return false }
                do throws(ClientError) {
                    _ = try client.request("run.complete", params)
                    client.close()
                    return true
                } catch {
                    guard case .refused(let body, nil, _) = error, body.retryable == true else {
                        failed(error)
                        continue
                    }
                    let now = MonotonicInstant.now()
                    let since = refusedSince ?? now
                    refusedSince = since
                    guard now - since <= grace, case .retry(let delay) = patience.failed(error, using: &generator)
                    else { return false }
                    if !stay(connectedFor: delay, unless: givesUp) { return false }
                }
            }
        }
    }

    /// Waits without being taken for silent.
    /// - Returns: whether to go on.
    private func stay(connectedFor delay: Duration, unless givesUp: () -> Bool) -> Bool {
        let until = MonotonicInstant.now() + delay
        while true {
            if givesUp() { return false }
            let rest = until - .now()
            guard rest > .zero, case .connected = state else { return true }
            Pause.sleep(min(rest, .seconds(1)), interrupt: options.interrupt)
            advance()
        }
    }
}
