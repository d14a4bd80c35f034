package import Wire

/// `gateway.auth.trustedProxy.*` and `gateway.auth.allowTailscale`: whose word about a user is taken.
package struct ProxyIdentityPolicy: Equatable, Sendable {
    /// Lower case; nil when it is not configured.
    package var userHeader: String?
    /// Lower case; all have to be there.
    package var requiredHeaders: [String]
    /// Empty: every user that the proxy names.
    package var allowUsers: [String]
    package var allowLoopback: Bool
    package var hasTrustedProxies: Bool
    package var allowTailscale: Bool
    /// `gateway.auth.identityScopes`: what a user whom the proxy names may ask for without a device.
    package var identityScopes: IdentityScopes
    /// `gateway.auth.trustedProxy.deviceAutoApprove`: the scopes with which a browser of such a user is paired at once.
    package var autoApproveScopes: ScopeSet?

    package init(
        userHeader: String? = nil, requiredHeaders: [String] = [], allowUsers: [String] = [],
        allowLoopback: Bool = false, hasTrustedProxies: Bool = false, allowTailscale: Bool = false,
        identityScopes: IdentityScopes = IdentityScopes(), autoApproveScopes: ScopeSet? = nil
    ) {
        self.userHeader = userHeader
        self.requiredHeaders = requiredHeaders
        self.allowUsers = allowUsers
        self.allowLoopback = allowLoopback
        self.hasTrustedProxies = hasTrustedProxies
        self.allowTailscale = allowTailscale
        self.identityScopes = identityScopes
        self.autoApproveScopes = autoApproveScopes
    }

    package static let tailscaleUserHeader = "tailscale-user-login"
    package static let tailscaleProxyHeaders = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]

    /// Header fields that the rules look at, and nothing else of a request is kept for them.
    package var headersOfInterest: Set<String> {
        var names = Set(requiredHeaders)
        if let userHeader { names.insert(userHeader) }
        if allowTailscale { names.formUnion([Self.tailscaleUserHeader] + Self.tailscaleProxyHeaders) }
        return names
    }
}

/// What the Tailscale daemon on this host said about a forwarded address.
package enum TailscaleWhois: Equatable, Sendable {
    case notAsked
    case login(String)
    case failed
}
