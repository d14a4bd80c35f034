/// The binding of a derived device to the spawn that made it.
package struct GrantRecord: Equatable, Sendable {
    /// What stands at the root of the chain.
    package enum PrincipalKind: String, Equatable, Sendable, CaseIterable {
        case shared, device, none
    }

    /// Whether the binding still admits. The last two leave a tombstone.
    package enum State: String, Equatable, Sendable, CaseIterable {
        case live, ended, revoked
    }

    package var childDeviceId: String
    /// `iss`
    package var issuerDeviceId: String
    /// `jti`
    package var spawnId: String
    /// `sid`
    package var sessionKey: String
    /// 32 bytes.
    package var publicKey: [UInt8]
    package var scopes: [String]
    package var depth: Int
    package var principalKind: PrincipalKind
    package var principalId: String?
    package var askerDeviceId: String?
    package var runId: String
    /// By the gateway; otherwise presented by the child.
    package var registered: Bool
    package var notBeforeMs: Int64
    package var expiresAtMs: Int64
    /// 32 bytes.
    package var runTokenSHA256: [UInt8]?
    package var state: State
    package var endedAtMs: Int64?
    /// Until then an ended or revoked binding is loaded and not purged.
    package var tombstoneUntilMs: Int64?
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        childDeviceId: String, issuerDeviceId: String, spawnId: String, sessionKey: String, publicKey: [UInt8],
        scopes: [String], depth: Int, principalKind: PrincipalKind, principalId: String? = nil,
        askerDeviceId: String? = nil, runId: String, registered: Bool, notBeforeMs: Int64, expiresAtMs: Int64,
        runTokenSHA256: [UInt8]? = nil, state: State, endedAtMs: Int64? = nil, tombstoneUntilMs: Int64? = nil,
        revision: Int64 = 0
    ) {
        self.childDeviceId = childDeviceId
        self.issuerDeviceId = issuerDeviceId
        self.spawnId = spawnId
        self.sessionKey = sessionKey
        self.publicKey = publicKey
        self.scopes = scopes
        self.depth = depth
        self.principalKind = principalKind
        self.principalId = principalId
        self.askerDeviceId = askerDeviceId
        self.runId = runId
        self.registered = registered
        self.notBeforeMs = notBeforeMs
        self.expiresAtMs = expiresAtMs
        self.runTokenSHA256 = runTokenSHA256
        self.state = state
        self.endedAtMs = endedAtMs
        self.tombstoneUntilMs = tombstoneUntilMs
        self.revision = revision
    }
}
