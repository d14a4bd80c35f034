package import Wire

/// A device that the owner, or a rule of the owner's, has let in for good.
package struct PairedDevice: Equatable, Sendable {
    package var deviceID: String
    package var publicKey: [UInt8]
    package var displayName: String?
    package var platform: String?
    package var deviceFamily: String?
    package var clientID: String?
    package var clientMode: String?
    package var roles: [String]
    package var approvedScopes: ScopeSet
    /// `owner`, `silent`, `bootstrap`, `enrolment` or `import`.
    package var approvedVia: String
    package var remoteIP: String?
    package var createdAtMs: Int64
    package var approvedAtMs: Int64
    package var lastSeenAtMs: Int64?
    package var tokens: [String: DeviceToken]

    package init(
        deviceID: String, publicKey: [UInt8], displayName: String?, platform: String?, deviceFamily: String?,
        clientID: String?, clientMode: String?, roles: [String], approvedScopes: ScopeSet, approvedVia: String,
        remoteIP: String?, createdAtMs: Int64, approvedAtMs: Int64, lastSeenAtMs: Int64? = nil,
        tokens: [String: DeviceToken] = [:]
    ) {
        self.deviceID = deviceID
        self.publicKey = publicKey
        self.displayName = displayName
        self.platform = platform
        self.deviceFamily = deviceFamily
        self.clientID = clientID
        self.clientMode = clientMode
        self.roles = roles
        self.approvedScopes = approvedScopes
        self.approvedVia = approvedVia
        self.remoteIP = remoteIP
        self.createdAtMs = createdAtMs
        self.approvedAtMs = approvedAtMs
        self.lastSeenAtMs = lastSeenAtMs
        self.tokens = tokens
    }

    /// Roles that count: approved, and with a token that is not revoked (wire protocol, "Pairing decision").
    package func isEffective(_ role: Role) -> Bool {
        roles.contains(role.rawValue) && (tokens[role.rawValue].map { $0.revokedAtMs == nil } ?? false)
    }
}

/// A device that waits for the owner.
package struct PendingPairing: Equatable, Sendable {
    package var requestID: String
    package var deviceID: String
    package var publicKey: [UInt8]
    package var displayName: String?
    package var platform: String?
    package var deviceFamily: String?
    package var clientID: String?
    package var clientMode: String?
    package var role: String
    package var scopes: ScopeSet
    package var remoteIP: String?
    package var isRepair: Bool
    package var createdAtMs: Int64

    package static let lifeMs: Int64 = 300_000
    /// Beyond this many, the oldest pending request makes room: strangers cannot grow the store.
    package static let maxPending = 256

    package init(
        requestID: String, deviceID: String, publicKey: [UInt8], displayName: String?, platform: String?,
        deviceFamily: String?, clientID: String?, clientMode: String?, role: String, scopes: ScopeSet,
        remoteIP: String?, isRepair: Bool, createdAtMs: Int64
    ) {
        self.requestID = requestID
        self.deviceID = deviceID
        self.publicKey = publicKey
        self.displayName = displayName
        self.platform = platform
        self.deviceFamily = deviceFamily
        self.clientID = clientID
        self.clientMode = clientMode
        self.role = role
        self.scopes = scopes
        self.remoteIP = remoteIP
        self.isRepair = isRepair
        self.createdAtMs = createdAtMs
    }

    package func isExpired(nowMs: Int64) -> Bool { nowMs >= createdAtMs + Self.lifeMs }
}

