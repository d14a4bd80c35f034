internal import EventLoop
internal import Gateway
internal import Glibc
internal import HTTP
internal import Synchronization
internal import TLS
internal import Trust
internal import WebSocket
internal import Wire

/// One accepted socket, from its first byte to its last. Belongs to its reactor's thread.
final class Connection: EventHandler {
    enum Phase {
        /// A PROXY header has to come before everything else.
        case proxyHeader
        case tlsHandshake
        case http
        /// A request by HTTP is with the core, or its body is on its way.
        case serving
        /// The plain echo of `--echo-path`.
        case echo
        /// The challenge was sent.
        case awaitingConnect
        /// `connect` is with the core, or waits for a commit.
        case deciding
        case open
        /// Nothing more is read but the peer's Close frame.
        case closing
        /// Our last word is said, or on its way: what still comes is thrown away.
        case lingering
        case closed
    }

    /// What matters only until a connection is admitted, and is not kept longer.
    final class Arriving {
        /// As much of a PROXY header as has come.
        var proxyHeader: [UInt8] = []
        var parser = RequestHeadParser()
        /// Of the request that became a WebSocket.
        var head: RequestHead?
        /// Of the challenge.
        var nonce = ""
        var request: APIRequest?
        var tailscale = TailscaleWhois.notAsked
    }

    /// Most a socket may bring before others get their turn.
    private static let maxReadsPerTurn = 16
    static let preauthMaxBytes = 65_536
    private static let overBudgetTimeout = Duration.seconds(3)

    let id: ConnectionID
    let context: ReactorContext
    // What every message touches stands together: a connection that was idle is in nobody's cache.
    var phase: Phase
    var closeHandshake = CloseHandshake(endpoint: .server)
    var interest: Interest = .read
    var closesWhenSent = false
    /// What has been read is not processed any further until there is room for what comes of it.
    var isHoldingBack = false
    /// Of an admitted connection.
    var rights = CallerRights.none
    var tls: TLSConnection?
    var outbound: [UInt8] = []
    var sent = 0
    /// `seq` of the last event that this connection was entitled to.
    var lastSeq: UInt64 = 0
    /// Present when permessage-deflate was agreed.
    var compressor: SharedCompressor?
    var underWay = RequestsUnderWay()
    var liveness = Liveness()
    let descriptor: FileDescriptor
    var registration: Registration?
    /// At most a request head, the beginning of a frame, or what came behind `connect` before it was decided.
    var leftover: [UInt8] = []
    private var mustProcessLeftover = false
    var decoder = MessageDecoder(endpoint: .server, maxMessageBytes: Connection.preauthMaxBytes)
    var unauthorizedCalls = 0
    /// Also what logs say of the peer.
    var peer: Arrival
    /// Nil once the connection is admitted, or needs no admission.
    var arriving: Arriving? = Arriving()
    private var handshakeTimer: TimerToken?
    /// Of the close handshake, of an HTTP answer that its reader does not take, or of lingering.
    var closeTimer: TimerToken?
    private(set) var startedAt = MonotonicInstant(nanoseconds: 0)
    var requestCount = 0
    /// Its client's budget counts it, for nobody has admitted it yet.
    private(set) var hasPlace = false
    private var placeHolder: IPAddress?
    /// Its client has too many connections that nobody has admitted; the request gets a 503.
    var isOverBudget = false
    /// As what the budget for all connections counts it.
    var share: ConnectionBudget.Share
    /// Whom a trusted proxy named.
    var client: IPAddress?
    var hasFailedTLS = false

    init(
        id: ConnectionID, context: ReactorContext, descriptor: consuming FileDescriptor, arrival: Arrival,
        tls: TLSConnection?, share: ConnectionBudget.Share
    ) {
        self.id = id
        self.context = context
        self.descriptor = descriptor
        peer = arrival
        self.tls = tls
        self.share = share
        phase = arrival.listener.requiresProxyHeader ? .proxyHeader : Self.firstPhase(tls)
    }

    static func firstPhase(_ tls: TLSConnection?) -> Phase {
        tls == nil ? .http : .tlsHandshake
    }

    func start() throws(EventLoopError) {
        registration = try context.reactor.register(descriptor.raw, for: interest, handler: self)
        startedAt = context.reactor.now
        guard share != .surplus else {
            takeOverBudget()
            return
        }
        // One deadline for TLS, HTTP and connect together.
        armHandshakeTimer(context.facts.handshakeTimeout)
        claimPlaceOfSource()
    }

    var isClosed: Bool { phase == .closed }
    var head: RequestHead? { arriving?.head }

