internal import Crypto
internal import JSON
internal import Sessions
internal import Store
package import Trust
internal import Wire

extension GatewayCore {
    /// Decides about a `connect` request and registers the connection in the same step.
    /// - Parameters:
    ///   - requestID: the id of the `connect` request with its quotes.
    ///   - connID: a fresh id for `server.connId`.
    package mutating func admit(
        _ id: ConnectionID, _ request: AdmissionRequest, requestID: [UInt8], connID: String, nowMs: Int64
    ) -> [Effect] {
        let decision = Admission.decide(request, state: trust, policy: settings.policy, nowMs: nowMs)
        decisions.append(DecisionRecord(id: connID, atMs: nowMs, request: request, decision: decision))
        counts.decided(decision)
        switch decision.outcome {
        case .refused(let refusal, let changes):
            return refuse(id, requestID, connID, refusal, changes, decision, request, nowMs: nowMs)
        case .admitted(let admitted, let changes):
            do throws(ConnectRefusal) {
                return try welcome(id, requestID, connID, admitted, changes, decision, request, nowMs: nowMs)
            } catch {
                return refuse(id, requestID, connID, error, [], decision, request, nowMs: nowMs)
            }
        }
    }

    private mutating func refuse(
        _ id: ConnectionID, _ requestID: [UInt8], _ decisionID: String, _ refusal: ConnectRefusal,
        _ changes: [TrustChange], _ decision: Decision, _ request: AdmissionRequest, nowMs: Int64
    ) -> [Effect] {
        var error = refusal.error
        error.details["decisionId"] = .string(decisionID)
        let answer: [Effect] = [.respond(id, Frames.failure(id: requestID, error)), .close(id, refusal.close)]
        let client = request.params.client
        var effects: [Effect] = [
            .log(
                LogLine(
                    .warn, "ws",
                    "closed before connect peer=\(request.facts.peer) client=\(client.id)/\(client.mode) "
                        + "code=\(refusal.close.code) reason=\(refusal.close.reason) decision=\(decisionID) walk: \(decision.summary)",
                    kind: LogLine.Kind(
                        rule: decision.trace.last?.rule.rawValue ?? "connect",
                        client: request.facts.clientNetwork ?? request.facts.peer),
                    ids: Self.ids(request, decisionID, decision)))
        ]
        effects += noteGuesses(decision, request, nowMs: nowMs)
        var operations: [StoreOperation] = []
        for change in changes {
            guard case .requestPairing(let pending) = change else { continue }
            let isNew = trust.pairing.pending(requestID: pending.requestID, nowMs: nowMs) == nil
            let gone = trust.pairing.put(pending, nowMs: nowMs)
            operations += gone.map { .removePending(requestId: $0.requestID) }
            effects += lapsed(gone, nowMs: nowMs)
            operations.append(.putPending(pending.record))
            if isNew { effects.append(event(.devicePairRequested, pending.json)) }
        }
        guard !operations.isEmpty else { return effects + answer }
        return effects + [.commit(operations, then: answer, failure: .connect(id, id: requestID))]
    }

    /// A decision's id is that of the connection which it is about.
    private static func ids(
        _ request: AdmissionRequest, _ connID: String, _ decision: Decision
    ) -> [LogLine.ID: String] {
        var ids: [LogLine.ID: String] = [
            .connection: connID, .decision: connID, .peer: request.facts.peer,
            .client: "\(request.params.client.id)/\(request.params.client.mode)",
        ]
        ids[.device] = request.params.device?.id
        ids[.request] = decision.pairingRequestID
        return ids
    }

    private mutating func noteGuesses(
        _ decision: Decision, _ request: AdmissionRequest, nowMs: Int64
    ) -> [Effect] {
        guard let client = decision.limiterClient else { return [] }
        if decision.trace.last?.rule == .rateLimit { trust.limiter.knocked(client, nowMs: nowMs) }
        guard !decision.wrongCredentials.isEmpty,
            let until = trust.limiter.failed(client, digests: decision.wrongCredentials, nowMs: nowMs)
        else { return [] }
        return [
            .log(
                LogLine(
                    .warn, "auth",
                    "locked out client=\(client) for \((until - nowMs) / 1000) s: "
                        + "\(trust.limiter.settings.maxAttempts) different wrong credentials (gateway.auth.rateLimit); "
                        + "sallyport auth unlock ends it"))
        ]
    }

