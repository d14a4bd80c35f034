internal import Crypto
package import Wire

/// A device's token for one role. Only its SHA-256 is kept.
package struct DeviceToken: Equatable, Sendable {
    /// Stands for a token that was approved but not handed out yet: no token has this digest.
    package static let unissued = [UInt8](repeating: 0, count: 32)

    package var role: String
    package var digest: [UInt8]
    package var scopes: ScopeSet
    /// The shared secret by which it was issued to a browser; with another secret it is void.
    package var issuerGeneration: Int64?
    package var createdAtMs: Int64
    package var rotatedAtMs: Int64?
    package var revokedAtMs: Int64?
    package var lastUsedAtMs: Int64?

    package init(
        role: String, digest: [UInt8], scopes: ScopeSet, issuerGeneration: Int64? = nil, createdAtMs: Int64,
        rotatedAtMs: Int64? = nil, revokedAtMs: Int64? = nil, lastUsedAtMs: Int64? = nil
    ) {
        self.role = role
        self.digest = digest
        self.scopes = scopes
        self.issuerGeneration = issuerGeneration
        self.createdAtMs = createdAtMs
        self.rotatedAtMs = rotatedAtMs
        self.revokedAtMs = revokedAtMs
        self.lastUsedAtMs = lastUsedAtMs
    }

    /// Why a device token is not accepted (wire protocol, section 4.3), in the order of the checks.
    package enum Failure: String, Error, CaseIterable, Sendable {
        case deviceNotPaired = "device-not-paired"
        case roleMissing = "role-missing"
        case tokenMissing = "token-missing"
        case tokenRevoked = "token-revoked"
        case tokenMismatch = "token-mismatch"
        case issuerGenerationStale = "issuer-generation-stale"
        case legacyBrowserToken = "legacy-browser-token"
        case scopeMismatch = "scope-mismatch"
    }

    /// - Parameters:
    ///   - record: the device's; nil when it is not paired.
    ///   - generation: of the shared secret in force; nil when there is none.
    static func verify(
        _ digest: [UInt8], of record: PairedDevice?, role: Role, requested: ScopeSet, generation: Int64?
    ) throws(Failure) -> DeviceToken {
        guard let record else { throw .deviceNotPaired }
        guard record.roles.contains(role.rawValue) else { throw .roleMissing }
        guard let token = record.tokens[role.rawValue], token.digest != unissued else { throw .tokenMissing }
        guard token.revokedAtMs == nil else { throw .tokenRevoked }
        guard constantTimeEquals(token.digest, digest) else { throw .tokenMismatch }
        if let issued = token.issuerGeneration {
            guard issued == generation else { throw .issuerGenerationStale }
        } else if generation != nil, record.isBrowser {
            throw .legacyBrowserToken
        }
        guard token.scopes.covers(requested), record.approvedScopes.covers(token.scopes) else { throw .scopeMismatch }
        return token
    }
}

extension PairedDevice {
    /// Paired as a page of the gateway's own: its tokens live as long as the secret by which they were issued.
    var isBrowser: Bool {
        clientID == "openclaw-control-ui" || clientID == "webchat-ui" || clientMode == "webchat"
    }
}
