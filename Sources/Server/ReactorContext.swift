internal import CLinux
internal import EventLoop
internal import Gateway
internal import Glibc
internal import TLS
internal import Trust
internal import Wire

/// All that belongs to one reactor: its connections, its TLS context and its scratch memory. Used on its thread only.
final class ReactorContext {
    static let readCapacity = 256 * 1024
    private static let maxSpareBuffers = 64
    private static let maxSpareCapacity = 256 * 1024
    private static let maxSpareDeliveries = 256
    /// Accepted per wake-up, so that one reactor does not take all of a burst while others sleep.
    private static let maxAccepts = 16
    private static let acceptPause = Duration.milliseconds(100)

    let index: Int
    let reactor: Reactor
    let host: CoreHost
    /// Another after the configuration has changed.
    var facts: ListenerFacts
    let metrics: ReactorMetrics
    /// For connections to come; replaced when the certificate is.
    var tls: ServerTLSContext?
    let scratch = ScratchBuffer(capacity: ReactorContext.readCapacity)
    /// Where a response is put together before its frame is written.
    var message: [UInt8] = []
    private var connections: [UInt64: Connection] = [:]
    private var nextSerial: UInt64 = 1
    private var spareBuffers: [[UInt8]] = []
    /// By bits of the window; made when first needed.
    private var compressors: [Int: SharedCompressor] = [:]
    private let listeners: [BoundListener]
    private var registrations: [Registration] = []
    private var isStopping = false
    /// What others have for our connections.
    let inbox = Inbox()
    private var spareDeliveries: [Delivery] = []
    private var isDelivering = false
    private var idleMemory = IdleMemory()

    init(
        index: Int, reactor: Reactor, host: CoreHost, facts: ListenerFacts, tls: ServerTLSContext?,
        listeners: [BoundListener]
    ) {
        self.index = index
        self.reactor = reactor
        self.host = host
        self.facts = facts
        metrics = host.metrics.reactors[index]
        self.tls = tls
        self.listeners = listeners
        message.reserveCapacity(16 * 1024)
    }

    func start() throws(EventLoopError) {
        try startAccepting()
        sweep()
    }

    private func startAccepting() throws(EventLoopError) {
        for listener in listeners {
            registrations.append(
                try reactor.register(
                    listener.socket.descriptor.raw, for: [.read, .exclusive],
                    handler: ListenerHandler(listener, in: self)))
        }
    }

    private func stopAccepting() {
        for registration in registrations { reactor.deregister(registration) }
        registrations = []
    }

    /// No descriptor or no memory is left: what waits in the backlog goes on waiting for a moment, instead of keeping us
    /// awake.
    private func pauseAccepting(because error: EventLoopError) {
        host.refusals.note(
            Refusal(.accept, "Connections cannot be accepted (\(error.description))."),
            "waiting", subsystem: "gateway", peer: "any", client: "any", now: reactor.now)
        stopAccepting()
        _ = reactor.schedule(after: Self.acceptPause) { [self] _ in
            guard !isStopping, registrations.isEmpty else { return }
            do throws(EventLoopError) {
                try startAccepting()
            } catch {
                pauseAccepting(because: error)
            }
        }
    }

    /// Looks at every connection's ping deadline once a second: cheaper than a timer for each.
    private func sweep() {
        for connection in connections.values { connection.checkLiveness(now: reactor.now) }
        takeStock()
        if idleMemory.isDue(connections: connections.count) { sallyport_give_back_memory() }
        if index == 0 { host.refusals.flush(now: reactor.now) }
        _ = reactor.schedule(after: .seconds(1)) { [self] _ in sweep() }
    }

    /// What the connections are at, for the figures. The sweep has just touched them all.
    private func takeStock() {
        var states = [Int64](repeating: 0, count: ReactorMetrics.State.allCases.count)
        var (unsent, underWay, paused): (Int64, Int64, Int64) = (0, 0, 0)
        for connection in connections.values {
            states[connection.phase.state.rawValue] += 1
            unsent += Int64(connection.unsentBytes)
            underWay += Int64(connection.underWay.count)
            if connection.isHoldingBack { paused += 1 }
        }
        for state in ReactorMetrics.State.allCases { metrics.set(state, states[state.rawValue]) }
        metrics.set(.unsentBytes, unsent)
        metrics.set(.requestsUnderWay, underWay)
        metrics.set(.pausedConnections, paused)
    }

    // MARK: - Accepting

    fileprivate func accept(from listener: BoundListener) {
        for _ in 0..<Self.maxAccepts {
            do throws(EventLoopError) {
                guard let socket = try Sockets.accept(listener.socket.descriptor) else { return }
                try open(socket, listener.traits)
            } catch {
                pauseAccepting(because: error)
                return
            }
        }
    }