    private mutating func welcome(
        _ id: ConnectionID, _ requestID: [UInt8], _ connID: String, _ admitted: Admitted, _ changes: [TrustChange],
        _ decision: Decision, _ request: AdmissionRequest, nowMs: Int64
    ) throws(ConnectRefusal) -> [Effect] {
        var operations: [StoreOperation] = []
        var effects: [Effect] = []
        var issued: HelloOK.IssuedToken?
        var admitted = admitted
        var undo = beginUndo()
        for change in changes {
            switch change {
            case .requestPairing: break
            case .approveSilently(let pending):
                effects += supersede(by: pending, nowMs: nowMs, &operations, &undo)
                let device = trust.pairing.approve(pending, via: "silent", nowMs: nowMs, by: undo.change)
                undo.devices.insert(device.deviceID)
                operations += [.removePending(requestId: pending.requestID), .putDevice(device.record)]
                effects += [
                    event(.devicePairResolved, pending.resolved("approved", nowMs: nowMs)),
                    .log(
                        LogLine(
                            .info, "gateway",
                            "device pairing auto-approved device=\(device.deviceID) role=\(pending.role)")),
                ]
            case .approveByProxy(let pending):
                effects += supersede(by: pending, nowMs: nowMs, &operations, &undo)
                let device = trust.pairing.approve(pending, via: "trusted-proxy", nowMs: nowMs, by: undo.change)
                undo.devices.insert(device.deviceID)
                let token = DeviceToken(
                    role: pending.role, digest: DeviceToken.unissued, scopes: pending.scopes, createdAtMs: nowMs)
                _ = trust.pairing.setToken(token, deviceID: device.deviceID, by: undo.change)
                operations += [
                    .removePending(requestId: pending.requestID), .putDevice(device.record),
                    .putDeviceToken(token.record(deviceID: device.deviceID)),
                ]
                effects += [
                    event(.devicePairResolved, pending.resolved("approved", nowMs: nowMs)),
                    .log(
                        LogLine(
                            .info, "gateway",
                            "device pairing approved by trusted-proxy device=\(device.deviceID) "
                                + Self.approved(device))),
                ]
            case .redeem(let digest, let pending, let roles, let via):
                effects += supersede(by: pending, nowMs: nowMs, &operations, &undo)
                let before = trust.pairing.devices[pending.deviceID]
                let device = trust.pairing.approve(
                    pending, roles: roles, via: via, nowMs: nowMs, by: undo.change)
                undo.devices.insert(device.deviceID)
                if trust.invitations[digest]?.usedBy.contains(device.deviceID) == false {
                    undo.uses.append(TrustUndo.Use(invitation: digest, deviceID: device.deviceID))
                }
                operations +=
                    trust.invitations.redeem(digest, by: device.deviceID).map { [.putInvitation($0.record)] } ?? []
                operations += [.removePending(requestId: pending.requestID), .putDevice(device.record)]
                effects += [
                    event(.devicePairResolved, pending.resolved("approved", nowMs: nowMs)),
                    .log(
                        LogLine(
                            .info, "gateway",
                            "device pairing \(before == nil ? "approved" : "changed") by \(via) device=\(device.deviceID) "
                                + Self.approved(device) + (before.map { ", before: " + Self.approved($0) } ?? ""))),
                ]
            case .issueToken(let deviceID, let role, let scopes, let given, let generation):
                let token = given ?? ids.token()
                let record = DeviceToken(
                    role: role.rawValue, digest: SHA256.digest(Array(token.utf8)), scopes: scopes,
                    issuerGeneration: generation, createdAtMs: nowMs)
                guard trust.pairing.setToken(record, deviceID: deviceID, by: undo.change) != nil else { break }
                undo.devices.insert(deviceID)
                operations.append(.putDeviceToken(record.record(deviceID: deviceID)))
                if role == admitted.role {
                    issued = HelloOK.IssuedToken(deviceToken: token, issuedAtMs: nowMs)
                } else {
                    issued?.others.append(
                        .init(deviceToken: token, role: role, scopes: scopes.names, issuedAtMs: nowMs))
                }
            case .presentSpawns(let chain, let principal):
                operations += try registerPresented(chain, principal: principal, nowMs: nowMs)
                undo.runs += chain.map(\.spawnID)
                if let entry = admitted.deviceID.flatMap({ trust.lineage[$0] }) {
                    admitted.lineage = entry
                    admitted.scopes = entry.scopes.clamping(admitted.scopes)
                }
            case .bindPlaced(let entry):
                if let before = trust.lineage.bind(entry), before.deviceID != entry.deviceID {
                    effects += close(device: before.deviceID, .clientInvalidated("run-placed-elsewhere"))
                    operations.append(.deleteGrant(childDeviceId: before.deviceID))
                }
                operations.append(.putGrant(entry.record))
            case .renewGrant(let deviceID, let expiresAtMs):
                if let entry = trust.lineage.renew(deviceID: deviceID, expiresAtMs: expiresAtMs) {
                    operations.append(.putGrant(entry.record))
                }
            }
        }
        if let device = admitted.deviceID {
            let role = admitted.method == .deviceToken ? admitted.role : nil
            trust.pairing.noteSeen(deviceID: device, usingTokenOf: role, nowMs: nowMs)
        }
        let guesses = noteGuesses(decision, request, nowMs: nowMs)
        // Only the secret itself shows that what was wrong before was no guess.
        if admitted.dependsOnSharedSecret, let client = decision.limiterClient {
            trust.limiter.succeeded(client)
        }
        let connection = ClientConnection(
            id: id, connID: connID, admitted: admitted, client: request.params.client,
            clientAddress: request.facts.clientAddress, connectedAtMs: nowMs)
        register(connection)
        let protocols = (request.params.minProtocol, request.params.maxProtocol)
        let opening =
            [
                Effect.open(
                    Opening(
                        connection: id, requestID: requestID,
                        protocolVersion: ProtocolWindow.negotiate(min: protocols.0, max: protocols.1)
                            ?? ProtocolWindow.newest,
                        issued: issued, resume: request.params.resume))
            ] + pinNotice(for: id, nowMs: nowMs)
        effects.append(
            .log(
                LogLine(
                    .info, "ws",
                    "connected peer=\(request.facts.peer) client=\(connection.client.id)/\(connection.client.mode) "
                        + "conn=\(connID) walk: \(decision.summary)", ids: Self.ids(request, connID, decision))))
        guard !operations.isEmpty else { return guesses + effects + opening }
        // What is not on the disk is told to nobody.
        return guesses + [
            .commit(operations, then: effects + opening, failure: .connect(id, id: requestID, undo: undo))
        ]
    }

