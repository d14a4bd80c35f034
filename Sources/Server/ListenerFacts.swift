package import HTTP
internal import TLS
internal import Trust

/// What every connection needs to know of the gateway's settings.
package struct ListenerFacts: Sendable {
    package var trust: ProxyTrust
    /// Addresses that a bridge lends to strangers: no remedy may name them.
    package var bridgeGateways: Set<IPAddress>
    /// Routes are also answered below it; empty, or with a leading and without a trailing slash.
    package var basePath: String
    /// A plain WebSocket echo is served there; nil: nowhere.
    package var echoPath: String?
    package var handshakeTimeout: Duration
    /// Whether permessage-deflate is negotiated with clients that offer it.
    package var compresses: Bool
    /// Whether peers on other hosts have to show a client certificate (`gateway.tls.caPath`).
    package var requiresClientCertificate: Bool
    /// In mode `trusted-proxy` an upgrade that was forwarded for nobody known is refused; otherwise the rules decide.
    package var requiresAttribution = false
    /// Fields of the upgrade that the admission rules look at, in lower case.
    package var identityHeaders: Set<String> = []
    /// From them nobody but this host can connect.
    package var hostAddresses = HostAddresses()
    /// Of the Tailscale daemon, when the identity headers of its `serve` may be believed.
    package var tailscaleSocket: String?

    package init(
        trust: ProxyTrust = ProxyTrust(), bridgeGateways: Set<IPAddress> = [], basePath: String = "",
        echoPath: String? = nil, handshakeTimeout: Duration = .seconds(15), compresses: Bool = false,
        requiresClientCertificate: Bool = false
    ) {
        self.trust = trust
        self.bridgeGateways = bridgeGateways
        self.basePath = basePath
        self.echoPath = echoPath
        self.handshakeTimeout = handshakeTimeout
        self.compresses = compresses
        self.requiresClientCertificate = requiresClientCertificate
    }

    /// With what the admission rules want to know of a proxy's users.
    func following(_ identity: ProxyIdentityPolicy, _ environment: [String: String]) -> ListenerFacts {
        var facts = self
        facts.identityHeaders = identity.headersOfInterest
        facts.tailscaleSocket =
            identity.allowTailscale ? environment["TS_SOCKET"] ?? TailscaleLookup.defaultSocket : nil
        return facts
    }

    /// The path of a route, without the base path under which a proxy may publish the gateway.
    func route(_ path: String) -> String {
        guard !basePath.isEmpty, path.hasPrefix(basePath) else { return path }
        let rest = path.dropFirst(basePath.count)
        return rest.isEmpty ? "/" : rest.hasPrefix("/") ? String(rest) : path
    }
}
