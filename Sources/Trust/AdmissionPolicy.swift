/// What the owner configured about admission. Each key's documented effect is all that it can do.
package struct AdmissionPolicy: Equatable, Sendable {
    package enum AuthMode: String, CaseIterable, Sendable {
        case none, token, password
        case trustedProxy = "trusted-proxy"
    }

    /// What becomes of children when the token that their line began with is rotated.
    package enum RotationEffect: String, Sendable {
        /// They are closed (`4001 gateway auth changed`), and their runs end.
        case close
        /// They go on; a worker that dials again does so with its run token.
        case `continue`
    }

    package var authMode: AuthMode
    /// SHA-256 of the shared token or password; nil when none is configured.
    package var secretDigest: [UInt8]?
    /// Changes with mode and secret; nil when there is no secret.
    package var secretGeneration: Int64?
    package var autoApproveLocal = true
    package var loopbackExempt = false
    package var internalSpawnBypass = true
    package var enforcePairing = true
    package var requireForExternal = true
    package var allowedOrigins: [String] = []
    package var allowHostHeaderOrigin = false
    package var allowInsecureControlUI = false
    package var disableControlUIDeviceAuth = false
    package var maxSpawnDepth = 5
    package var onRotate = RotationEffect.close
    package var identity = ProxyIdentityPolicy()

    package init(authMode: AuthMode, secretDigest: [UInt8]?) {
        self.authMode = authMode
        self.secretDigest = secretDigest
    }
}
