internal import Client
internal import EventLoop
internal import JSON
internal import TLS

/// A pool worker's line to the gateway. It comes back by itself for as long as the gateway may be away: what runs here
/// speaks for itself meanwhile.
final class PoolConnection {
    enum State {
        case connected
        case waiting(until: MonotonicInstant)
        /// The gateway will not have us.
        case refused(ClientError)
    }

    enum Order {
        case run(PoolOrder)
        case stop(runID: String, reason: String)
        case drain(Bool)
    }

    private let settings: PoolSettings
    private var options: ConnectOptions
    private var client: GatewayClient?
    private var policy = ReconnectPolicy(initialDelay: .milliseconds(200), maxDelay: .seconds(10))
    private var generator = SystemRandomNumberGenerator()
    private var nextHeartbeat = MonotonicInstant.now()
    private var heartbeatInterval = Duration.seconds(10)
    private(set) var state: State = .waiting(until: .now())
    private(set) var gatewayID = ""
    /// Told once for each time that it changes.
    private(set) var notices: [String] = []

    init(_ settings: PoolSettings) {
        self.settings = settings
        options = settings.options
    }

    var descriptor: Int32? { client?.descriptor }
    var wantsWrite: Bool { client?.wantsWrite ?? false }
    var hasBufferedInput: Bool { client?.hasBufferedInput ?? false }
    /// What the children of this worker prove their lineage with.
    var deviceToken: String? { options.deviceToken }
    var trust: ClientTLSContext.Trust { options.trust }
    var isConnected: Bool { client != nil }

    func takeNotices() -> [String] {
        defer { notices = [] }
        return notices
    }

    /// Goes on with whatever is due.
    ///
    /// - Parameter present: the runs that are here, and whether more may come.
    func advance(present: () -> (runs: [String], isDraining: Bool)) -> [Order] {
        switch state {
        case .refused: return []
        case .waiting(let until):
            guard MonotonicInstant.now() >= until else { return [] }
            return dial(present())
        case .connected: return receive()
        }
    }

    private func dial(_ present: (runs: [String], isDraining: Bool)) -> [Order] {
        do throws(ClientError) {
            let client = try GatewayClient.connect(options)
            if let token = client.issuedDeviceToken {
                options.deviceToken = token
                settings.keepToken(token, client.grantedScopes)
            }
            let answer = try client.request(
                "worker.attach",
                .object(
                    JSONObject([
                        ("pool", .string(settings.pool)), ("capacity", .integer(Int64(settings.capacity))),
                        ("name", .string(settings.name)), ("version", .string(settings.version)),
                        ("draining", .bool(present.isDraining)),
                        ("runs", .array(present.runs.map { .string($0) })),
                    ])), interrupt: options.interrupt)
            self.client = client
            state = .connected
            policy.connected()
            gatewayID = answer["gatewayId"]?.string ?? ""
            heartbeatInterval = .milliseconds(max(200, answer["heartbeatMs"]?.integer ?? 10_000))
            nextHeartbeat = .now() + heartbeatInterval
            notices.append("attached to pool \(settings.pool) at \(options.url), capacity \(settings.capacity)")
            return (answer["stop"]?.array ?? []).compactMap(\.string).map {
                .stop(runID: $0, reason: "it is over, or somewhere else")
            }
        } catch {
            failed(error)
            return []
        }
    }

    private func receive() -> [Order] {
        guard let client else { return [] }
        var orders: [Order] = []
        do throws(ClientError) {
            client.flush()
            while let message = try client.nextMessage(timeout: .zero) {
                switch message {
                case .event("worker.run", let payload, _):
                    if let order = PoolOrder(payload) { orders.append(.run(order)) }
                case .event("worker.stop", let payload, _):
                    guard let runID = payload["runId"]?.string else { continue }
                    orders.append(.stop(runID: runID, reason: payload["reason"]?.string ?? "the gateway said so"))
                case .event("worker.drain", let payload, _):
                    orders.append(.drain(payload["draining"]?.bool ?? true))
                case .event("tls.pin.next", let payload, _):
                    if let pins = NextPins.accepted(payload, knowing: options.trust) { options.trust = .pins(pins) }
                default: break
                }
            }
            if MonotonicInstant.now() >= nextHeartbeat {
                nextHeartbeat = .now() + heartbeatInterval
                try client.send("worker.heartbeat", [:])
            }
            try client.keepAlive(now: .now())
        } catch {
            failed(error)
        }
        return orders
    }

    /// The process of a run is gone. Not repeated: when we come back, the gateway is told what is here.
    func report(_ runID: String, attempt: Int, how: String) {
        send(
            "worker.report", [("runId", .string(runID)), ("attempt", .integer(Int64(attempt))), ("how", .string(how))])
    }

    func tellDraining(_ isDraining: Bool) { send("worker.drain", [("draining", .bool(isDraining))]) }

    private func send(_ method: String, _ params: [(String, JSON)]) {
        guard let client else { return }
        do throws(ClientError) {
            try client.send(method, .object(JSONObject(params)))
        } catch {
            failed(error)
        }
    }

    func close() { client?.close() }

    private func failed(_ error: ClientError) {
        let wasConnected = client != nil
        client = nil
        let now = MonotonicInstant.now()
        if case .interrupted = error {
            state = .waiting(until: now + .milliseconds(200))
            return
        }
        // Who was removed since may have been given another enrolment token.
        if case .refused(let body, _, _) = error, options.deviceToken != nil, options.bootstrapToken != nil,
            ["AUTH_DEVICE_TOKEN_MISMATCH", "AUTH_TOKEN_MISMATCH", "AUTH_SCOPE_MISMATCH"].contains(body.detailsCode)
                || error.pairingRequestID != nil
        {
            options.deviceToken = nil
            state = .waiting(until: now)
            return
        }
        // Removed or revoked; or the pool is not ours.
        if case .closed(4001, _) = error { return state = .refused(error) }
        if case .refused(let body, nil, _) = error, body.retryable != true { return state = .refused(error) }
        switch policy.failed(error, using: &generator) {
        case .stop: state = .refused(error)
        case .retry(let delay), .retryWithDeviceToken(let delay):
            if wasConnected { notices.append("lost the gateway: \(error); dialling again") }
            state = .waiting(until: now + delay)
        }
    }
}
