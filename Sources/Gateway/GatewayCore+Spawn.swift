internal import Crypto
internal import JSON
internal import Sessions
internal import Store
internal import Trust
package import Wire

/// `sessions_spawn` (sessions and configuration reference, 3.1; design document, section 6).
extension GatewayCore {
    static let grantLifeMs: Int64 = 24 * 3_600_000
    /// Scopes that a child gets at most: read and write, unless the owner's configuration names others.
    func ceiling(of agentID: String) -> ScopeSet {
        settings.catalog.limits(of: agentID).scopes.map { ScopeSet($0) } ?? ScopeSet(.read, .write)
    }

    /// How the agent of a run is kept apart.
    package func isolation(ofRun runID: String) -> Isolation {
        table.runs[runID].flatMap { settings.catalog[$0.agentID] }?.isolation ?? Isolation()
    }

    /// - Parameters:
    ///   - key: the session that spawns, for a caller who may name one; nil: what the params say.
    ///   - shown: what the answer looks like.
    mutating func spawn(
        _ request: GatewayRequest, _ reader: ParamReader, as key: String? = nil, from caller: ClientConnection,
        nowMs: Int64, shown: @Sendable (JSONObject) -> JSON = { .object($0) }
    ) throws -> [Effect] {
        do {
            let wanted = try SpawnParams.read(reader, attachments: settings.conversation.attachments)
            let requester = try requesterSession(key ?? wanted.sessionKey, caller, nowMs: nowMs)
            if let key = wanted.request.idempotencyKey,
                let known = runByIdempotencyKey[IdempotencyKey(requesterKey: requester.key, key: key)],
                let run = table.runs[known]
            {
                // Behind the commit of the first request, should that still be under way.
                return [
                    .commit(
                        [], then: [reply(request, shown(accepted(run)))],
                        failure: .request(request.connection, id: request.id))
                ]
            }
            let isDerived = caller.admitted.lineage != nil
            var asking = SpawnPolicy.Requester(
                agentID: requester.agentID, depth: requester.depth,
                activeChildren: table.activeChildren(of: requester.key).count,
                activeACPSessions: activeACPSessions, hasSession: isDerived || (key ?? wanted.sessionKey) != nil,
                isOperator: !isDerived)
            asking.isSandboxed = isDerived && settings.catalog[requester.agentID]?.isolation.isSandbox == true
            let (agent, runtime) = try SpawnPolicy.check(wanted.request, from: asking, catalog: settings.catalog)
            let (run, effects) = try accept(
                wanted.request, agent: agent, runtime, requester: requester, caller, nowMs: nowMs)
            let answer = reply(request, shown(accepted(run)))
            return effects.log + [
                .commit(
                    effects.operations, then: [answer] + effects.then,
                    failure: .spawn(request.connection, id: request.id, runID: run.runID))
            ]
        } catch let refusal as SpawnRefusal {
            return [reply(request, shown(refusal.fields))]
        }
    }

    /// Runs of ACP agents that have not ended.
    var activeACPSessions: Int {
        table.unendedRuns.count { run in
            (run.isTurn ? settings.catalog.turnRuntime(of: run.agentID) : run.runtime) == .acp
        }
    }

    private func accepted(_ run: Run) -> JSONObject {
        let isPersistent = table.sessions[run.sessionKey]?.acp?.isPersistent == true
        var answer = JSONObject([
            ("status", "accepted"), ("childSessionKey", .string(run.sessionKey)), ("runId", .string(run.runID)),
            ("mode", .string((isPersistent ? SpawnRequest.Mode.session : .run).rawValue)),
            (
                "note",
                "the result is pushed when the run ends; do not poll. Answer NO_REPLY to a completion that comes late."
            ),
        ])
        let overrides = table.sessions[run.sessionKey]?.overrides
        for name in ["attachments", "context", "taskName"] { answer[name] = overrides?[name] }
        answer["streamLogPath"] = streamLogPath(of: table.sessions[run.sessionKey]).map { .string($0) }
        // The command is told; nothing here could say that it is wrong.
        if let model = overrides?["model"] {
            answer["modelApplied"] = true
            answer["resolvedModel"] = model
        }
        return answer
    }

