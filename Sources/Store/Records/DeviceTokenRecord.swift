/// A device's token for one role, as a digest.
package struct DeviceTokenRecord: Equatable, Sendable {
    package var deviceId: String
    package var role: String
    /// 32 bytes.
    package var tokenSHA256: [UInt8]
    package var scopes: [String]
    package var issuerKind: String?
    package var issuerGeneration: Int64?
    package var createdAtMs: Int64
    package var rotatedAtMs: Int64?
    package var revokedAtMs: Int64?
    package var lastUsedAtMs: Int64?
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        deviceId: String, role: String, tokenSHA256: [UInt8], scopes: [String], issuerKind: String? = nil,
        issuerGeneration: Int64? = nil, createdAtMs: Int64, rotatedAtMs: Int64? = nil, revokedAtMs: Int64? = nil,
        lastUsedAtMs: Int64? = nil, revision: Int64 = 0
    ) {
        self.deviceId = deviceId
        self.role = role
        self.tokenSHA256 = tokenSHA256
        self.scopes = scopes
        self.issuerKind = issuerKind
        self.issuerGeneration = issuerGeneration
        self.createdAtMs = createdAtMs
        self.rotatedAtMs = rotatedAtMs
        self.revokedAtMs = revokedAtMs
        self.lastUsedAtMs = lastUsedAtMs
        self.revision = revision
    }
}
