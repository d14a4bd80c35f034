package import Wire

/// A token of the owner's with which a device pairs itself: a setup code (wire protocol, section 4.4) or an enrolment
/// token. Only its SHA-256 is kept.
package struct Invitation: Equatable, Sendable {
    package enum Kind: String, Sendable {
        /// For one device, whatever it is; minutes.
        case setupCode = "setup-code"
        /// For unattended devices.
        case enrolment
    }

    /// What the setup code of a mobile app allows.
    package static let mobileRoles = ["node", "operator"]
    package static let mobileScopes = ScopeSet(.approvals, .read, .talkSecrets, .write)
    package static let setupCodeLifeMs: Int64 = 600_000
    package static let maxLifeMs: Int64 = 90 * 86_400_000
    package static let maxUses = 10_000
    /// Of all that have not expired.
    package static let maxInvitations = 1_000

    /// A short name of it that is no secret.
    package var id: String
    package var digest: [UInt8]
    package var kind: Kind
    package var roles: [String]
    /// The most that a device gets by it.
    package var scopes: ScopeSet
    package var label: String?
    package var usesLeft: Int
    /// Devices that used it, the last ones: each may come again with it, should the answer have been lost.
    package var usedBy: [String]
    package var createdAtMs: Int64
    package var expiresAtMs: Int64

    package static let maxRememberedDevices = 256

    package init(
        id: String, digest: [UInt8], kind: Kind, roles: [String], scopes: ScopeSet, label: String? = nil,
        usesLeft: Int, usedBy: [String] = [], createdAtMs: Int64, expiresAtMs: Int64
    ) {
        self.id = id
        self.digest = digest
        self.kind = kind
        self.roles = roles
        self.scopes = scopes
        self.label = label
        self.usesLeft = usesLeft
        self.usedBy = usedBy
        self.createdAtMs = createdAtMs
        self.expiresAtMs = expiresAtMs
    }

    /// - Parameter isPaired: the device is paired for that role: who was removed does not come back by what it has used.
    func admits(_ deviceID: String, role: Role, isPaired: Bool, nowMs: Int64) -> Bool {
        guard nowMs < expiresAtMs, roles.contains(role.rawValue) else { return false }
        return usedBy.contains(deviceID) ? isPaired : usesLeft > 0
    }

    mutating func redeem(by deviceID: String) {
        guard !usedBy.contains(deviceID) else { return }
        usesLeft -= 1
        usedBy = (usedBy + [deviceID]).suffix(Self.maxRememberedDevices)
    }

    /// Gives back a use that no disk has.
    mutating func giveBack(by deviceID: String) {
        guard usedBy.contains(deviceID) else { return }
        usesLeft += 1
        usedBy.removeAll { $0 == deviceID }
    }
}

/// Invitations that have not expired, by the digest of their token.
package struct InvitationRegistry: Sendable {
    private var byDigest: [[UInt8]: Invitation] = [:]

    package init() {}

    package subscript(digest: [UInt8]) -> Invitation? { byDigest[digest] }
    package var all: [Invitation] { byDigest.values.sorted { ($0.createdAtMs, $0.id) < ($1.createdAtMs, $1.id) } }

    package mutating func put(_ invitation: Invitation) { byDigest[invitation.digest] = invitation }

    /// - Returns: it as it is now, to be stored.
    package mutating func redeem(_ digest: [UInt8], by deviceID: String) -> Invitation? {
        byDigest[digest]?.redeem(by: deviceID)
        return byDigest[digest]
    }

    package mutating func giveBack(_ digest: [UInt8], by deviceID: String) {
        byDigest[digest]?.giveBack(by: deviceID)
    }

    package func find(id: String) -> Invitation? { byDigest.values.first { $0.id == id } }

    package mutating func remove(id: String) -> Invitation? {
        guard let found = find(id: id) else { return nil }
        return byDigest.removeValue(forKey: found.digest)
    }

    /// - Returns: those that are gone now.
    package mutating func purge(nowMs: Int64) -> [Invitation] {
        let old = byDigest.values.filter { nowMs >= $0.expiresAtMs }
        for invitation in old { byDigest[invitation.digest] = nil }
        return old
    }
}