    /// The session of a derived device is its own; anybody else may name one, or gets the default agent's main session.
    private mutating func requesterSession(
        _ named: String?, _ caller: ClientConnection, nowMs: Int64
    ) throws(SpawnRefusal) -> Session {
        if let lineage = caller.admitted.lineage {
            guard let session = table.sessions[lineage.sessionKey] else {
                throw SpawnRefusal(
                    .error, "the requester session \(lineage.sessionKey) is gone", rule: .requesterSession,
                    remedy: "spawn from a live session")
            }
            return session
        }
        let key =
            switch named {
            case nil, settings.mainKey: settings.defaultMainSessionKey
            case .some(let key): key
            }
        if let session = table.sessions[key] { return session }
        guard let agentID = SessionKeySyntax.agentID(of: key),
            key == SessionKeySyntax.main(agentID: agentID, mainKey: settings.mainKey),
            settings.catalog[agentID] != nil || agentID == settings.catalog.defaultAgentID
        else {
            throw SpawnRefusal(
                .error, "session not found: \(key)", rule: .requesterSession,
                remedy: "use a key of sessions.list, or agent:<id>:\(settings.mainKey) of a configured agent")
        }
        let session = Session(
            key: key, sessionID: ids.uuid(), agentID: agentID, kind: .primary, label: nil, parentKey: nil, depth: 0,
            createdAtMs: nowMs, updatedAtMs: nowMs)
        table.insert(session)
        return session
    }

    private mutating func accept(
        _ wanted: SpawnRequest, agent: AgentDefinition, _ runtime: SpawnRequest.Runtime, requester: Session,
        _ caller: ClientConnection, nowMs: Int64
    ) throws(SpawnRefusal) -> (Run, Acceptance) {
        var operations: [StoreOperation] = [.putSession(requester.record)]
        let parent = speaker(for: requester, &operations)
        let spawnID = ids.uuid()
        let key =
            switch runtime {
            case .subagent, .local: SessionKeySyntax.subagent(agentID: agent.id, spawnID: spawnID)
            case .acp: SessionKeySyntax.acp(agentID: agent.id, spawnID: spawnID)
            }
        var session = Session(
            key: key, sessionID: ids.uuid(), agentID: agent.id, kind: .spawned, label: wanted.label,
            parentKey: requester.key, depth: requester.depth + 1, createdAtMs: nowMs, updatedAtMs: nowMs)
        if let model = wanted.model { session.overrides["model"] = .string(model) }
        if let thinking = wanted.thinking { session.overrides["thinkingLevel"] = .string(thinking) }
        if let name = wanted.taskName { session.overrides["taskName"] = .string(name) }
        let cleanup = wanted.mode == .session ? .keep : wanted.cleanup
        session.overrides["attachments"] = Self.summary(
            wanted.attachments, isRetained: settings.conversation.attachments.isRetained && cleanup == .keep)
        if wanted.context == .fork {
            session.overrides["context"] = .string(wanted.context.rawValue)
            session.lastSeq = requester.lastSeq
        }
        if runtime == .acp {
            session.acp = ACPSessionState(
                workingDirectory: wanted.acp.workingDirectory,
                conversation: wanted.acp.resumeSessionID.map { .init(id: $0, sessionID: session.sessionID) })
            session.acp?.isPersistent = wanted.mode == .session
            if wanted.acp.streamsToParent { session.acp?.streamLogID = session.sessionID }
        }
        // A parent whose key is on another host cannot be derived from here: its child descends from us, and has been
        // asked for by the parent.
        // The same for a session whose own run has ended, and its key with it: it goes on by the keys of its turns.
        let hasEnded = if case .ended = parent.state { true } else { false }
        let ownKey = hasEnded ? nil : identity(below: parent, sessionKey: session.key, spawnID: spawnID)
        guard let identity = ownKey ?? (try? settings.root.child(sessionKey: session.key, spawnID: spawnID)) else {
            throw SpawnRefusal(
                .error, "Failed to register subagent run: no identity can be derived for \(session.key)",
                rule: .childIdentity, remedy: "report this; the parent's chain is damaged")
        }
        let limits = settings.catalog.limits(of: requester.agentID)
        let run = Run(
            runID: spawnID, sessionKey: session.key, requesterKey: requester.key,
            askerDeviceID: caller.admitted.lineage == nil ? caller.admitted.deviceID : nil, agentID: agent.id,
            runtime: runtime, task: wanted.task, label: wanted.label,
            cleanup: cleanup,
            runTimeoutSeconds: wanted.runTimeoutSeconds ?? limits.runTimeoutSeconds,
            spawnTimeoutMs: limits.spawnTimeoutMs, acceptedAtMs: nowMs, isExternal: false,
            idempotencyKey: wanted.idempotencyKey, parentRunID: caller.admitted.lineage?.runID, phase: .queued)
        let entry = LineageEntry(
            deviceID: identity.deviceID, publicKey: identity.key.publicKey,
            issuer: ownKey == nil ? settings.root.deviceID : parent.deviceID, spawnID: spawnID,
            sessionKey: session.key,
            scopes: parent.scopes.clamping(caller.admitted.scopes.clamping(ceiling(of: agent.id))),
            depth: session.depth,
            principal: caller.admitted.principal,
            asker: run.askerDeviceID.flatMap { trust.isPaired($0) ? $0 : nil } ?? askerOfTurn(caller)
                ?? (hasEnded ? parent.asker : ownKey == nil ? parent.deviceID : nil), runID: run.runID,
            isRegistered: true,
            expiresAtMs: nowMs + Self.grantLifeMs, runTokenDigest: nil)
        table.insert(session)
        table.insert(run)
        trust.lineage.insert(entry)
        if let key = wanted.idempotencyKey {
            runByIdempotencyKey[IdempotencyKey(requesterKey: requester.key, key: key)] = run.runID
        }
        if wanted.context == .fork {
            operations.append(.copyTranscript(from: requester.sessionID, to: session.sessionID))
        }
        operations += store(wanted.attachments, for: run, nowMs: nowMs)
        let heard = append(
            ChatMessage.text(role: "user", wanted.task, atMs: nowMs), to: session.key, run: run.runID, nowMs: nowMs,
            &operations)
        operations += [.putRun(run.record), .putGrant(entry.record)]
        let log = Effect.log(
            LogLine(
                .info, "agent/sessions-spawn",
                "accepted run=\(run.runID) agent=\(agent.id) parent=\(requester.key) depth=\(session.depth)"))
        let launches = launches(of: requester.key, nowMs: nowMs, &operations)
        return (run, Acceptance(log: [log], operations: operations, then: launches + heard))
    }

