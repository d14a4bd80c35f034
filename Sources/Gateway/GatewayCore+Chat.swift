internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// `chat.*` (wire protocol, section 6.5).
extension GatewayCore {
    static let maxMessageBytes = 1_048_576
    /// Of an idempotency key; it becomes the id of a run.
    static let maxRunIDBytes = 256
    private static let stopCommands: Set<String> = ["/stop", "stop", "/abort"]

    mutating func chatSend(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let key = try sessionKey(reader, "sessionKey", caller)
        try refuseRouting(reader, caller)
        return try send(
            request, reader, to: key, runID: try runID(reader), origin: .chat, from: caller, nowMs: nowMs)
    }

    /// Starts a turn for `chat.send` and `sessions.send`.
    mutating func send(
        _ request: GatewayRequest, _ reader: ParamReader, to key: String, runID: String, origin: TurnOrigin,
        from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let message = try reader.string("message") ?? ""
        if Self.stopCommands.contains(message.lowercased()) {
            return abortTurns(request, of: key, runID: nil, caller, nowMs: nowMs)
        }
        let wanted = TurnRequest(
            runID: runID, sessionKey: key, message: try text(message, reader), origin: origin,
            timeoutSeconds: Int((try reader.integer("timeoutMs", in: 0...86_400_000_000) ?? 0) + 999) / 1000,
            provenance: caller.admitted.lineage?.sessionKey)
        var operations: [StoreOperation] = []
        let before = table.sessions[key]
        switch try startTurn(wanted, asked: Asker(caller), nowMs: nowMs, &operations) {
        case .known(let run): return [behindCommits(request, reply(request, started(run)))]
        case .accepted(let run, let effects):
            return [
                .commit(
                    operations, then: [reply(request, started(run, isNew: true))] + effects,
                    failure: .turn(
                        request.connection, id: request.id, runID: run.runID, undo: undo(of: key, before)))
            ]
        }
    }

    /// What came first may still be on its way to the disk.
    func behindCommits(_ request: GatewayRequest, _ effect: Effect) -> Effect {
        .commit([], then: [effect], failure: .request(request.connection, id: request.id))
    }

    private func started(_ run: Run, isNew: Bool = false) -> JSON {
        var answer = JSONObject([("runId", .string(run.runID))])
        switch run.end?.status {
        case nil: answer["status"] = isNew ? "started" : "in_flight"
        case .ok: answer["status"] = "ok"
        case .killed: answer["status"] = "aborted"
        case .timeout: answer["status"] = "timeout"
        case .error, .lost:
            answer["status"] = "error"
            answer["error"] = .string(run.end?.cause ?? "error")
        }
        if isNew { answer["messageSeq"] = table.sessions[run.sessionKey].map { .integer($0.lastSeq) } }
        return .object(answer)
    }

    // MARK: - Params

    /// A session that the caller may see; for a derived device, itself and what is below it.
    func sessionKey(
        _ reader: ParamReader, _ name: String, _ caller: ClientConnection
    ) throws -> String {
        let text = try reader.requiredString(name, maxBytes: SpawnParams.maxNameBytes)
        guard !text.hasControlCharacters else { throw reader.failure(name, "must NOT have control characters") }
        let key: String
        if text == "main" || text == settings.mainKey, let agentID = try agentID(reader) {
            key = SessionKeySyntax.main(agentID: agentID, mainKey: settings.mainKey)
        } else {
            key = canonicalKey(text)
        }
        guard isVisible(key, to: caller) else { throw sessionNotFound(text) }
        return key
    }

    /// `agentId`, where there is one.
    func agentID(_ reader: ParamReader) throws(ParamReader.Failure) -> String? {
        guard let text = try reader.nonEmptyString("agentId", maxBytes: 64) else { return nil }
        guard SessionKeySyntax.isAgentID(text) else {
            throw reader.failure("agentId", "must be an agent's id: a-z, 0-9, _ and -")
        }
        return text
    }

    func runID(_ reader: ParamReader) throws(ParamReader.Failure) -> String {
        let text = try reader.requiredString("idempotencyKey", maxBytes: Self.maxRunIDBytes)
        guard !text.hasControlCharacters else {
            throw reader.failure("idempotencyKey", "must NOT have control characters")
        }
        return text
    }

    /// The text of a message. Attachments need an agent that can be shown them, and a command's input is text.
    func text(_ message: String, _ reader: ParamReader) throws -> String {
        guard message.utf8.count <= Self.maxMessageBytes else {
            throw reader.failure("message", "must NOT have more than \(Self.maxMessageBytes) bytes")
        }
        if let attachments = reader.raw("attachments")?.array, !attachments.isEmpty {
            throw GatewayError(.invalidRequest, .attachmentsUnsupported)
        }
        guard message.contains(where: { !$0.isWhitespace }) else {
            throw GatewayError(.invalidRequest, .messageRequired)
        }
        return message
    }

