internal import JSON
internal import Sessions
package import Store
package import Trust
internal import Wire

// Values of the core and the records that stand for them in the store.

extension Session {
    var record: SessionRecord {
        SessionRecord(
            key: key, sessionId: sessionID, agentId: agentID, kind: kind.rawValue, label: label, parentKey: parentKey,
            requesterKey: parentKey, spawnDepth: depth, createdAtMs: createdAtMs, updatedAtMs: updatedAtMs,
            json: fields.serialized())
    }

    /// Those of the outcome stand beside the others.
    private var fields: JSON {
        var object = outcome?.json ?? JSONObject()
        if lastSeq > 0 { object["lastSeq"] = .integer(lastSeq) }
        if !overrides.isEmpty { object["overrides"] = .object(overrides) }
        object["title"] = title.map { .string($0) }
        object["preview"] = preview.map { .string($0) }
        if abortedLastRun { object["abortedLastRun"] = true }
        object["acp"] = acp?.json
        if !systemEvents.isEmpty { object["systemEvents"] = .array(systemEvents.map { .string($0) }) }
        return .object(object)
    }

    init(_ record: SessionRecord) {
        self.init(
            key: record.key, sessionID: record.sessionId, agentID: record.agentId,
            kind: Kind(rawValue: record.kind) ?? .spawned, label: record.label, parentKey: record.parentKey,
            depth: record.spawnDepth, createdAtMs: record.createdAtMs, updatedAtMs: record.updatedAtMs,
            outcome: nil)
        guard let fields = record.json.flatMap({ try? JSONParser.parse($0) }) else { return }
        outcome = Session.Outcome(fields)
        lastSeq = fields["lastSeq"]?.integer ?? 0
        overrides = fields["overrides"]?.object ?? JSONObject()
        title = fields["title"]?.string
        preview = fields["preview"]?.string
        abortedLastRun = fields["abortedLastRun"]?.bool ?? false
        acp = fields["acp"].map { ACPSessionState($0) }
        systemEvents = fields["systemEvents"]?.array?.compactMap(\.string) ?? []
    }
}

extension ACPSessionState {
    fileprivate var json: JSON {
        var object = JSONObject()
        object["cwd"] = workingDirectory.map { .string($0) }
        if isPersistent { object["persistent"] = true }
        object["streamLog"] = streamLogID.map { .string($0) }
        if let conversation {
            object["conversation"] = ["id": .string(conversation.id), "sessionId": .string(conversation.sessionID)]
        }
        return .object(object)
    }

    fileprivate init(_ json: JSON) {
        self.init(workingDirectory: json["cwd"]?.string)
        isPersistent = json["persistent"]?.bool ?? false
        streamLogID = json["streamLog"]?.string
        if let id = json["conversation"]?["id"]?.string, let sessionID = json["conversation"]?["sessionId"]?.string {
            conversation = Conversation(id: id, sessionID: sessionID)
        }
    }
}

extension Session.Outcome {
    fileprivate var json: JSONObject {
        var object = JSONObject([
            ("runId", .string(runID)), ("status", .string(status.rawValue)), ("startedAtMs", .integer(startedAtMs)),
            ("endedAtMs", .integer(endedAtMs)),
        ])
        object["exitCode"] = exitCode.map { .integer(Int64($0)) }
        return object
    }

    fileprivate init?(_ json: JSON) {
        guard let runID = json["runId"]?.string,
            let status = json["status"]?.string.flatMap(RunEnd.Status.init(rawValue:)),
            let startedAtMs = json["startedAtMs"]?.integer, let endedAtMs = json["endedAtMs"]?.integer
        else { return nil }
        self.init(
            runID: runID, status: status, exitCode: json["exitCode"]?.integer.map(Int.init), startedAtMs: startedAtMs,
            endedAtMs: endedAtMs)
    }
}

extension Run {
    var record: RunRecord {
        RunRecord(
            runId: runID, sessionKey: sessionKey, requesterKey: requesterKey,
            askerKind: askerDeviceID == nil ? .session : .device, askerId: askerDeviceID ?? requesterKey,
            agentId: agentID, runtime: isTurn ? "turn" : runtime.rawValue, task: task, label: label, mode: mode,
            cleanup: cleanup.rawValue,
            status: storedStatus, cause: end?.cause, exitCode: end?.exitCode.map(Int32.init),
            acceptedAtMs: acceptedAtMs, startedAtMs: startedAtMs, endedAtMs: end?.endedAtMs,
            runTimeoutSeconds: Int64(runTimeoutSeconds), spawnTimeoutMs: spawnTimeoutMs, external: isExternal,
            idempotencyKey: idempotencyKey, parentRunId: parentRunID, restarts: Int32(clamping: restarts),
            launches: Int32(clamping: launches))
    }