    /// What an accepted spawn has to do, but for its answer.
    private struct Acceptance {
        let log: [Effect]
        let operations: [StoreOperation]
        let then: [Effect]
    }

    /// What the agent of a turn spawns hangs on its session by key; by asker it hangs on who asked for the turn.
    private func askerOfTurn(_ caller: ClientConnection) -> String? {
        caller.admitted.lineage.flatMap { $0.isTurn ? $0.asker : nil }
    }

    // MARK: - Keys

    /// The derived device that speaks for a session: its own, or a gateway session's, which is made when first needed.
    mutating func speaker(for session: Session, _ operations: inout [StoreOperation]) -> LineageEntry {
        if let entry = trust.lineage.entry(forSession: session.key) {
            // Put again each time: the commit in which it was made may have failed.
            if entry.isGatewaySession { operations.append(.putGrant(entry.record)) }
            return entry
        }
        let root = settings.root
        let spawnID = "root.0"
        guard let identity = try? root.child(sessionKey: session.key, spawnID: spawnID) else {
            preconditionFailure("a session key of a configured agent fits into the derivation")
        }
        let entry = LineageEntry(
            deviceID: identity.deviceID, publicKey: identity.key.publicKey, issuer: root.deviceID, spawnID: spawnID,
            sessionKey: session.key, scopes: ceiling(of: session.agentID).union(ScopeSet(.read, .write)),
            depth: session.depth, principal: .sharedSecret,
            asker: nil, runID: nil, isRegistered: true, expiresAtMs: nil, runTokenDigest: nil)
        trust.lineage.insert(entry)
        operations.append(.putGrant(entry.record))
        return entry
    }

    /// Derives a child's key from the root down. Nothing but the root's seed is ever kept.
    /// - Returns: nil when the parent's own key is not derivable here: it descends from a paired device.
    func identity(below parent: LineageEntry, sessionKey: String, spawnID: String) -> SigningIdentity? {
        guard let parentIdentity = identity(of: parent) else { return nil }
        return try? parentIdentity.child(sessionKey: sessionKey, spawnID: spawnID)
    }

    func identity(of entry: LineageEntry) -> SigningIdentity? {
        guard entry.depth <= SpawnGrant.maxClaimedDepth else { return nil }
        if entry.issuer == settings.root.deviceID {
            return try? settings.root.child(sessionKey: entry.sessionKey, spawnID: entry.spawnID)
        }
        guard let parent = trust.lineage[entry.issuer], parent.depth < entry.depth,
            let parentIdentity = identity(of: parent)
        else { return nil }
        return try? parentIdentity.child(sessionKey: entry.sessionKey, spawnID: entry.spawnID)
    }

    // MARK: - Launching

