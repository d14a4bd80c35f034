/// What the owner configured about admission. Each key's documented effect is all that it can do.
package struct AdmissionPolicy: Equatable, Sendable {
    package enum AuthMode: String, Sendable { case none, token, password }

    package var authMode: AuthMode
    /// SHA-256 of the shared token or password; nil when none is configured.
    package var secretDigest: [UInt8]?
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

    package init(authMode: AuthMode, secretDigest: [UInt8]?) {
        self.authMode = authMode
        self.secretDigest = secretDigest
    }
}
