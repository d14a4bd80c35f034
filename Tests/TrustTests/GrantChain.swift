import Crypto
import Trust
import Wire

/// A chain of spawns that an issuer made elsewhere, offline: grants root first, and the key of its last child.
struct GrantChain {
    let identities: [SigningIdentity]
    var grants: [SpawnGrant]
    private let signers: [SigningIdentity]

    var leaf: SigningIdentity { identities[identities.count - 1] }
    var texts: [String] { zip(grants, signers).map { $0.signed(by: $1) } }

    init(
        world: World, below issuer: SigningIdentity? = nil, length: Int, scopes: ScopeSet = ScopeSet(.read, .write),
        lifeSeconds: Int64 = 3600
    ) throws {
        var parent = issuer ?? world.main
        var identities: [SigningIdentity] = []
        var grants: [SpawnGrant] = []
        var signers: [SigningIdentity] = []
        let now = world.nowMs / 1000
        for depth in 1...length {
            let spawnID = "c\(depth)"
            let child = try parent.child(sessionKey: World.sessionKey(spawnID), spawnID: spawnID)
            grants.append(
                SpawnGrant(
                    issuer: parent.deviceID, subject: child.deviceID, audience: world.root.deviceID, issuedAt: now,
                    notBefore: now, expiresAt: now + lifeSeconds, spawnID: spawnID,
                    sessionKey: World.sessionKey(spawnID), scopes: scopes, depth: depth,
                    publicKey: child.key.publicKey))
            identities.append(child)
            signers.append(parent)
            parent = child
        }
        self.identities = identities
        self.grants = grants
        self.signers = signers
    }

    /// The chain with one grant changed, and signed anew by its rightful issuer.
    func changing(_ index: Int, _ change: (inout SpawnGrant) -> Void) -> GrantChain {
        var changed = self
        change(&changed.grants[index])
        return changed
    }

    /// The texts with one of them signed by somebody else.
    func forged(_ index: Int, by forger: SigningIdentity) -> [String] {
        var texts = texts
        texts[index] = grants[index].signed(by: forger)
        return texts
    }
}