    private var mode: String {
        switch kind {
        case .spawn: "run"
        case .turn(let origin): origin.rawValue
        }
    }

    private var storedStatus: RunRecord.Status {
        switch phase {
        case .queued: .queued
        case .launching: .launching
        case .running: .running
        case .ended(let end): end.status.stored
        }
    }

    func resultRecord(_ end: RunEnd) -> ResultRecord {
        ResultRecord(
            runId: runID, requesterKey: requesterKey, status: end.status.stored, exitCode: end.exitCode.map(Int32.init),
            text: end.text, totalBytes: Int64(end.totalBytes), createdAtMs: end.endedAtMs)
    }

    /// - Parameter phase: what the run is after a restart; the record alone cannot say whether its worker lives.
    init(_ record: RunRecord, phase: Phase) {
        self.init(
            runID: record.runId,
            kind: record.runtime == "turn" ? .turn(TurnOrigin(rawValue: record.mode) ?? .chat) : .spawn,
            sessionKey: record.sessionKey, requesterKey: record.requesterKey,
            askerDeviceID: record.askerKind == .device ? record.askerId : nil, agentID: record.agentId,
            runtime: SpawnRequest.Runtime(rawValue: record.runtime) ?? .subagent, task: record.task,
            label: record.label,
            cleanup: SpawnRequest.Cleanup(rawValue: record.cleanup) ?? .keep,
            runTimeoutSeconds: Int(record.runTimeoutSeconds), spawnTimeoutMs: record.spawnTimeoutMs,
            acceptedAtMs: record.acceptedAtMs, isExternal: record.external, idempotencyKey: record.idempotencyKey,
            parentRunID: record.parentRunId,
            startedAtMs: record.startedAtMs, restarts: Int(record.restarts), launches: Int(record.launches),
            phase: phase)
    }
}

extension RunEnd.Status {
    var stored: RunRecord.Status {
        switch self {
        case .ok: .ok
        case .error: .error
        case .timeout: .timeout
        case .killed: .killed
        case .lost: .lost
        }
    }
}

extension LineageEntry {
    /// A gateway session has no run; the store's record says so with an empty id.
    var record: GrantRecord {
        let (kind, id): (GrantRecord.PrincipalKind, String?) =
            switch principal {
            case .sharedSecret: (.shared, nil)
            case .device(let id): (.device, id)
            case .unshared: (.none, nil)
            }
        let (stored, endedAtMs): (GrantRecord.State, Int64?) =
            switch state {
            case .live: (.live, nil)
            case .ended(let atMs): (.ended, atMs)
            case .revoked(let atMs): (.revoked, atMs)
            }
        return GrantRecord(
            childDeviceId: deviceID, issuerDeviceId: issuer, spawnId: spawnID, sessionKey: sessionKey,
            publicKey: publicKey, scopes: scopes.names, depth: depth, principalKind: kind, principalId: id,
            askerDeviceId: asker, runId: runID ?? "", registered: isRegistered, notBeforeMs: 0,
            expiresAtMs: expiresAtMs ?? .max, runTokenSHA256: runTokenDigest, state: stored, endedAtMs: endedAtMs,
            tombstoneUntilMs: endedAtMs.map { $0 + LineageRegistry.tombstoneMs })
    }

    init(_ record: GrantRecord) {
        let principal: Principal =
            switch record.principalKind {
            case .shared: .sharedSecret
            case .device: record.principalId.map(Principal.device) ?? .unshared
            case .none: .unshared
            }
        let state: State =
            switch record.state {
            case .live: .live
            case .ended: .ended(atMs: record.endedAtMs ?? 0)
            case .revoked: .revoked(atMs: record.endedAtMs ?? 0)
            }
        self.init(
            deviceID: record.childDeviceId, publicKey: record.publicKey, issuer: record.issuerDeviceId,
            spawnID: record.spawnId, sessionKey: record.sessionKey, scopes: ScopeSet(record.scopes),
            depth: record.depth, principal: principal, asker: record.askerDeviceId,
            runID: record.runId.isEmpty ? nil : record.runId, isRegistered: record.registered,
            expiresAtMs: record.expiresAtMs == .max ? nil : record.expiresAtMs, runTokenDigest: record.runTokenSHA256,
            state: state)
    }
}

