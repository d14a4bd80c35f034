/// `gateway.auth.*`: what a client has to show.
package struct GatewayAuthSettings: Equatable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        case none
        case token
        case password
        case trustedProxy = "trusted-proxy"
    }

    package struct RateLimit: Equatable, Sendable {
        /// Failures per client within `window`.
        package let maxAttempts: Int
        package let window: Duration
        package let lockout: Duration
        package let exemptLoopback: Bool
    }

    package struct TrustedProxy: Equatable, Sendable {
        /// Present in mode `trusted-proxy`.
        package let userHeader: String?
        package let requiredHeaders: [String]
        /// Empty: every user the proxy names.
        package let allowUsers: [String]
        package let allowLoopback: Bool
        /// Scopes up to which a new browser of a known user is paired at once; `nil`: the owner approves.
        package let deviceAutoApprove: [String]?
    }

    /// When it is not written: `password` if only a password is set, else `token`.
    package let mode: Mode
    /// May be absent in mode `token`: then nobody has chosen one yet.
    package let token: Secret?
    package let password: Secret?
    /// `nil`: follow the mode of `gateway.tailscale`.
    package let allowTailscale: Bool?
    package let rateLimit: RateLimit
    package let trustedProxy: TrustedProxy
    /// By login: scopes of a connection without a device whose user a proxy has named.
    package let identityScopes: [String: [String]]
    /// What becomes of children whose line began with a token that is rotated.
    package let onRotate: OnRotate

    package enum OnRotate: String, CaseIterable, Sendable {
        case close
        case `continue`
    }
}
