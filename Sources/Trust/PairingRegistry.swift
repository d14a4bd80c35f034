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
    /// - Returns: the record as it is now, to be stored. Its tokens are those it had: the caller adds new ones.
    package mutating func approve(
        _ request: PendingPairing, roles: [String]? = nil, via: String, nowMs: Int64
    ) -> PairedDevice {
        let old = devices[request.deviceID]
        let approved = old?.roles ?? []
        let device = PairedDevice(
            deviceID: request.deviceID, publicKey: request.publicKey, displayName: request.displayName,
            platform: request.platform, deviceFamily: request.deviceFamily, clientID: request.clientID,
            clientMode: request.clientMode,
            roles: approved + (roles ?? [request.role]).filter { !approved.contains($0) },
            approvedScopes: (old?.approvedScopes ?? .none).union(request.scopes), approvedVia: via,
            remoteIP: request.remoteIP, createdAtMs: old?.createdAtMs ?? nowMs, approvedAtMs: nowMs,
            lastSeenAtMs: old?.lastSeenAtMs, tokens: old?.tokens ?? [:])
        devices[request.deviceID] = device
        pendingByDevice[request.deviceID] = nil
        return device
    }

    package mutating func setToken(_ token: DeviceToken, deviceID: String) -> PairedDevice? {
        guard var device = devices[deviceID] else { return nil }
        device.tokens[token.role] = token
        devices[deviceID] = device
        return device
    }

    package mutating func noteSeen(deviceID: String, usingTokenOf role: Role?, nowMs: Int64) {
        devices[deviceID]?.lastSeenAtMs = nowMs
        if let role { devices[deviceID]?.tokens[role.rawValue]?.lastUsedAtMs = nowMs }
    }

    package mutating func remove(deviceID: String) -> PairedDevice? {
        pendingByDevice[deviceID] = nil
        return devices.removeValue(forKey: deviceID)
    }
}
