/// What the listener knows of a connection. Position only: none of it is proof of anything.
package struct TransportFacts: Equatable, Sendable {
    /// Loopback peer, no forwarding header, no proxy in between (wire protocol, "Locality"). `Host` plays no part.
    package var isDirectLocal: Bool
    package var hasForwardingHeaders: Bool
    package var peerIsTrustedProxy: Bool
    package var peerIsLoopback: Bool
    /// The peer's address is one of this host's own; nil when those could not be read.
    package var peerIsThisHost: Bool?
    /// Fields that ``ProxyIdentityPolicy/headersOfInterest`` names, by their names in lower case.
    package var headers: [String: String]
    package var tailscale: TailscaleWhois
    /// Same uid on the owner's Unix socket.
    package var isOwnerSocket: Bool
    package var isTLS: Bool
    /// Text of the socket's peer, without port.
    package var peer: String
    /// The client's address after attribution; nil when it is not known.
    package var clientAddress: String?
    /// Under which address its wrong credentials are counted: that of the client, for IPv6 its /64 network.
    package var clientNetwork: String?
    /// The `Origin` header as sent; nil when absent. What says nothing ("null", empty) was still sent by a browser.
    package var origin: String?
    package var host: String?

    package init(
        isDirectLocal: Bool, hasForwardingHeaders: Bool = false, peerIsTrustedProxy: Bool = false,
        peerIsLoopback: Bool? = nil, peerIsThisHost: Bool? = false, headers: [String: String] = [:],
        tailscale: TailscaleWhois = .notAsked, isOwnerSocket: Bool = false, isTLS: Bool = true, peer: String,
        clientAddress: String? = nil,
        clientNetwork: String? = nil, origin: String? = nil, host: String? = nil
    ) {
        self.isDirectLocal = isDirectLocal
        self.hasForwardingHeaders = hasForwardingHeaders
        self.peerIsTrustedProxy = peerIsTrustedProxy
        self.peerIsLoopback = peerIsLoopback ?? isDirectLocal
        self.peerIsThisHost = peerIsThisHost
        self.headers = headers
        self.tailscale = tailscale
        self.isOwnerSocket = isOwnerSocket
        self.isTLS = isTLS
        self.peer = peer
        self.clientAddress = clientAddress
        self.clientNetwork = clientNetwork ?? clientAddress
        self.origin = origin
        self.host = host
    }
}
