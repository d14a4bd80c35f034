internal import EventLoop
internal import Glibc
internal import HTTP

/// How a connection came in: through which listener, and from whom.
struct Arrival {
    let listener: ListenerTraits
    /// The other end of the socket.
    let socket: SocketAddress
    /// Of a Unix socket's other end.
    let credentials: PeerCredentials?
    var source: ConnectionSource
    /// Whom a PROXY header names.
    private(set) var relayedFor: ProxyHeader.Endpoint?
    /// Its first bytes have been looked at.
    var hasBegun = false

    init(listener: ListenerTraits, socket: SocketAddress, credentials: PeerCredentials?, trust: ProxyTrust) {
        self.listener = listener
        self.socket = socket
        self.credentials = credentials
        source = ConnectionSource(
            peer: IPAddress(octets: socket.bytes.span).map(ConnectionSource.Peer.internet) ?? .unix,
            isProxyListener: listener.kind == .proxySocket, trust: trust)
    }

    /// The same user at the other end of the owner's socket, as the kernel says.
    var isOwner: Bool { listener.kind == .ownerSocket && credentials?.userID == geteuid() }

    /// Whoever has an address of ours is on this host: the answer would not reach anybody else.
    /// - Returns: nil when our addresses are not known.
    func isFromThisHost(_ descriptor: borrowing FileDescriptor, _ host: HostAddresses) -> Bool? {
        guard let address else { return false }
        // The one that it has connected to may be newer than what we know.
        if socket.isLoopback || socket.bytes == (try? Sockets.localAddress(of: descriptor))?.bytes { return true }
        return host.contains(address)
    }

    /// A PROXY header may come from this peer, and has to.
    var mayBringHeader: Bool { listener.requiresProxyHeader && source.isTrustedProxy }

    mutating func take(_ header: ProxyHeader) {
        source.take(header)
        if case .internet(let client, _) = header.connection { relayedFor = client }
    }

    /// What the owner would have to name to trust the peer; nil for a Unix socket.
    var address: IPAddress? {
        if case .internet(let address) = source.peer { address } else { nil }
    }

    /// Of whom a notice is about: the client that a PROXY header names, else the peer.
    var namedAddress: IPAddress? { relayedFor?.address ?? address }

    /// Whose it is, without the port, as refusals are counted.
    var clientText: String { namedAddress?.subscriber.description ?? "unix" }

    /// Peer, and client where one is known, without ports.
    func text(client: ClientAddress) -> String {
        let peer = socket.path == nil ? socket.hostText : "unix"
        guard case .forwarded(let address) = client else { return peer }
        return "\(address) via \(peer)"
    }
}

extension Arrival: CustomStringConvertible {
    /// `127.0.0.1:40312`, `198.51.100.7:4711 via 10.0.0.2:33010`, `unix(uid 33, pid 812)`.
    var description: String {
        let peer = credentials.map { "unix(uid \($0.userID), pid \($0.processID))" } ?? socket.description
        guard let client = relayedFor else { return peer }
        let text = client.address.isV4 ? "\(client.address)" : "[\(client.address)]"
        return "\(text):\(client.port) via \(peer)"
    }
}