    private func open(_ socket: consuming AcceptedSocket, _ traits: ListenerTraits) throws(EventLoopError) {
        metrics.count(.accepted)
        let peer = socket.peer
        let descriptor = socket.takeDescriptor()
        let arrival = Arrival(
            listener: traits, socket: peer,
            credentials: traits.kind == .network ? nil : try? Sockets.peerCredentials(of: descriptor),
            trust: facts.trust)
        guard let share = host.connectionOpened(isLocal: peer.isLocal, on: self) else {
            host.refusals.note(
                .noRoom(limit: host.connectionLimit), "closed", subsystem: "gateway", peer: "\(arrival)",
                client: arrival.clientText, now: reactor.now)
            return
        }
        if traits.kind == .network { try? Sockets.disableDelay(descriptor) }
        let serial = nextSerial
        nextSerial += 1
        let session: TLSConnection?
        do throws(TLSError) {
            session =
                if traits.isTLS, let tls {
                    try TLSConnection(
                        accepting: tls, descriptor: descriptor.raw,
                        // Who is behind a PROXY header is never on this host.
                        requiresClientCertificate: facts.requiresClientCertificate
                            && (traits.requiresProxyHeader || !isOnThisHost(peer, descriptor)))
                } else { nil }
        } catch {
            host.logger.log(.error, "gateway", "cannot start TLS: \(error)")
            host.connectionEnded(share)
            return
        }
        let connection = Connection(
            id: ConnectionID(reactor: index, serial: serial), context: self, descriptor: descriptor,
            arrival: arrival, tls: session, share: share)
        connections[serial] = connection
        do throws(EventLoopError) {
            try connection.start()
        } catch {
            forget(serial)
            throw error
        }
    }

    /// Children of the gateway dial loopback, or an address of its own when the owner has named one, and have no
    /// certificate. An address of ours cannot be borrowed: the answer would not reach the one who sent it.
    private func isOnThisHost(_ peer: SocketAddress, _ socket: borrowing FileDescriptor) -> Bool {
        peer.isLoopback || peer.bytes == (try? Sockets.localAddress(of: socket))?.bytes
    }

    func forget(_ serial: UInt64) {
        if let connection = connections.removeValue(forKey: serial) { host.connectionEnded(connection.share) }
    }

    /// No new connections. Those that the core does not know end here; the others as it says.
    func stopListening() {
        isStopping = true
        stopAccepting()
        if index == 0 { host.refusals.end() }
        for connection in Array(connections.values) where !connection.isKnownToCore {
            connection.close(.serviceRestart)
        }
    }

    /// Closes everything that is still open, without ceremony.
    func closeAll() {
        for connection in connections.values { connection.drop() }
    }

    var connectionCount: Int { connections.count }

    // MARK: - Delivering

    /// Delivers what waits. What comes of that is delivered after it, not in its midst.
    func deliverAll() {
        guard !isDelivering else { return }
        isDelivering = true
        defer { isDelivering = false }
        while true {
            var waiting: [Delivery] = []
            swap(&waiting, &spareDeliveries)
            inbox.take(into: &waiting)
            let isEmpty = waiting.isEmpty
            for delivery in waiting { deliver(delivery) }
            waiting.removeAll(keepingCapacity: waiting.capacity <= Self.maxSpareDeliveries)
            swap(&waiting, &spareDeliveries)
            if isEmpty { return }
        }
    }

    private func deliver(_ delivery: Delivery) {
        switch delivery {
        case .frame(let serial, let frame):
            connections[serial]?.answer(frame)
        case .event(let event, let serials, let isNumbered):
            var frame = EventFrame(event)
            for serial in serials {
                guard let connection = connections[serial] else { continue }
                connection.send(&frame, isNumbered: isNumbered)
                if connection.unsentBytes > 0 { connection.flush() }
            }
        case .open(let serial, let opened):
            connections[serial]?.open(opened)
        case .close(let serial, let close):
            connections[serial]?.close(close)
        case .evict(let serial):
            connections[serial]?.evict()
        }
    }

    // MARK: - Compression

    /// For connections to which we send with a window of so many bits.
    func compressor(windowBits: Int) -> SharedCompressor {
        if let known = compressors[windowBits] { return known }
        let compressor = SharedCompressor(windowBits: windowBits)
        compressors[windowBits] = compressor
        return compressor
    }

    // MARK: - Buffers

    func takeBuffer() -> [UInt8] {
        spareBuffers.popLast() ?? []
    }

    func giveBack(_ buffer: consuming [UInt8]) {
        guard spareBuffers.count < Self.maxSpareBuffers, buffer.capacity <= Self.maxSpareCapacity, buffer.capacity > 0
        else { return }
        buffer.removeAll(keepingCapacity: true)
        spareBuffers.append(buffer)
    }
}

/// Takes the connections that come to one listener.
private final class ListenerHandler: EventHandler {
    private let listener: BoundListener
    private unowned let context: ReactorContext

    init(_ listener: BoundListener, in context: ReactorContext) {
        self.listener = listener
        self.context = context
    }

    func ready(_ events: Readiness, in reactor: Reactor) {
        context.accept(from: listener)
    }
}

/// A listening socket that several reactors share.
final class FileDescriptorBox: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }
}

/// Something for a connection of one reactor.
enum Delivery: Sendable {
    case frame(UInt64, [UInt8])
    case event(OutboundEvent, [UInt64], isNumbered: Bool)
    case open(UInt64, Opened)
    case close(UInt64, GatewayClose)
    case evict(UInt64)
}