    private func handshakeTimedOut() {
        handshakeTimer = nil
        switch phase {
        case .proxyHeader:
            if !isOverBudget { noteStalledProxyHeader() }
            drop()
        case .tlsHandshake:
            note(isOverBudget ? overBudget : .deadline(context.facts.handshakeTimeout), "closed", subsystem: "tls")
            drop()
        case .http:
            if isOverBudget {
                refuseOverBudget()
            } else if leftover.isEmpty {
                // It asked for nothing, or for nothing more: a clean end.
                peerGone()
                return
            } else {
                refuse(.headTimeout)
            }
            flush()
        case .serving:
            leave()
            refuse(.bodyTimeout)
            flush()
        case .awaitingConnect, .deciding:
            note(
                .deadline(context.facts.handshakeTimeout), "code=\(GatewayClose.handshakeTimeout.code)",
                subsystem: "ws")
            close(.handshakeTimeout)
        case .echo, .open, .closing, .lingering, .closed: break
        }
    }

    func armHandshakeTimer(_ timeout: Duration) {
        if let handshakeTimer { context.reactor.cancel(handshakeTimer) }
        handshakeTimer = context.reactor.schedule(after: timeout) { [self] _ in handshakeTimedOut() }
    }

    private func cancelCloseTimer() {
        if let closeTimer { context.reactor.cancel(closeTimer) }
        closeTimer = nil
    }

    func cancelHandshakeTimer() {
        if let handshakeTimer { context.reactor.cancel(handshakeTimer) }
        handshakeTimer = nil
    }

    /// The connection is admitted, needs no admission, or is gone: neither its deadline nor its place is needed.
    func endHandshake() {
        cancelHandshakeTimer()
        if hasPlace || isOverBudget { context.host.preauth.withLock { $0.leave(id) } }
        hasPlace = false
    }

    /// Takes one of the client's places for connections that nobody has admitted yet. On one connection a proxy may ask
    /// for several clients, one after the other.
    ///
    /// - Returns: false when it is not even worth a wait for its request.
    @discardableResult
    func claimPlace(for client: IPAddress) -> Bool {
        if hasPlace {
            guard client != placeHolder else { return true }
            context.host.preauth.withLock { $0.leave(id) }
            hasPlace = false
        }
        placeHolder = client
        switch context.host.preauth.withLock({ $0.enter(id, client: client, now: context.reactor.now) }) {
        case .admitted: hasPlace = true
        case .admittedEvicting(let silent):
            hasPlace = true
            context.host.evict(silent, on: context)
        case .full: takeOverBudget()
        case .refused:
            takeOverBudget()
            return false
        }
        return true
    }

    /// There is no place for it. It is told so, if it asks soon.
    func takeOverBudget() {
        isOverBudget = true
        armHandshakeTimer(Self.overBudgetTimeout)
    }

    // MARK: - Events of the socket

    func ready(_ events: Readiness, in reactor: Reactor) {
        if phase == .proxyHeader, !readProxyHeader() { return }
        if phase == .tlsHandshake {
            if refusesUnexpectedProxyHeader() { return }
            handshake()
            guard !isClosed, tls?.hasPendingBytes == true else { return }
        } else if events.contains(.writable) {
            flush()
        }
        guard !isClosed else { return }
        // Reported whether we ask or not, for as long as it is so: nothing that we write can arrive any more.
        if !interest.contains(.read), events.contains(.hangup) || events.contains(.error) {
            peerGone()
            return
        }
        if events.contains(.readable) || events.contains(.hangup) || events.contains(.error)
            || tls?.hasPendingBytes == true
        {
            read()
        }
    }

    private func handshake() {
        guard let tls else { return }
        do throws(TLSError) {
            switch try tls.handshake() {
            case .complete:
                context.metrics.count(.tlsHandshakes)
                phase = .http
                setInterest(.read)
            case .wantsRead: setInterest(.read)
            case .wantsWrite: setInterest([.read, .write])
            }
        } catch {
            handshakeFailed(error)
        }
    }

    private func read() {
        let scratch = context.scratch
        for turn in 0... {
            guard !isClosed, interest.contains(.read) else { return }
            guard turn < Self.maxReadsPerTurn else {
                // More may wait inside OpenSSL, of which the socket's readiness will not tell.
                resumeLater()
                return
            }
            let kept = leftover.count
            scratch.copyIn(leftover)
            let received = receive(at: kept)
            guard received.count > 0 || mustProcessLeftover else {
                if received.isEnded { inputEnded() }
                return
            }
            mustProcessLeftover = false
            if hasPlace, received.count > 0 { context.host.preauth.withLock { $0.heard(id, now: context.reactor.now) } }
            let total = kept + received.count
            let consumed = scratch.withSpan(0..<total) { span in process(&span) }
            guard !isClosed else { return }
            keep(consumed..<total)
            flush()
            guard !isClosed else { return }
            if received.isEnded {
                inputEnded()
                return
            }
            guard tls?.hasPendingBytes == true || received.filledBuffer else { return }
        }
    }