    private static func approved(_ device: PairedDevice) -> String {
        "roles=\(device.roles.joined(separator: ",")) scopes=\(device.approvedScopes.names.joined(separator: ","))"
    }

    /// First presentation is a spawn: the checks of a spawn run against the issuer's session, for the whole chain
    /// before anything is changed.
    private mutating func registerPresented(
        _ chain: [SpawnGrant], principal: Principal, nowMs: Int64
    ) throws(ConnectRefusal) -> [StoreOperation] {
        let main = mainSession(&table, nowMs: nowMs)
        var issuers: [String: (key: String, agentID: String)] = [:]
        for grant in chain {
            guard table.sessions[grant.sessionKey] == nil, table.runs[grant.spawnID] == nil else {
                throw .lineage(
                    verdict: "session-exists", sentence: "the grant names a session that exists already",
                    remedy: "use a fresh UUID as jti for every spawn")
            }
            let known = trust.lineage[grant.issuer].flatMap { table.sessions[$0.sessionKey] } ?? main
            let issuer = issuers[grant.issuer] ?? (known.key, known.agentID)
            do throws(SpawnRefusal) {
                _ = try SpawnPolicy.check(
                    SpawnRequest(task: "", agentID: grant.agentID),
                    from: SpawnPolicy.Requester(
                        agentID: issuer.agentID, depth: grant.depth - 1,
                        activeChildren: table.activeChildren(of: issuer.key).count),
                    catalog: settings.catalog)
            } catch {
                throw .spawnPolicy(message: error.message, rule: error.rule.rawValue, remedy: error.remedy)
            }
            issuers[grant.issuer] = issuer
            issuers[grant.subject] = (grant.sessionKey, grant.agentID)
        }
        return chain.flatMap { grant in
            register(grant, requesterKey: issuers[grant.issuer]?.key ?? main.key, principal: principal, nowMs: nowMs)
        }
    }