extension PairedDevice {
    package var record: DeviceRecord {
        DeviceRecord(
            deviceId: deviceID, publicKey: publicKey, displayName: displayName, platform: platform,
            deviceFamily: deviceFamily, clientId: clientID, clientMode: clientMode, roles: roles,
            approvedScopes: approvedScopes.names, approvedVia: approvedVia, remoteIp: remoteIP,
            createdAtMs: createdAtMs, approvedAtMs: approvedAtMs, lastSeenAtMs: lastSeenAtMs)
    }

    init(_ record: DeviceRecord, tokens: [DeviceToken]) {
        self.init(
            deviceID: record.deviceId, publicKey: record.publicKey, displayName: record.displayName,
            platform: record.platform, deviceFamily: record.deviceFamily, clientID: record.clientId,
            clientMode: record.clientMode, roles: record.roles, approvedScopes: ScopeSet(record.approvedScopes),
            approvedVia: record.approvedVia, remoteIP: record.remoteIp, createdAtMs: record.createdAtMs,
            approvedAtMs: record.approvedAtMs, lastSeenAtMs: record.lastSeenAtMs,
            tokens: Dictionary(tokens.map { ($0.role, $0) }, uniquingKeysWith: { _, last in last }))
    }
}

extension DeviceToken {
    package func record(deviceID: String) -> DeviceTokenRecord {
        DeviceTokenRecord(
            deviceId: deviceID, role: role, tokenSHA256: digest, scopes: scopes.names,
            issuerKind: issuerGeneration == nil ? nil : "shared-gateway-auth", issuerGeneration: issuerGeneration,
            createdAtMs: createdAtMs, rotatedAtMs: rotatedAtMs, revokedAtMs: revokedAtMs, lastUsedAtMs: lastUsedAtMs)
    }

    init(_ record: DeviceTokenRecord) {
        self.init(
            role: record.role, digest: record.tokenSHA256, scopes: ScopeSet(record.scopes),
            issuerGeneration: record.issuerGeneration, createdAtMs: record.createdAtMs,
            rotatedAtMs: record.rotatedAtMs, revokedAtMs: record.revokedAtMs, lastUsedAtMs: record.lastUsedAtMs)
    }
}

extension PendingPairing {
    var record: PendingPairingRecord {
        PendingPairingRecord(
            requestId: requestID, deviceId: deviceID, publicKey: publicKey, displayName: displayName,
            platform: platform, deviceFamily: deviceFamily, clientId: clientID, clientMode: clientMode, role: role,
            roles: [role], scopes: scopes.names, remoteIp: remoteIP, isRepair: isRepair, createdAtMs: createdAtMs)
    }

    init(_ record: PendingPairingRecord) {
        self.init(
            requestID: record.requestId, deviceID: record.deviceId, publicKey: record.publicKey,
            displayName: record.displayName, platform: record.platform, deviceFamily: record.deviceFamily,
            clientID: record.clientId, clientMode: record.clientMode, role: record.role,
            scopes: ScopeSet(record.scopes), remoteIP: record.remoteIp, isRepair: record.isRepair,
            createdAtMs: record.createdAtMs)
    }
}

extension Invitation {
    var record: InvitationRecord {
        InvitationRecord(
            id: id, tokenSHA256: digest, kind: kind.rawValue, roles: roles, scopes: scopes.names, label: label,
            usesLeft: usesLeft, usedBy: usedBy, createdAtMs: createdAtMs, expiresAtMs: expiresAtMs)
    }

    init(_ record: InvitationRecord) {
        self.init(
            id: record.id, digest: record.tokenSHA256, kind: Kind(rawValue: record.kind) ?? .enrolment,
            roles: record.roles, scopes: ScopeSet(record.scopes), label: record.label, usesLeft: record.usesLeft,
            usedBy: record.usedBy, createdAtMs: record.createdAtMs, expiresAtMs: record.expiresAtMs)
    }
}
