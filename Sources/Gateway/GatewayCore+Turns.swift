internal import Crypto
internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// Turns: one message, answered by the session's agent, in a run like that of a spawned session.
extension GatewayCore {
    /// Takes a turn in: the message goes into the transcript, and its run begins when those before it are over.
    ///
    /// - Parameter operations: what has to be durable before anybody hears of it.
    mutating func startTurn(
        _ wanted: TurnRequest, asked caller: Asker, nowMs: Int64, _ operations: inout [StoreOperation]
    ) throws(GatewayError) -> TurnStart {
        if let known = table.runs[wanted.runID] { return .known(try repeated(known, wanted)) }
        // Before it is opened: what is refused leaves nothing behind.
        let known = table.sessions[wanted.sessionKey]
        let agentID = if let known { known.agentID } else { try agentOfNewSession(wanted.sessionKey) }
        guard settings.catalog.turnRuntime(of: agentID) != nil else { throw nothingToRun(agentID) }
        let session = try openSession(wanted.sessionKey, nowMs: nowMs)
        guard session.overrides["sendPolicy"]?.string != "deny" else {
            throw GatewayError(.invalidRequest, .sendBlocked)
        }
        let before = table.turns(of: session.key)
        guard before.isEmpty || settings.conversation.whenBusy != .reject else {
            throw GatewayError(.unavailable, .sessionBusy, "session \(session.key) is busy", retryable: true)
        }
        guard before.count <= settings.conversation.maxQueued else {
            throw GatewayError(
                .unavailable, .queueFull,
                "\(settings.conversation.maxQueued) turns of session \(session.key) wait already", retryable: true)
        }
        let speaker = speaker(for: session, &operations)
        let entry = try turnDevice(of: session, speaker: speaker, run: wanted.runID, asked: caller, nowMs: nowMs)
        let run = Run(
            runID: wanted.runID, kind: .turn(wanted.origin), sessionKey: session.key, requesterKey: session.key,
            askerDeviceID: caller.deviceID, agentID: session.agentID,
            task: takeSystemEvents(of: session.key) + wanted.message, label: nil, cleanup: .keep,
            runTimeoutSeconds: wanted.timeoutSeconds,
            spawnTimeoutMs: settings.catalog.limits(of: session.agentID).spawnTimeoutMs, acceptedAtMs: nowMs,
            isExternal: false, idempotencyKey: nil, parentRunID: caller.runID, phase: .queued)
        table.insert(run)
        trust.lineage.insert(entry)
        var fields: [(String, JSON)] = []
        if let provenance = wanted.provenance { fields.append(("provenance", .string(provenance))) }
        var effects = append(
            ChatMessage.text(role: wanted.role, wanted.message, atMs: nowMs, fields: fields), to: session.key,
            run: run.runID, nowMs: nowMs, &operations)
        operations += [.putRun(run.record), .putGrant(entry.record)]
        effects += sessionsChanged(session.key, reason: "send", nowMs: nowMs)
        effects += nextTurn(of: session.key, nowMs: nowMs, &operations)
        if settings.conversation.whenBusy == .interrupt {
            effects += before.reversed().flatMap { kill($0, cause: "a newer message took its place", nowMs: nowMs) }
        }
        return .accepted(run, effects: effects)
    }

    private func repeated(_ known: Run, _ wanted: TurnRequest) throws(GatewayError) -> Run {
        guard known.kind == .turn(wanted.origin), known.sessionKey == wanted.sessionKey else {
            throw GatewayError(
                .invalidRequest, .idempotencyConflict, "idempotencyKey \(wanted.runID) is in use by another run")
        }
        return known
    }

    func nothingToRun(_ agentID: String) -> GatewayError {
        if settings.catalog[agentID]?.acp != nil {
            return GatewayError(
                .unavailable, .agentNotRunnable,
                "agent \"\(agentID)\" speaks ACP, which is disabled by policy (`acp.enabled=false`)",
                remedy: "set acp.enabled to true")
        }
        return GatewayError(.unavailable, .agentNotRunnable, "agent \"\(agentID)\" has nothing to run")
    }

    /// A device for one turn, beside the session's own: what the agent spawns hangs on the session, and outlives the turn.
    private func turnDevice(
        of session: Session, speaker: LineageEntry, run runID: String, asked caller: Asker, nowMs: Int64
    ) throws(GatewayError) -> LineageEntry {
        let spawnID = LineageEntry.turnPrefix + ids.uuid()
        // Of a session whose run was on another host, the gateway speaks for the turns itself.
        let issuer =
            speaker.issuer == settings.root.deviceID
            ? settings.root
            : trust.lineage[speaker.issuer].flatMap(identity) ?? (speaker.isRegistered ? settings.root : nil)
        guard speaker.state == .live || speaker.isRegistered, let issuer,
            let identity = try? issuer.child(sessionKey: session.key, spawnID: spawnID)
        else {
            throw GatewayError(
                .invalidRequest, .sessionNotOurs,
                "session \(session.key) belongs to another host, which alone can speak for it")
        }
        return LineageEntry(
            deviceID: identity.deviceID, publicKey: identity.key.publicKey, issuer: issuer.deviceID, spawnID: spawnID,
            sessionKey: session.key,
            scopes: speaker.scopes.clamping(caller.scopes.clamping(ceiling(of: session.agentID))),
            depth: session.depth, principal: caller.principal,
            asker: caller.deviceID.flatMap { trust.isPaired($0) ? $0 : nil } ?? caller.asker, runID: runID,
            isRegistered: true, expiresAtMs: nowMs + Self.grantLifeMs, runTokenDigest: nil)
    }

