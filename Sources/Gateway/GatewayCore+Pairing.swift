internal import Crypto
internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// `device.pair.*` (wire protocol, section 6.8).
extension GatewayCore {
    /// A non-admin that authenticated by device token manages only itself; shared auth manages all within its scopes.
    func mayManage(_ deviceID: String, _ caller: ClientConnection) -> Bool {
        let admitted = caller.admitted
        if admitted.scopes.covers(.admin) || admitted.method == .ownerSocket { return true }
        switch admitted.method {
        case .deviceToken, .bootstrapToken, .runToken: return admitted.deviceID == deviceID
        default: return true
        }
    }

    func pairList(_ caller: ClientConnection, nowMs: Int64) -> JSON {
        let pending = trust.pairing.pending(nowMs: nowMs).filter { mayManage($0.deviceID, caller) }
        let paired = trust.pairing.devices.values.filter { mayManage($0.deviceID, caller) }
            .sorted { $0.deviceID < $1.deviceID }
        let below = trust.lineage.descendants(of: caller.admitted.deviceID ?? "").map(\.deviceID)
        let derived = trust.lineage.all.filter { entry in
            entry.runID != nil && entry.state == .live
                && (mayManage(entry.deviceID, caller) || below.contains(entry.deviceID))
        }.sorted { ($0.depth, $0.sessionKey) < ($1.depth, $1.sessionKey) }
        return .object(
            JSONObject([
                ("pending", .array(pending.map(\.json))), ("paired", .array(paired.map(\.json))),
                ("derived", .array(derived.map(\.json))),
            ]))
    }

    mutating func pairApprove(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let requestID = try reader.requiredString("requestId")
        let isAdmin = caller.admitted.scopes.covers(.admin)
        guard let pending = trust.pairing.pending(requestID: requestID, nowMs: nowMs) else {
            throw GatewayError(
                .invalidRequest, .pairingRequestNotFound,
                isAdmin ? "unknown requestId" : "device pairing approval denied")
        }
        guard mayManage(pending.deviceID, caller), isAdmin || pending.role == Role.operator.rawValue else {
            throw GatewayError(.invalidRequest, .deviceManagementDenied)
        }
        // The new token has all that was ever approved, so the approver must hold that too.
        let scopes = (trust.pairing.devices[pending.deviceID]?.approvedScopes ?? .none).union(pending.scopes)
        if let missing = caller.admitted.scopes.missing(from: scopes).first {
            throw GatewayError(.invalidRequest, .scopeExceeded, "missing scope: \(missing)")
        }
        if pending.role != Role.operator.rawValue,
            let foreign = scopes.names.first(where: { $0.hasPrefix("operator.") })
        {
            throw GatewayError(.invalidRequest, .scopeNotOfRole, "invalid scope for requested roles: \(foreign)")
        }
        var undo = beginUndo()
        undo.devices = [pending.deviceID]
        undo.pending = [pending]
        let device = trust.pairing.approve(pending, via: "owner", nowMs: nowMs, by: undo.change)
        let token = DeviceToken(
            role: pending.role, digest: DeviceToken.unissued, scopes: device.approvedScopes, createdAtMs: nowMs)
        // The device gets its token when it connects next; until then the role counts all the same.
        let approved = trust.pairing.setToken(token, deviceID: device.deviceID, by: undo.change) ?? device
        let answer = reply(
            request, .object(JSONObject([("requestId", .string(requestID)), ("device", approved.json)])))
        return [
            .commit(
                [
                    .removePending(requestId: requestID), .putDevice(approved.record),
                    .putDeviceToken(token.record(deviceID: device.deviceID)),
                ],
                then: [
                    answer, event(.devicePairResolved, pending.resolved("approved", nowMs: nowMs)),
                    .log(LogLine(.info, "gateway", "device approved device=\(device.deviceID) request=\(requestID)")),
                ],
                failure: .request(request.connection, id: request.id, undo: undo))
        ]
    }