    /// Launches what has a free place now. Each launch mints a run token; only its digest is kept.
    mutating func launches(of requesterKey: String, nowMs: Int64, _ operations: inout [StoreOperation]) -> [Effect] {
        // What is still queued there is about to be ended too.
        if endingBelow.contains(requesterKey) { return [] }
        // Nothing begins below a run that has ended, but what later turns of its session have spawned.
        if let own = table.run(ofSession: requesterKey), own.phase.isEnded,
            !table.activeChildren(of: requesterKey).contains(where: {
                $0.phase == .queued && $0.parentRunID != own.runID
            })
        {
            return []
        }
        let agentID = table.sessions[requesterKey]?.agentID ?? settings.catalog.defaultAgentID
        let promoted = table.promote(
            requesterKey: requesterKey, maxConcurrent: settings.catalog.limits(of: agentID).maxConcurrent, nowMs: nowMs)
        return promoted.flatMap { launch($0, nowMs: nowMs, &operations) }
    }

    /// Here, or where the agent's pool has a place.
    mutating func launch(_ run: Run, nowMs: Int64, _ operations: inout [StoreOperation]) -> [Effect] {
        if isLocal(run) { return launchLocally(run, &operations) }
        if let pool = pool(of: run) { return enqueue(run, pool: pool, nowMs: nowMs, &operations) }
        guard var entry = ownEntry(of: run, &operations), let identity = identity(of: entry),
            let run = table.launched(run.runID)
        else { return [] }
        let token = ids.token()
        entry.runTokenDigest = SHA256.digest(Array(token.utf8))
        trust.lineage.insert(entry)
        operations += [.putGrant(entry.record), .putRun(run.record)]
        let limits = settings.catalog.limits(of: run.agentID)
        var order = LaunchOrder(
            runID: run.runID, sessionKey: run.sessionKey, agentID: run.agentID, identity: identity,
            grants: grantChain(of: entry), runToken: token, usesSharedToken: entry.principal == .sharedSecret,
            gatewayURL: limits.gatewayURL, inheritsSharedToken: limits.credential == .inherit, attempt: run.launches)
        order.isolation = settings.catalog[run.agentID]?.isolation ?? Isolation()
        order.kept = keptAgent(for: run)
        return [.launch(order)]
    }

    /// A run whose key is on another host, and which is to be launched here after all, gets a key of ours.
    private mutating func ownEntry(of run: Run, _ operations: inout [StoreOperation]) -> LineageEntry? {
        guard let entry = trust.lineage.entry(forRun: run.runID), identity(of: entry) == nil else {
            return trust.lineage.entry(forRun: run.runID)
        }
        let spawnID = run.isTurn ? LineageEntry.turnPrefix + ids.uuid() : run.runID
        guard entry.isRegistered,
            let own = try? settings.root.child(sessionKey: entry.sessionKey, spawnID: spawnID)
        else { return nil }
        let bound = LineageEntry(
            deviceID: own.deviceID, publicKey: own.key.publicKey, issuer: settings.root.deviceID, spawnID: spawnID,
            sessionKey: entry.sessionKey, scopes: entry.scopes, depth: entry.depth, principal: .unshared,
            asker: entry.asker, runID: run.runID, isRegistered: true, expiresAtMs: entry.expiresAtMs,
            runTokenDigest: nil)
        if let before = trust.lineage.bind(bound) { operations.append(.deleteGrant(childDeviceId: before.deviceID)) }
        return bound
    }

    /// The chain of a registered device as grants, root first, for whoever needs to show it elsewhere.
    private func grantChain(of entry: LineageEntry) -> [String] {
        var chain: [String] = []
        var current = entry
        while let parent = trust.lineage[current.issuer], let signer = identity(of: parent) {
            let notBefore = (current.expiresAtMs ?? 0) / 1000 - SpawnGrant.maxLifeSeconds
            let grant = SpawnGrant(
                issuer: current.issuer, subject: current.deviceID, audience: settings.root.deviceID,
                issuedAt: notBefore, notBefore: notBefore, expiresAt: (current.expiresAtMs ?? 0) / 1000,
                spawnID: current.spawnID, sessionKey: current.sessionKey, scopes: current.scopes, depth: current.depth,
                publicKey: current.publicKey)
            chain.insert(grant.signed(by: signer), at: 0)
            current = parent
        }
        return chain
    }
}

extension SpawnRefusal {
    /// The result of a refused spawn.
    var fields: JSONObject {
        JSONObject(
            [
                ("status", .string(status.rawValue)), ("error", .string(message)), ("rule", .string(rule.rawValue)),
                ("kind", .string(kind.rawValue)), ("remediationHint", .string(remedy)),
            ] + (errorCode.map { [("errorCode", .string($0))] } ?? []))
    }
}
