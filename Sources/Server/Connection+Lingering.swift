internal import EventLoop
internal import Gateway
internal import HTTP
internal import TLS
internal import Wire

/// The last seconds of a connection that we end.
extension Connection {
    static let closeTimeout = Duration.seconds(5)
    static let lingerTimeout = Duration.seconds(2)

    /// Answers with a plain HTTP response and closes when it is out. The caller flushes.
    func finish(_ response: [UInt8]) {
        queue(response.span)
        closesWhenSent = true
        phase = .lingering
        cancelHandshakeTimer()
        armCloseTimer(Self.closeTimeout)
    }

    /// Ends our side, and throws away what the peer still sends until it closes too.
    ///
    /// Closing at once would be a reset while bytes of the peer are unread, and a reset takes from it what it has not read
    /// yet: the answer, the alert or the Close frame that says why.
    func linger() {
        guard !isClosed else { return }
        leave()
        phase = .lingering
        if outbound.capacity > 0 { context.giveBack(outbound) }
        outbound = []
        sent = 0
        leftover = []
        isHoldingBack = false
        tls?.shutdown()
        // What follows is not worth decrypting.
        tls = nil
        Sockets.shutdownSending(descriptor)
        armCloseTimer(Self.lingerTimeout)
        updateInterest()
    }

    func armCloseTimer(_ timeout: Duration) {
        if let closeTimer { context.reactor.cancel(closeTimer) }
        closeTimer = context.reactor.schedule(after: timeout) { [self] _ in
            closeTimer = nil
            drop()
        }
    }

    func handshakeFailed(_ error: TLSError) {
        switch error {
        case .closedDuringHandshake, .connectionLost:
            drop()
            return
        case .peerIsPlainHTTP: answerInClear()
        default:
            if let refusal = HandshakeRefusal.refusal(error) { note(refusal, "closed", subsystem: "tls") }
        }
        linger()
    }

    /// Plain HTTP on the TLS port: the answer has to be plain as well.
    private func answerInClear() {
        if let refusal = HandshakeRefusal.refusal(.peerIsPlainHTTP) { note(refusal, "status=400", subsystem: "tls") }
        let text = "This port speaks TLS: use https:// or wss:// instead of http:// or ws://.\n"
        let bytes = Response(status: 400, text: text).serialized(persistence: .close)
        _ = Sockets.send(descriptor, bytes.span)
    }

    /// It has lost its place to a newer connection of the same client, or to anybody's while the gateway is full.
    func evict() {
        guard hasPlace else { return }
        switch phase {
        // It may have a place no more, but an answer is under way.
        case .deciding: break
        case .http where !leftover.isEmpty:
            refuseOverBudget()
            flush()
        case .awaitingConnect:
            note(overBudget, "code=1013", subsystem: "ws")
            close(.tooManyUnauthenticated)
        default:
            note(overBudget, "closed", subsystem: "gateway")
            drop()
        }
    }

    // MARK: - What is said of it

    var overBudget: Refusal {
        share == .surplus
            ? .noRoom(limit: context.host.connectionLimit) : .preauthFull(limit: context.host.preauthLimit)
    }

    /// Logs what is wrong between us and a proxy, unless the same was logged of this peer a moment ago.
    func noteProxy(_ rule: RefusalRule, _ message: String) {
        context.host.refusals.note(
            LogLine(.warn, "proxy", message, kind: LogLine.Kind(rule: rule.rawValue, client: peer.clientText)),
            now: context.reactor.now)
    }

    /// Logs what the peer did wrong, unless the same was logged of it a moment ago.
    func note(_ refusal: Refusal, _ outcome: String, subsystem: String) {
        context.host.refusals.note(
            refusal, outcome, subsystem: subsystem, peer: client.map { "\(peer) client=\($0)" } ?? "\(peer)",
            client: client?.subscriber.description ?? peer.clientText, now: context.reactor.now)
    }
}
