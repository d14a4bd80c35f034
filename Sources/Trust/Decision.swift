package import Wire

/// How a connection authenticated.
package enum AuthMethod: String, Sendable {
    case none
    case token
    case password
    /// A user whom an identity-aware proxy named.
    case trustedProxy = "trusted-proxy"
    /// A user whom Tailscale Serve named, and the local daemon as well.
    case tailscale
    case deviceToken = "device-token"
    /// A setup code or an enrolment token.
    case bootstrapToken = "bootstrap-token"
    case runToken = "run-token"
    case ownerSocket = "owner-socket"
}

/// As much of an admission as decides what a request may do; small, for every connection has one.
package struct CallerRights: Equatable, Sendable {
    package var role: Role
    package var scopes: ScopeSet
    /// The run has ended: only its result may be handed in.
    package var isReportingOnly: Bool
    /// It is the derived device of a run.
    package var hasRun: Bool

    package static let none = CallerRights(role: .operator, scopes: .none, isReportingOnly: false, hasRun: false)
}

/// What an admitted connection is and may do.
package struct Admitted: Equatable, Sendable {
    package var role: Role
    package var scopes: ScopeSet
    package var deviceID: String?
    package var method: AuthMethod
    /// The shared secret was proven; a changed secret closes such connections.
    package var dependsOnSharedSecret: Bool
    /// The session of a derived device.
    package var lineage: LineageEntry? {
        get { boxedLineage?.value }
        set { boxedLineage = newValue.map(Boxed.init) }
    }
    private var boxedLineage: Boxed<LineageEntry>?
    /// The run has ended: only its result may be handed in.
    package var isReportingOnly: Bool
    package var isDirectLocal: Bool
    /// What the device may do is what its pairing record says: without that, the connection has no ground.
    package var restsOnPairing: Bool

    package init(
        role: Role, scopes: ScopeSet, deviceID: String?, method: AuthMethod, dependsOnSharedSecret: Bool,
        lineage: LineageEntry? = nil, isReportingOnly: Bool = false, isDirectLocal: Bool, restsOnPairing: Bool = false
    ) {
        self.role = role
        self.scopes = scopes
        self.deviceID = deviceID
        self.method = method
        self.dependsOnSharedSecret = dependsOnSharedSecret
        boxedLineage = lineage.map(Boxed.init)
        self.isReportingOnly = isReportingOnly
        self.isDirectLocal = isDirectLocal
        self.restsOnPairing = restsOnPairing
    }

    package var rights: CallerRights {
        CallerRights(
            role: role, scopes: scopes, isReportingOnly: isReportingOnly, hasRun: boxedLineage?.value.runID != nil)
    }

    /// The principal that this connection's children inherit.
    package var principal: Principal {
        if let lineage { return lineage.principal }
        switch method {
        case .token: return .sharedSecret
        case .deviceToken: return deviceID.map(Principal.device) ?? .unshared
        case .ownerSocket: return .sharedSecret
        case .none, .password, .trustedProxy, .tailscale, .runToken, .bootstrapToken: return .unshared
        }
    }
}

/// What admitting somebody changes in the registries.
package enum TrustChange: Equatable, Sendable {
    /// Leave a request that the owner can approve.
    case requestPairing(PendingPairing)
    /// Approve at once, as a rule of the owner's says.
    case approveSilently(PendingPairing)
    /// The same on a proxy's word about the user: there is no token to hand out, since the word comes each time.
    case approveByProxy(PendingPairing)
    /// The same by an invitation, which is used up by it once.
    case redeem(invitation: [UInt8], PendingPairing, roles: [String], via: String)
    /// Give the device a token for a role; `token` goes to the client, its digest is kept. Nil: a fresh one.
    /// `generation`: of the shared secret with which it lives and dies.
    case issueToken(deviceID: String, role: Role, scopes: ScopeSet, token: String?, generation: Int64? = nil)
    /// A presented chain that is new to the gateway, root first: each of them is a spawn.
    case presentSpawns([SpawnGrant], principal: Principal)
    /// A run that the gateway has given to a device elsewhere has its key now.
    case bindPlaced(LineageEntry)
    /// A presented grant with a later expiry.
    case renewGrant(deviceID: String, expiresAtMs: Int64)
}

package struct Decision: Sendable {
    package enum Outcome: Sendable {
        case admitted(Admitted, [TrustChange])
        case refused(ConnectRefusal, [TrustChange])
    }

    package let outcome: Outcome
    package let trace: [RuleStep]
    /// Of the credentials that were found to be wrong: what a guesser would have tried.
    package let wrongCredentials: [[UInt8]]
    /// Under which name the limiter counts them; nil: not at all.
    package let limiterClient: String?

    /// The walk in one line, for the log.
    package var summary: String {
        trace.filter { $0.verdict != .notConcerned }
            .map { "\($0.rule.rawValue)=\($0.verdict.rawValue)(\($0.fact))" }
            .joined(separator: " ")
    }
}

/// The trust side of the gateway's state.
package struct TrustState: Sendable {
    package var lineage: LineageRegistry
    package var pairing: PairingRegistry
    package var invitations: InvitationRegistry
    package var limiter: AuthLimiter

    package init(
        lineage: LineageRegistry, pairing: PairingRegistry, invitations: InvitationRegistry = InvitationRegistry(),
        limiter: AuthLimiter = AuthLimiter()
    ) {
        self.lineage = lineage
        self.pairing = pairing
        self.invitations = invitations
        self.limiter = limiter
    }

    /// Whether the device may have descendants: it is paired, and its access as operator is not revoked.
    package func isPaired(_ deviceID: String) -> Bool { pairing.devices[deviceID]?.isEffective(.operator) == true }

    /// Whether the device works for a pool and may do nothing else: it signs for what it is given, and spawns nothing.
    package func isPoolWorker(_ deviceID: String) -> Bool {
        guard isPaired(deviceID), let scopes = pairing.devices[deviceID]?.approvedScopes else { return false }
        return !scopes.covers(.write) && scopes.names.contains { $0.hasPrefix("pool:") }
    }

    /// Whether a connection that rests on a pairing record still could.
    package func covers(_ admitted: Admitted) -> Bool {
        guard admitted.restsOnPairing, admitted.lineage == nil, let id = admitted.deviceID else { return true }
        guard let device = pairing.devices[id] else { return false }
        return device.isEffective(admitted.role) && device.approvedScopes.covers(admitted.scopes)
    }

    package func issuerFacts(of deviceID: String, nowMs: Int64) -> IssuerFacts? {
        lineage.issuerFacts(of: deviceID, nowMs: nowMs, isPaired: isPaired) { id in
            guard let device = pairing.devices[id] else { return nil }
            return IssuerFacts(
                publicKey: device.publicKey, scopes: device.approvedScopes, depth: 0,
                state: device.isEffective(.operator) ? .live : .revoked)
        }
    }
}