    /// Launches the next turn of a session, if none is under way.
    mutating func nextTurn(of key: String, nowMs: Int64, _ operations: inout [StoreOperation]) -> [Effect] {
        if isAtFirstPrompt(key) { return [] }
        if table.activeTurn(of: key) == nil, let first = table.turns(of: key).first, isStale(first) {
            return kill(first, cause: "its result was fetched", nowMs: nowMs)
        }
        guard let run = table.promoteTurn(of: key, nowMs: nowMs) else { return [] }
        return launch(run, nowMs: nowMs, &operations)
    }

    // MARK: - Sessions and their messages

    /// The key that clients mean: `main` and bare names belong to the default agent.
    func canonicalKey(_ text: String) -> String {
        let key = writtenOut(text)
        // Texts that differ in bytes may be the same to Unicode: the one that is stored counts.
        return table.sessions[key]?.key ?? key
    }

    private func writtenOut(_ text: String) -> String {
        if text == "main" || text == settings.mainKey { return settings.defaultMainSessionKey }
        if SessionKeySyntax.agentID(of: text) != nil || text == "global" || text == "unknown" { return text }
        return SessionKeySyntax.main(agentID: settings.catalog.defaultAgentID, mainKey: text.lowercased())
    }

    /// A session by its key; one that somebody may open by naming it is made.
    mutating func openSession(_ key: String, nowMs: Int64) throws(GatewayError) -> Session {
        if let session = table.sessions[key] { return session }
        let agentID = try agentOfNewSession(key)
        try makeRoomForSession()
        let isMain = key == SessionKeySyntax.main(agentID: agentID, mainKey: settings.mainKey)
        let session = Session(
            key: key, sessionID: ids.uuid(), agentID: agentID, kind: isMain ? .primary : .chat, label: nil,
            parentKey: nil, depth: 0, createdAtMs: nowMs, updatedAtMs: nowMs)
        table.insert(session)
        return session
    }

    private func agentOfNewSession(_ key: String) throws(GatewayError) -> String {
        guard let agentID = SessionKeySyntax.agentID(of: key), SessionKeySyntax.mayBeOpened(key),
            settings.catalog[agentID] != nil || agentID == settings.catalog.defaultAgentID
        else { throw sessionNotFound(key) }
        return agentID
    }

    func sessionNotFound(_ key: String) -> GatewayError {
        GatewayError(.invalidRequest, .sessionNotFound, "session not found: \(key.prefix(SpawnParams.maxNameBytes))")
    }

    /// Puts a message at the end of a transcript.
    ///
    /// - Returns: what tells those who listen; nobody may hear it before the operations are durable.
    mutating func append(
        _ message: JSONObject, to key: String, run runID: String?, id: String? = nil, nowMs: Int64,
        _ operations: inout [StoreOperation]
    ) -> [Effect] {
        guard table.sessions[key] != nil else { return [] }
        var seq: Int64 = 0
        table.update(key) { seq = $0.append(ChatMessage.plainText(.object(message)), nowMs: nowMs) }
        guard let session = table.sessions[key] else { return [] }
        let id = id ?? ids.uuid()
        operations += [
            .putSession(session.record),
            .appendTranscript(
                TranscriptRecord(
                    sessionId: session.sessionID, seq: seq, role: message["role"]?.string ?? "other",
                    body: JSON.object(message).serialized(), timestampMs: nowMs, runId: runID, messageId: id)),
        ]
        return sessionMessage(ChatMessage.shown(message, id: id, seq: seq), id: id, seq: seq, of: session)
    }
}

/// Who asks for a turn, and with what right.
struct Asker {
    let deviceID: String?
    let scopes: ScopeSet
    let principal: Principal
    /// The turn whose agent asks.
    let runID: String?
    /// Who asked for that turn.
    let asker: String?

    init(_ caller: ClientConnection) {
        let admitted = caller.admitted
        deviceID = admitted.lineage == nil ? admitted.deviceID : nil
        scopes = admitted.scopes
        principal = admitted.principal
        runID = admitted.lineage?.runID
        asker = admitted.lineage?.asker
    }

    /// For the run that has ended: who asked for it hears of it.
    init(_ entry: LineageEntry) {
        deviceID = nil
        scopes = entry.scopes
        principal = entry.principal
        runID = nil
        asker = entry.asker
    }

    /// The gateway itself, for what its owner has ordered before.
    static let owner = Asker(scopes: ScopeSet(.read, .write), principal: .sharedSecret)

    private init(scopes: ScopeSet, principal: Principal) {
        deviceID = nil
        self.scopes = scopes
        self.principal = principal
        runID = nil
        asker = nil
    }
}