/// Paired devices and pending requests (wire protocol, sections 4.8 and 7.3–7.5).
package struct PairingRegistry: Sendable {
    package private(set) var devices: [String: PairedDevice] = [:]
    private var pendingByDevice: [String: PendingPairing] = [:]
    /// Of devices with changes that are on their way to the disk.
    private var journals: [String: DeviceJournal] = [:]

    package init() {}

    package func pending(nowMs: Int64) -> [PendingPairing] {
        pendingByDevice.values.filter { !$0.isExpired(nowMs: nowMs) }
            .sorted { ($0.createdAtMs, $0.requestID) < ($1.createdAtMs, $1.requestID) }
    }

    package func pending(requestID: String, nowMs: Int64) -> PendingPairing? {
        pending(nowMs: nowMs).first { $0.requestID == requestID }
    }

    package mutating func restore(_ device: PairedDevice) { devices[device.deviceID] = device }
    package mutating func restore(_ pending: PendingPairing) { pendingByDevice[pending.deviceID] = pending }

    /// Takes a request up again that was decided about by what no disk has.
    /// - Returns: false when its time is over or another has taken its place.
    package mutating func reopen(_ pending: PendingPairing, nowMs: Int64) -> Bool {
        guard !pending.isExpired(nowMs: nowMs), pendingByDevice[pending.deviceID] == nil else { return false }
        pendingByDevice[pending.deviceID] = pending
        return true
    }

    /// The request that stands for this device after `request` arrived: the old one while it asks for the same, else a
    /// new one whose scopes are the union of both (merging rule, section 7.4).
    package func merged(_ request: PendingPairing, nowMs: Int64) -> PendingPairing {
        guard let old = pendingByDevice[request.deviceID], !old.isExpired(nowMs: nowMs) else {
            return request
        }
        if old.role == request.role, Set(old.scopes.names) == Set(request.scopes.names) {
            var refreshed = request
            refreshed.requestID = old.requestID
            refreshed.createdAtMs = old.createdAtMs
            return refreshed
        }
        var union = request
        // Bounded, or a stranger could grow its own request without end.
        union.scopes = ScopeSet(request.scopes.union(old.scopes).names.prefix(2 * ConnectParams.maxNames))
        return union
    }

    /// - Returns: requests that are gone now: superseded, expired, or pushed out by the bound.
    package mutating func put(_ request: PendingPairing, nowMs: Int64) -> [PendingPairing] {
        var gone: [PendingPairing] = []
        if let old = pendingByDevice[request.deviceID], old.requestID != request.requestID { gone.append(old) }
        pendingByDevice[request.deviceID] = request
        gone += expire(nowMs: nowMs)
        if pendingByDevice.count > PendingPairing.maxPending,
            let oldest = pendingByDevice.values.filter({ $0.deviceID != request.deviceID })
                .min(by: { $0.createdAtMs < $1.createdAtMs })
        {
            gone.append(oldest)
            pendingByDevice[oldest.deviceID] = nil
        }
        return gone
    }

    /// - Returns: requests whose time is over; they are gone now, the oldest first.
    package mutating func expire(nowMs: Int64) -> [PendingPairing] {
        let gone = pendingByDevice.values.filter { $0.isExpired(nowMs: nowMs) }
        for request in gone { pendingByDevice[request.deviceID] = nil }
        return gone.sorted { ($0.createdAtMs, $0.requestID) < ($1.createdAtMs, $1.requestID) }
    }

    package mutating func removePending(deviceID: String) -> PendingPairing? {
        pendingByDevice.removeValue(forKey: deviceID)
    }

    /// Approves what `request` asks for: roles and scopes are added to what was approved before.
    /// - Parameter id: of the commit by which it stands or falls (``commitFailed(_:of:)``); nil: it stands.
    /// - Returns: the record as it is now, to be stored. Its tokens are those it had: the caller adds new ones.
    package mutating func approve(
        _ request: PendingPairing, roles: [String]? = nil, via: String, nowMs: Int64, by id: ChangeID? = nil
    ) -> PairedDevice {
        pendingByDevice[request.deviceID] = nil
        let change = DeviceChange.approve(request, roles: roles ?? [request.role], via: via, atMs: nowMs)
        guard let device = apply(change, to: request.deviceID, by: id) else {
            preconditionFailure("an approval makes a record")
        }
        return device
    }

    package mutating func setToken(_ token: DeviceToken, deviceID: String, by id: ChangeID? = nil) -> PairedDevice? {
        guard devices[deviceID] != nil else { return nil }
        return apply(.setToken(token), to: deviceID, by: id)
    }

    package mutating func noteSeen(deviceID: String, usingTokenOf role: Role?, nowMs: Int64) {
        devices[deviceID]?.lastSeenAtMs = nowMs
        if let role { devices[deviceID]?.tokens[role.rawValue]?.lastUsedAtMs = nowMs }
    }

    package mutating func remove(deviceID: String) -> PairedDevice? {
        pendingByDevice[deviceID] = nil
        let device = devices[deviceID]
        _ = apply(.remove, to: deviceID, by: nil)
        return device
    }

    // MARK: - Commits

    private mutating func apply(_ change: DeviceChange, to deviceID: String, by id: ChangeID?) -> PairedDevice? {
        if id != nil || journals[deviceID] != nil {
            journals[deviceID, default: DeviceJournal(base: devices[deviceID])].append(change, by: id)
        }
        devices[deviceID] = change.applied(to: devices[deviceID])
        return devices[deviceID]
    }

    /// Whether a change of the device is on its way to the disk.
    package func isUnderWay(_ deviceID: String) -> Bool { journals[deviceID] != nil }

    package mutating func committed(_ id: ChangeID, of deviceIDs: Set<String>) {
        for deviceID in deviceIDs {
            journals[deviceID]?.keep(id)
            if journals[deviceID]?.isEmpty == true { journals[deviceID] = nil }
        }
    }

    /// Takes back what was done under this id, and nothing of what others have done since.
    package mutating func commitFailed(_ id: ChangeID, of deviceIDs: Set<String>) {
        for deviceID in deviceIDs {
            guard var journal = journals[deviceID] else { continue }
            journal.drop(id)
            let seen = devices[deviceID]
            devices[deviceID] = journal.device.map { $0.seen(as: seen).withTokensInsideApproval }
            journals[deviceID] = journal.isEmpty ? nil : journal
        }
    }
}

extension PairedDevice {
    /// A token that was issued for what has been taken back is good for the rest.
    fileprivate var withTokensInsideApproval: PairedDevice {
        var device = self
        for (role, token) in tokens where !approvedScopes.covers(token.scopes) {
            device.tokens[role]?.scopes = approvedScopes.clamping(token.scopes)
        }
        return device
    }

    /// With the times of use of another state of the same record.
    fileprivate func seen(as other: PairedDevice?) -> PairedDevice {
        var device = self
        device.lastSeenAtMs = other?.lastSeenAtMs ?? lastSeenAtMs
        for (role, token) in tokens where other?.tokens[role]?.digest == token.digest {
            device.tokens[role]?.lastUsedAtMs = other?.tokens[role]?.lastUsedAtMs
        }
        return device
    }
}
