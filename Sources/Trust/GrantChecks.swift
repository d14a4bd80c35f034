package import Wire

/// What the gateway knows of somebody who issues grants.
package struct IssuerFacts: Equatable, Sendable {
    package enum State: Equatable, Sendable { case live, ended, revoked }
    package let publicKey: [UInt8]
    package let scopes: ScopeSet
    /// 0 for a gateway session or a paired device.
    package let depth: Int
    package let state: State

    package init(publicKey: [UInt8], scopes: ScopeSet, depth: Int, state: State) {
        self.publicKey = publicKey
        self.scopes = scopes
        self.depth = depth
        self.state = state
    }
}

/// What (`iss`, `jti`) was used for first.
package struct GrantBinding: Equatable, Sendable {
    package enum State: Equatable, Sendable { case live, ended, revoked }
    package let subject: String
    package let sessionKey: String
    package let state: State

    package init(subject: String, sessionKey: String, state: State) {
        self.subject = subject
        self.sessionKey = sessionKey
        self.state = state
    }
}

/// The checks of a grant that need knowledge of the gateway, in the order of the design document: issuer, signature,
/// aud, time, depth, scope, liveness.
package struct GrantChecks: Sendable {
    package let gatewayID: String
    package let nowSeconds: Int64
    package let maxSpawnDepth: Int

    package init(gatewayID: String, nowSeconds: Int64, maxSpawnDepth: Int) {
        self.gatewayID = gatewayID
        self.nowSeconds = nowSeconds
        self.maxSpawnDepth = maxSpawnDepth
    }

    /// - Parameter isSignatureValid: found before any lock was taken; a device id is the hash of its key, so the key
    ///   cannot have changed since.
    package func verdict(
        on grant: SpawnGrant, isSignatureValid: Bool, issuer: IssuerFacts?, binding: GrantBinding?
    ) -> GrantVerdict {
        guard let issuer else { return .unknownIssuer }
        guard isSignatureValid else { return .badSignature }
        guard grant.audience == gatewayID else { return .wrongAudience }
        guard nowSeconds >= grant.notBefore - SpawnGrant.clockSkewSeconds else { return .notYetValid }
        guard nowSeconds <= grant.expiresAt + SpawnGrant.clockSkewSeconds else { return .expired }
        guard grant.depth == issuer.depth + 1 else { return .depthMismatch }
        guard grant.depth <= maxSpawnDepth else { return .depthExceeded }
        guard issuer.scopes.covers(grant.scopes) else { return .scopeEscalation }
        switch issuer.state {
        case .live: break
        case .revoked: return .issuerRevoked
        case .ended: return .issuerEnded
        }
        guard let binding else { return .valid }
        guard binding.subject == grant.subject, binding.sessionKey == grant.sessionKey else { return .jtiConflict }
        switch binding.state {
        case .live: return .valid
        case .ended: return .runEnded
        case .revoked: return .runRevoked
        }
    }
}