    private func keep(_ rest: Range<Int>) {
        if rest.isEmpty {
            if !leftover.isEmpty { leftover = [] }
        } else {
            leftover = context.scratch.copyOut(rest)
        }
    }

    func resumeLater() {
        context.reactor.afterBatch { [self] _ in
            if !isClosed { read() }
        }
    }

    /// Stops to process what has been read, and to read.
    private func holdBack() {
        isHoldingBack = true
        updateInterest()
    }

    /// Goes on with what was held back: there is room again, or `connect` is decided.
    func resumeProcessing() {
        isHoldingBack = false
        mustProcessLeftover = !leftover.isEmpty
        // Output may still wait, too.
        updateInterest()
        if mustProcessLeftover { resumeLater() }
    }

    /// - Returns: how many bytes were used up.
    private func process(_ bytes: inout MutableSpan<UInt8>) -> Int {
        var offset = 0
        while offset < bytes.count {
            if unsentBytes >= Self.pauseBytes { flush() }
            guard mayTakeMore else {
                holdBack()
                return offset
            }
            switch phase {
            case .http:
                guard let used = processHead(bytes.span.extracting(offset..<bytes.count)) else { return offset }
                offset += used
            case .serving: offset += processBody(bytes.span.extracting(offset..<bytes.count))
            case .deciding:
                // What came behind `connect` waits for the decision, and no more is read meanwhile.
                setInterest([])
                return offset
            case .echo, .awaitingConnect, .open, .closing:
                guard processFrame(&bytes, &offset) else { return offset }
            case .proxyHeader, .tlsHandshake, .lingering, .closed:
                return bytes.count
            }
        }
        return offset
    }

    /// Nothing more will come.
    private func inputEnded() {
        if hasFailedTLS {
            closeHandshake.transportClosed()
            // OpenSSL has sent an alert that says why.
            linger()
        } else if case .http = phase, !leftover.isEmpty {
            refuse(.incompleteHead)
            flush()
        } else {
            peerGone()
        }
    }

    func peerGone() {
        closeHandshake.transportClosed()
        tls?.shutdown()
        drop()
    }

    // MARK: - Ends

    /// Starts the close handshake; what was queued before goes out first.
    func close(_ close: GatewayClose) {
        switch phase {
        case .proxyHeader, .tlsHandshake, .http:
            drop()
            return
        case .serving:
            answerByHTTP(
                Frames.failure(id: Array(#""http""#.utf8), GatewayError(.unavailable, .gatewayClosing, close.reason)))
            return
        case .closing, .lingering, .closed: return
        case .echo, .awaitingConnect, .deciding, .open: break
        }
        leave()
        phase = .closing
        if let action = closeHandshake.start(code: CloseCode(rawValue: close.code), reason: close.reason) {
            perform(action)
        }
        flush()
    }

    func perform(_ action: CloseHandshake.Action) {
        switch action {
        case .sendClose(let code, let reason):
            leave()
            phase = .closing
            if outbound.isEmpty, outbound.capacity == 0 { outbound = context.takeBuffer() }
            FrameEncoder.appendClose(to: &outbound, code: code, reason: reason)
            armCloseTimer(Self.closeTimeout)
        case .closeTransport:
            if closeHandshake.wasClean {
                tls?.shutdown()
                drop()
            } else {
                linger()
            }
        case .awaitTransportClose:
            break
        }
    }

    /// Its `connect` has reached the core.
    var isKnownToCore: Bool {
        switch phase {
        case .open, .deciding, .serving: true
        case .proxyHeader, .tlsHandshake, .http, .echo, .awaitingConnect, .closing, .lingering, .closed: false
        }
    }

    /// Tells the core, once, that an admitted connection takes no part any more. Until it is gone it keeps its place, if
    /// nobody has admitted it.
    func leave() {
        switch phase {
        case .open, .deciding, .serving:
            let id = id
            context.host.run(on: context) { core, nowMs in core.connectionClosed(id, nowMs: nowMs) }
        default: break
        }
        cancelHandshakeTimer()
        // Nobody hears the answers.
        underWay = RequestsUnderWay()
    }

    /// Closes the socket now.
    func drop() {
        guard !isClosed else { return }
        leave()
        endHandshake()
        phase = .closed
        cancelCloseTimer()
        arriving = nil
        if let registration { context.reactor.deregister(registration) }
        registration = nil
        tls = nil
        Sockets.shutdownSending(descriptor)
        context.forget(id.serial)
    }
}