    private mutating func register(
        _ grant: SpawnGrant, requesterKey: String, principal: Principal, nowMs: Int64
    ) -> [StoreOperation] {
        let session = Session(
            key: grant.sessionKey, sessionID: ids.uuid(), agentID: grant.agentID, kind: .spawned, label: nil,
            parentKey: requesterKey, depth: grant.depth, createdAtMs: nowMs, updatedAtMs: nowMs)
        let run = Run(
            runID: grant.spawnID, sessionKey: grant.sessionKey, requesterKey: requesterKey, askerDeviceID: nil,
            agentID: grant.agentID, task: "", label: nil, cleanup: .keep, runTimeoutSeconds: 0, spawnTimeoutMs: 0,
            acceptedAtMs: nowMs, isExternal: true, idempotencyKey: nil, startedAtMs: nowMs,
            phase: .running(deadlineMs: nil))
        let entry = LineageEntry(
            deviceID: grant.subject, publicKey: grant.publicKey, issuer: grant.issuer, spawnID: grant.spawnID,
            sessionKey: grant.sessionKey, scopes: ceiling(of: grant.agentID).clamping(grant.scopes),
            depth: grant.depth, principal: principal, asker: nil,
            runID: grant.spawnID, isRegistered: false, expiresAtMs: grant.expiresAt * 1000, runTokenDigest: nil)
        table.insert(session)
        table.insert(run)
        trust.lineage.insert(entry)
        return [.putSession(session.record), .putRun(run.record), .putGrant(entry.record)]
    }

    func mainSession(_ table: inout SessionTable, nowMs: Int64) -> Session {
        let key = settings.defaultMainSessionKey
        if let session = table.sessions[key] { return session }
        let session = Session(
            key: key, sessionID: ids.uuid(), agentID: settings.catalog.defaultAgentID, kind: .primary, label: nil,
            parentKey: nil, depth: 0, createdAtMs: nowMs, updatedAtMs: nowMs)
        table.insert(session)
        return session
    }

    mutating func hello(_ connection: ClientConnection, _ opening: Opening, resume: String?, nowMs: Int64) -> [UInt8] {
        let isAdmin = connection.admitted.scopes.covers(.admin)
        let hello = HelloOK(
            protocolVersion: opening.protocolVersion, serverVersion: settings.serverVersion, connID: connection.connID,
            presence: presence(nowMs: nowMs),
            health: announcedHealth == nil ? .object(JSONObject()) : health(nowMs: nowMs), stateVersion: stateVersion,
            uptimeMs: nowMs - settings.startedAtMs,
            defaultAgentID: settings.catalog.defaultAgentID, mainKey: settings.mainKey,
            sessionScope: settings.sessionScope,
            ownerFacts: isAdmin
                ? HelloOK.OwnerFacts(
                    configPath: settings.configPath, stateDir: settings.stateDirectory,
                    authMode: settings.policy.authMode.rawValue) : nil,
            role: connection.admitted.role, scopes: connection.admitted.scopes.names, issuedToken: opening.issued,
            policy: settings.connectionPolicy, resume: resume)
        return hello.encoded()
    }
}
