internal import Crypto
internal import JSON
internal import Store
internal import Trust
internal import Wire

/// `device.token.*` (wire protocol, section 6.8).
extension GatewayCore {
    mutating func tokenRotate(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let denied = GatewayError(.invalidRequest, .deviceManagementDenied, "device token rotation denied")
        let (device, role) = try managedToken(reader, caller, orElse: denied)
        let old = device.tokens[role]
        // What was revoked is approved again, or stays revoked.
        guard old?.revokedAtMs == nil else { throw denied }
        let scopes =
            try reader.strings("scopes", maxCount: ConnectParams.maxNames, maxBytes: 256).map(ScopeSet.init)
            ?? old?.scopes ?? device.approvedScopes
        guard device.approvedScopes.covers(scopes),
            caller.admitted.scopes.covers(.admin) || caller.admitted.scopes.covers(scopes)
        else { throw denied }
        let isOwn = caller.admitted.deviceID == device.deviceID
        let fresh = ids.token()
        let token = DeviceToken(
            // Nobody else gets to see it: the device is given another when it connects with the shared secret.
            role: role, digest: isOwn ? SHA256.digest(Array(fresh.utf8)) : DeviceToken.unissued, scopes: scopes,
            issuerGeneration: old?.issuerGeneration, createdAtMs: old?.createdAtMs ?? nowMs, rotatedAtMs: nowMs)
        var undo = beginUndo()
        undo.devices = [device.deviceID]
        _ = trust.pairing.setToken(token, deviceID: device.deviceID, by: undo.change)
        var answer = JSONObject([
            ("deviceId", .string(device.deviceID)), ("role", .string(role)),
            ("scopes", .array(scopes.names.map { .string($0) })), ("rotatedAtMs", .integer(nowMs)),
        ])
        if isOwn { answer["token"] = .string(fresh) }
        var operations: [StoreOperation] = [.putDeviceToken(token.record(deviceID: device.deviceID))]
        if endsChildren(role) {
            // With the token or not at all; in memory once they are on the disk.
            operations += trust.lineage.descendants(of: device.deviceID).compactMap { entry in
                entry.state == .live ? .putGrant(entry.revoked(atMs: nowMs).record) : nil
            }
        }
        return [
            .commit(
                operations, then: [reply(request, .object(answer))],
                failure: .rotation(
                    request.connection, id: request.id, deviceID: device.deviceID, role: role, undo: undo))
        ]
    }

    private func endsChildren(_ role: String) -> Bool {
        role == Role.operator.rawValue && settings.policy.onRotate == .close
    }

    /// The new token of a device is on the disk.
    mutating func endWhatHungOn(
        _ deviceID: String, _ role: String, _ caller: ConnectionID, nowMs: Int64
    ) -> [Effect] {
        var operations: [StoreOperation] = []
        var consequences: [Effect] = []
        if endsChildren(role) {
            consequences = revoke(
                deviceID, .authChanged, because: "the token of device \(deviceID.prefix(12))… was rotated",
                nowMs: nowMs, &operations)
        }
        if !operations.isEmpty { consequences.insert(.commit(operations, then: [], failure: .background), at: 0) }
        return consequences + invalidate(deviceID, role, "device-token-rotated", caller)
    }

    mutating func tokenRevoke(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let denied = GatewayError(.invalidRequest, .deviceManagementDenied, "device token revocation denied")
        let (device, role) = try managedToken(reader, caller, orElse: denied)
        guard var token = device.tokens[role] else { throw denied }
        token.revokedAtMs = token.revokedAtMs ?? nowMs
        _ = trust.pairing.setToken(token, deviceID: device.deviceID)
        let answer = JSONObject([
            ("deviceId", .string(device.deviceID)), ("role", .string(role)),
            ("revokedAtMs", .integer(token.revokedAtMs ?? nowMs)),
        ])
        var operations: [StoreOperation] = [.putDeviceToken(token.record(deviceID: device.deviceID))]
        let consequences =
            role == Role.operator.rawValue
            ? revoke(
                device.deviceID, .deviceRemoved,
                because: "the token of device \(device.deviceID.prefix(12))… was revoked", nowMs: nowMs, &operations)
            : []
        return [
            .commit(
                operations, then: [reply(request, .object(answer))],
                failure: .revocation(request.connection, id: request.id))
        ] + consequences + invalidate(device.deviceID, role, "device-token-revoked", caller.id)
    }

    /// The record whose token for a role the caller may change.
    private func managedToken(
        _ reader: ParamReader, _ caller: ClientConnection, orElse denied: GatewayError
    ) throws -> (PairedDevice, role: String) {
        let deviceID = try reader.requiredString("deviceId")
        let role = try reader.requiredString("role")
        guard mayManage(deviceID, caller), let device = trust.pairing.devices[deviceID], device.roles.contains(role),
            caller.admitted.scopes.covers(.admin) || role == Role.operator.rawValue
        else { throw denied }
        return (device, role)
    }

    /// Ends what was opened with a token that has changed. The caller's own connection gets its answer first, and is
    /// closed when it asks for more (wire protocol, section 5.8).
    private mutating func invalidate(
        _ deviceID: String, _ role: String, _ reason: String, _ caller: ConnectionID
    ) -> [Effect] {
        var effects: [Effect] = []
        for id in (connectionsByDevice[deviceID] ?? []).sorted(by: { $0.serial < $1.serial }) {
            guard let connection = connections[id], !connection.isClosing, connection.admitted.lineage == nil,
                connection.admitted.role.rawValue == role
            else { continue }
            if id == caller {
                connections[id]?.invalidated = reason
            } else {
                connections[id]?.isClosing = true
                effects.append(.close(id, .deviceRemoved))
            }
        }
        return effects
    }
}
