/// A token with which devices pair themselves, as a digest.
package struct InvitationRecord: Equatable, Sendable {
    package var id: String
    /// 32 bytes.
    package var tokenSHA256: [UInt8]
    package var kind: String
    package var roles: [String]
    package var scopes: [String]
    package var label: String?
    package var usesLeft: Int
    package var usedBy: [String]
    package var createdAtMs: Int64
    package var expiresAtMs: Int64
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        id: String, tokenSHA256: [UInt8], kind: String, roles: [String], scopes: [String], label: String? = nil,
        usesLeft: Int, usedBy: [String] = [], createdAtMs: Int64, expiresAtMs: Int64, revision: Int64 = 0
    ) {
        self.id = id
        self.tokenSHA256 = tokenSHA256
        self.kind = kind
        self.roles = roles
        self.scopes = scopes
        self.label = label
        self.usesLeft = usesLeft
        self.usedBy = usedBy
        self.createdAtMs = createdAtMs
        self.expiresAtMs = expiresAtMs
        self.revision = revision
    }
}
