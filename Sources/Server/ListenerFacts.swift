package import HTTP
internal import TLS

/// What every connection of a listener needs to know.
package struct ListenerFacts: Sendable {
    package var isTLS: Bool
    package var trustedProxies: [CIDR]
    package var allowRealIPFallback: Bool
    /// A plain WebSocket echo is served there; nil: nowhere.
    package var echoPath: String?
    package var handshakeTimeout: Duration
    /// Whether permessage-deflate is negotiated with clients that offer it.
    package var compresses: Bool
    /// Whether peers on other hosts have to show a client certificate (`gateway.tls.caPath`).
    package var requiresClientCertificate: Bool

    package init(
        isTLS: Bool, trustedProxies: [CIDR] = [], allowRealIPFallback: Bool = false, echoPath: String? = nil,
        handshakeTimeout: Duration = .seconds(15), compresses: Bool = false, requiresClientCertificate: Bool = false
    ) {
        self.isTLS = isTLS
        self.trustedProxies = trustedProxies
        self.allowRealIPFallback = allowRealIPFallback
        self.echoPath = echoPath
        self.handshakeTimeout = handshakeTimeout
        self.compresses = compresses
        self.requiresClientCertificate = requiresClientCertificate
    }
}