    private func refuseRouting(_ reader: ParamReader, _ caller: ClientConnection) throws(GatewayError) {
        guard !caller.admitted.scopes.covers(.admin) else { return }
        let routing = ["originatingChannel", "originatingTo", "originatingAccountId", "originatingThreadId"]
        if routing.contains(where: reader.isPresent) {
            throw GatewayError(.invalidRequest, .ownerField)
        }
        let provenance = ["systemInputProvenance", "systemProvenanceReceipt", "suppressCommandInterpretation"]
        if provenance.contains(where: reader.isPresent) {
            throw GatewayError(.invalidRequest, .ownerField, "system provenance fields require admin scope")
        }
    }

    // MARK: - Aborting

    mutating func chatAbort(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let key = try sessionKey(reader, "sessionKey", caller)
        return abortTurns(
            request, of: key, runID: try reader.nonEmptyString("runId"), caller, nowMs: nowMs)
    }

    /// Without a run: whatever of the session the caller may end. An owner may end all, others what they asked for.
    private mutating func abortTurns(
        _ request: GatewayRequest, of key: String, runID: String?, _ caller: ClientConnection, nowMs: Int64
    ) -> [Effect] {
        var runs = table.turns(of: key)
        if let spawn = table.run(ofSession: key), !spawn.phase.isEnded { runs.append(spawn) }
        if let runID {
            if let known = table.runs[runID], known.sessionKey != key {
                return [refusal(request, GatewayError(.invalidRequest, .runSessionMismatch))]
            }
            runs.removeAll { $0.runID != runID }
        }
        let allowed = runs.filter { mayAbort($0, caller) }
        if runID != nil, allowed.count < runs.count {
            return [refusal(request, GatewayError(.invalidRequest, .notYourChild, "unauthorized"))]
        }
        var effects: [Effect] = []
        // What waits first, or its turn would come.
        for run in allowed.filter({ $0.phase == .queued }) + allowed.filter({ $0.phase != .queued }) {
            effects += kill(run, cause: "aborted by \(caller.client.id)", nowMs: nowMs)
            if runID != nil { effects += abortChildren(of: run, nowMs: nowMs) }
        }
        let answer = JSONObject([
            ("ok", true), ("aborted", .bool(!allowed.isEmpty)),
            ("runIds", .array(allowed.map { .string($0.runID) })),
        ])
        return effects + [.commit([], then: [reply(request, .object(answer))], failure: .background)]
    }

    func refusal(_ request: GatewayRequest, _ error: GatewayError) -> Effect {
        .respond(request.connection, Frames.failure(id: request.id, error))
    }

    private func mayAbort(_ run: Run, _ caller: ClientConnection) -> Bool {
        let admitted = caller.admitted
        if let lineage = admitted.lineage {
            return table.isSession(run.sessionKey, atOrBelow: lineage.sessionKey) && run.runID != lineage.runID
        }
        return admitted.scopes.covers(.admin) || run.askerDeviceID == admitted.deviceID
    }

    /// Ends what the agent of a turn has spawned.
    mutating func abortChildren(of run: Run, nowMs: Int64) -> [Effect] {
        table.activeChildren(of: run.sessionKey).filter { $0.parentRunID == run.runID }
            .flatMap { kill($0, cause: "the run that asked for it was aborted", nowMs: nowMs) }
    }

    // MARK: - History

    func chatHistory(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection
    ) throws -> [Effect] {
        let asked = try reader.requiredString("sessionKey", maxBytes: SpawnParams.maxNameBytes)
        let key = try sessionKey(reader, "sessionKey", caller)
        let limit = Int(try reader.integer("limit", in: 1...1000) ?? 200)
        let maxCharacters = Int(try reader.integer("maxChars", in: 1...500_000) ?? 500_000)
        let session = table.sessions[key]
        let view = StoreReading.View.history(asked: asked, key: key, maxCharacters: maxCharacters)
        return [
            .read(
                .transcript(sessionId: session?.sessionID ?? "", limit: limit, maxBytes: TranscriptView.maxBytes),
                StoreReading(request, view))
        ]
    }

    mutating func chatInject(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let key = try sessionKey(reader, "sessionKey", caller)
        let message = try text(try reader.requiredString("message"), reader)
        let label = try reader.nonEmptyString("label", maxBytes: 100)
        let before = table.sessions[key]
        let session = try openSession(key, nowMs: nowMs)
        var fields: [(String, JSON)] = [("stopReason", "injected")]
        if let label { fields.append(("label", .string(label))) }
        let said = ChatMessage.text(role: "assistant", message, atMs: nowMs, fields: fields)
        var operations: [StoreOperation] = [.putSession(session.record)]
        let messageID = ids.uuid()
        let heard = append(said, to: key, run: nil, id: messageID, nowMs: nowMs, &operations)
        let payload = JSONObject([
            ("runId", .string("inject-\(messageID)")), ("sessionKey", .string(key)), ("seq", 0), ("state", "final"),
            ("message", .object(said)),
        ])
        let final = event(.chat, .object(payload), about: key, isDroppable: false)
        let answer = reply(request, .object(JSONObject([("ok", true), ("messageId", .string(messageID))])))
        return [
            .commit(
                operations, then: [answer, final] + heard,
                failure: .sessionChange(request.connection, id: request.id, undo: undo(of: key, before)))
        ]
    }
}

extension String {
    var hasControlCharacters: Bool {
        utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }
}