    mutating func pairReject(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let requestID = try reader.requiredString("requestId")
        guard let pending = trust.pairing.pending(requestID: requestID, nowMs: nowMs) else {
            throw GatewayError(.invalidRequest, .pairingRequestNotFound)
        }
        guard mayManage(pending.deviceID, caller) else {
            throw GatewayError(.invalidRequest, .deviceManagementDenied, "device pairing rejection denied")
        }
        _ = trust.pairing.removePending(deviceID: pending.deviceID)
        var undo = beginUndo()
        undo.pending = [pending]
        let answer = reply(
            request,
            .object(JSONObject([("requestId", .string(requestID)), ("deviceId", .string(pending.deviceID))])))
        return [
            .commit(
                [.removePending(requestId: requestID)],
                then: [answer, event(.devicePairResolved, pending.resolved("rejected", nowMs: nowMs))],
                failure: .request(request.connection, id: request.id, undo: undo))
        ]
    }

    mutating func pairRemove(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let deviceID = try reader.requiredString("deviceId")
        guard mayManage(deviceID, caller) else {
            throw GatewayError(.invalidRequest, .deviceManagementDenied, "device pairing removal denied")
        }
        let derived = trust.lineage[deviceID].flatMap { $0.runID }
        let waiting = trust.pairing.pending(nowMs: nowMs).filter { $0.deviceID == deviceID }
        // What is removed here, but not on the disk yet, may be removed again.
        let isOwed = owed.contains(.device(deviceID))
        guard trust.pairing.devices[deviceID] != nil || derived != nil || isOwed else {
            throw GatewayError(.invalidRequest, .deviceNotFound)
        }
        _ = trust.pairing.remove(deviceID: deviceID)
        let answer = reply(request, .object(JSONObject([("deviceId", .string(deviceID))])))
        var operations: [StoreOperation] = [.removeDevice(deviceId: deviceID)]
        operations += waiting.map { .removePending(requestId: $0.requestID) }
        let consequences = revoke(
            deviceID, .deviceRemoved, because: "device \(deviceID.prefix(12))… was removed", nowMs: nowMs, &operations)
        // A caller that removes itself gets its answer before it is closed (wire protocol, section 5.8).
        let own = caller.admitted.deviceID == deviceID ? [Effect.close(caller.id, .deviceRemoved)] : []
        let dropped = waiting.map { event(.devicePairResolved, $0.resolved("rejected", nowMs: nowMs)) }
        let others = close(device: deviceID, .deviceRemoved, except: caller.id)
        if !own.isEmpty { connections[caller.id]?.isClosing = true }
        return [
            .commit(
                operations, then: [answer] + dropped + own,
                failure: .revocation(request.connection, id: request.id), otherwise: dropped + own)
        ] + consequences + others
    }

    /// Tells whoever lists requests that these are gone without anybody's decision: their time was over, or another
    /// request took their place.
    func lapsed(_ gone: [PendingPairing], nowMs: Int64) -> [Effect] {
        gone.map { request in
            let decision = request.isExpired(nowMs: nowMs) ? "expired" : "superseded"
            return event(.devicePairResolved, request.resolved(decision, nowMs: nowMs))
        }
    }

    /// Takes away the request of a device that is approved by a rule, unless it is the one that is approved.
    mutating func supersede(
        by pending: PendingPairing, nowMs: Int64, _ operations: inout [StoreOperation], _ undo: inout TrustUndo
    ) -> [Effect] {
        guard let old = trust.pairing.removePending(deviceID: pending.deviceID) else { return [] }
        undo.pending.append(old)
        guard old.requestID != pending.requestID else { return [] }
        operations.append(.removePending(requestId: old.requestID))
        return lapsed([old], nowMs: nowMs)
    }

