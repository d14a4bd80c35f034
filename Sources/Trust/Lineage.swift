package import Wire

/// Whose credential stands behind a derived device: that of its chain's root, never a claim.
package enum Principal: Equatable, Hashable, Sendable {
    /// The gateway's shared token: the owner.
    case sharedSecret
    /// A paired device and its own token.
    case device(String)
    /// Nothing that could be passed on (password, trusted proxy, Tailscale, mode `none`): run tokens only.
    case unshared
}

/// One derived device: who it is, from whom it descends, and what it may do.
package struct LineageEntry: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        case live
        case ended(atMs: Int64)
        case revoked(atMs: Int64)
    }

    package let deviceID: String
    package let publicKey: [UInt8]
    /// The parent by key; the gateway's root key, or a paired device, at the top of a chain.
    package let issuer: String
    package let spawnID: String
    package let sessionKey: String
    package let scopes: ScopeSet
    /// 0 for a gateway session.
    package let depth: Int
    package let principal: Principal
    /// The device that asked for the spawn, when it is not the issuer itself.
    package let asker: String?
    /// Nil for a gateway session, which has no run of its own.
    package let runID: String?
    /// Registered by the gateway at launch; otherwise the child presented a grant.
    package let isRegistered: Bool
    package var expiresAtMs: Int64?
    package var runTokenDigest: [UInt8]?
    package var state: State

    package init(
        deviceID: String, publicKey: [UInt8], issuer: String, spawnID: String, sessionKey: String, scopes: ScopeSet,
        depth: Int, principal: Principal, asker: String?, runID: String?, isRegistered: Bool, expiresAtMs: Int64?,
        runTokenDigest: [UInt8]?, state: State = .live
    ) {
        self.deviceID = deviceID
        self.publicKey = publicKey
        self.issuer = issuer
        self.spawnID = spawnID
        self.sessionKey = sessionKey
        self.scopes = scopes
        self.depth = depth
        self.principal = principal
        self.asker = asker
        self.runID = runID
        self.isRegistered = isRegistered
        self.expiresAtMs = expiresAtMs
        self.runTokenDigest = runTokenDigest
        self.state = state
    }

    package var isGatewaySession: Bool { runID == nil }

    /// The device of one turn: it acts as the session, whose own device outlives it. Only the gateway makes these; what
    /// others present is never registered.
    package var isTurn: Bool {
        isRegistered && (spawnID.hasPrefix(Self.turnPrefix) || (spawnID.hasPrefix(Self.placedTurnPrefix) && !isSpawn))
    }
    package static let turnPrefix = "turn."
    /// Of a turn whose key another host has derived: a grant's `jti` has no dots.
    package static let placedTurnPrefix = "turn-"
    private var isSpawn: Bool { spawnID == runID }

    /// The session that its grant names. A turn's is made of the turn, for the session has a device of its own.
    var grantSessionKey: String {
        guard isTurn, let agentID = SessionKeySyntax.agentID(of: sessionKey) else { return sessionKey }
        return SessionKeySyntax.subagent(agentID: agentID, spawnID: spawnID)
    }

    /// The same run, whose key another host has derived and signed for. Who was its parent by key has asked for it now.
    func placed(_ grant: SpawnGrant, rootDeviceID: String) -> LineageEntry {
        LineageEntry(
            deviceID: grant.subject, publicKey: grant.publicKey, issuer: grant.issuer, spawnID: grant.spawnID,
            sessionKey: sessionKey, scopes: scopes.clamping(grant.scopes), depth: depth,
            principal: .device(grant.issuer), asker: asker ?? (issuer == rootDeviceID ? nil : issuer), runID: runID,
            isRegistered: true, expiresAtMs: expiresAtMs, runTokenDigest: runTokenDigest)
    }

    package func revoked(atMs: Int64) -> LineageEntry {
        var entry = self
        entry.state = .revoked(atMs: atMs)
        return entry
    }
}

/// Whether a derived device may act now.
package enum Liveness: Equatable, Sendable {
    case live
    /// Its run has ended less than the grace ago: only that run's result may be delivered.
    case reporting
    case dead(GrantVerdict, because: String)
}
