/// Where a connection comes from, as far as its transport tells: the socket's peer, and whom a PROXY header names.
package struct ConnectionSource: Equatable, Sendable {
    package enum Peer: Hashable, Sendable {
        case internet(IPAddress)
        /// The other end of a Unix socket, which has no address and is no network position.
        case unix
    }

    /// For whom a PROXY header says that the connection was relayed.
    package enum Relayed: Equatable, Sendable {
        /// For nobody: there was no header, or one for the proxy's own connection (`LOCAL`).
        case no
        case client(IPAddress)
        /// For somebody without an address: `UNKNOWN`, or a Unix socket of the proxy's.
        case unnamed
    }

    package let peer: Peer
    /// The peer's address is among the trusted proxies, or the listener is there for them.
    package let isTrustedProxy: Bool
    package private(set) var relayed = Relayed.no

    /// - Parameter isProxyListener: Whether all peers of the listener are proxies, because its owner says so.
    package init(peer: Peer, isProxyListener: Bool = false, trust: ProxyTrust) {
        self.peer = peer
        switch peer {
        case .internet(let address): isTrustedProxy = isProxyListener || trust.contains(address)
        case .unix: isTrustedProxy = isProxyListener
        }
    }

    /// Notes what a PROXY header says. The caller has made sure that the peer may send one.
    package mutating func take(_ header: ProxyHeader) {
        switch header.connection {
        case .local: relayed = .no
        case .internet(let source, _): relayed = .client(source.address)
        case .unknown, .unix: relayed = .unnamed
        }
    }

    /// - Parameter client: nil: a PROXY header that names nobody.
    package mutating func take(relayedFor client: IPAddress?) { relayed = client.map(Relayed.client) ?? .unnamed }

    /// Who has written the head may be asked about users: a trusted proxy, or `tailscale serve` on loopback. A relay that
    /// sends a PROXY header passes on what its client wrote.
    package var mayNameUsers: Bool {
        guard relayed == .no else { return false }
        if case .internet(let address) = peer, address.isLoopback { return true }
        return isTrustedProxy
    }

    /// Whose connection this is, before any request; `nil` while nobody knows, and for peers that stand for many clients.
    package func client(trust: ProxyTrust) -> IPAddress? {
        switch (relayed, peer) {
        case (.client(let address), _):
            address.isLoopback || address.isUnspecified || trust.contains(address) ? nil : address
        case (.no, .internet(let address)):
            address.isLoopback || isTrustedProxy ? nil : address
        case (.no, .unix), (.unnamed, _):
            nil
        }
    }

    /// Judges what a request on this connection says of its way.
    package func attribute(_ head: RequestHead, trust: ProxyTrust) -> RequestSource {
        let hasHeaders = ForwardedInfo.hasForwardingHeaders(head)
        let client: ClientAddress
        var believesHeaders = false
        switch (relayed, peer) {
        case (.client(let address), _) where trust.contains(address) && !address.isLoopback:
            // A proxy behind a proxy: the nearer one relays bytes, the farther one writes headers. Loopback is meant as
            // seen from the nearer one, whose local users are not ours.
            believesHeaders = true
            client = .named(in: head, trust: trust)
        case (.client(let address), _):
            client = address.isLoopback || address.isUnspecified ? .unknown : .forwarded(address)
        case (.unnamed, _):
            client = .unknown
        case (.no, _) where isTrustedProxy:
            believesHeaders = true
            client = .named(in: head, trust: trust)
        case (.no, .internet(let address)):
            client = .peer(address)
        case (.no, .unix):
            client = .unknown
        }
        let headers: RequestSource.Headers =
            switch (hasHeaders, believesHeaders) {
            case (false, _): .absent
            case (true, true): client == .unknown ? .unresolved : .believed
            // Proxies that send both a PROXY header and forwarding headers say the same twice.
            case (true, false): client != .unknown && client == .named(in: head, trust: trust) ? .repeated : .ignored
            }
        return RequestSource(client: client, headers: headers, isDirectLocal: isLoopback && !hasHeaders)
    }

    /// A loopback peer that is no proxy and speaks for itself.
    private var isLoopback: Bool {
        guard case .internet(let address) = peer, !isTrustedProxy, relayed == .no else { return false }
        return address.isLoopback
    }
}