    /// Revokes everything that descends from a device, by key or because it asked for it: closed at once, and their
    /// runs end.
    mutating func revoke(
        _ deviceID: String, _ closing: GatewayClose, because: String, nowMs: Int64,
        _ operations: inout [StoreOperation]
    ) -> [Effect] {
        // All are revoked before the first run ends: its end reaches further down, and must find them revoked already.
        let revoked = trust.lineage.descendants(of: deviceID).compactMap {
            trust.lineage.revoke(deviceID: $0.deviceID, nowMs: nowMs)
        }
        operations += revoked.map { .putGrant($0.record) }
        // All are closed before any run ends, so that the reason they are given is the removal and not what follows.
        // The device itself may be the one that asked: it is closed after its answer.
        var effects: [Effect] = []
        for entry in revoked where entry.deviceID != deviceID {
            effects += close(device: entry.deviceID, closing)
        }
        let runs = revoked.compactMap { $0.runID.flatMap { table.runs[$0] } }
        // What is queued ends first, or it would take the places that become free.
        for run in runs.filter({ $0.phase == .queued }) + runs where table.runs[run.runID]?.phase.isEnded == false {
            effects += kill(run, cause: because, nowMs: nowMs)
        }
        return effects
    }
}

extension PendingPairing {
    var json: JSON {
        var entry = JSONObject([
            ("requestId", .string(requestID)), ("deviceId", .string(deviceID)),
            ("publicKey", .string(Base64URL.encode(publicKey))), ("role", .string(role)), ("roles", [.string(role)]),
            ("scopes", .array(scopes.names.map { .string($0) })), ("ts", .integer(createdAtMs)), ("silent", false),
        ])
        entry["displayName"] = displayName.map { .string($0) }
        entry["platform"] = platform.map { .string($0) }
        entry["deviceFamily"] = deviceFamily.map { .string($0) }
        entry["clientId"] = clientID.map { .string($0) }
        entry["clientMode"] = clientMode.map { .string($0) }
        entry["remoteIp"] = remoteIP.map { .string($0) }
        if isRepair { entry["isRepair"] = true }
        return .object(entry)
    }

    func resolved(_ decision: String, nowMs: Int64) -> JSON {
        .object(
            JSONObject([
                ("requestId", .string(requestID)), ("deviceId", .string(deviceID)), ("decision", .string(decision)),
                ("ts", .integer(nowMs)),
            ]))
    }
}

extension PairedDevice {
    var json: JSON {
        var entry = JSONObject([
            ("deviceId", .string(deviceID)), ("publicKey", .string(Base64URL.encode(publicKey))),
            ("roles", .array(roles.map { .string($0) })),
            ("scopes", .array(approvedScopes.names.map { .string($0) })), ("approvedVia", .string(approvedVia)),
            ("createdAtMs", .integer(createdAtMs)), ("approvedAtMs", .integer(approvedAtMs)),
        ])
        entry["displayName"] = displayName.map { .string($0) }
        entry["platform"] = platform.map { .string($0) }
        entry["deviceFamily"] = deviceFamily.map { .string($0) }
        entry["clientId"] = clientID.map { .string($0) }
        entry["clientMode"] = clientMode.map { .string($0) }
        entry["remoteIp"] = remoteIP.map { .string($0) }
        entry["lastSeenAtMs"] = lastSeenAtMs.map { .integer($0) }
        entry["tokens"] = .array(
            tokens.values.sorted { $0.role < $1.role }.map { token in
                var row = JSONObject([
                    ("role", .string(token.role)), ("scopes", .array(token.scopes.names.map { .string($0) })),
                    ("createdAtMs", .integer(token.createdAtMs)),
                ])
                row["rotatedAtMs"] = token.rotatedAtMs.map { .integer($0) }
                row["revokedAtMs"] = token.revokedAtMs.map { .integer($0) }
                row["lastUsedAtMs"] = token.lastUsedAtMs.map { .integer($0) }
                return .object(row)
            })
        return .object(entry)
    }
}

extension LineageEntry {
    var json: JSON {
        .object(
            JSONObject([
                ("deviceId", .string(deviceID)), ("parentDeviceId", .string(issuer)),
                ("sessionKey", .string(sessionKey)),
                ("depth", .integer(Int64(depth))), ("scopes", .array(scopes.names.map { .string($0) })),
                ("runId", runID.map { .string($0) } ?? nil),
            ]))
    }
}
