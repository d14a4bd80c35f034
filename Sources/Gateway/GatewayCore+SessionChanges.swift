internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// What changes sessions (wire protocol, section 6.4). Every answer waits for its commit.
extension GatewayCore {
    mutating func sessionsCreate(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let agentID = try agentID(reader) ?? settings.catalog.defaultAgentID
        let key =
            reader.isPresent("key")
            ? try sessionKey(reader, "key", caller) : "agent:\(agentID):dashboard:\(ids.uuid())"
        guard caller.admitted.lineage == nil else {
            throw GatewayError(.forbidden, .sessionNotVisible, "a spawned session opens no others")
        }
        let before = table.sessions[key]
        let changes = try changes(reader, to: key, caller)
        // All that can be wrong with the request, before anything is changed.
        let first = try reader.nonEmptyString("task") ?? reader.nonEmptyString("message")
        let message = try first.map { try text($0, reader) }
        let runID = reader.isPresent("idempotencyKey") ? try self.runID(reader) : ids.uuid()
        _ = try openSession(key, nowMs: nowMs)
        apply(changes, to: key, nowMs: nowMs)
        guard let session = table.sessions[key] else { return [] }
        var operations: [StoreOperation] = [.putSession(session.record)]
        var answer = JSONObject([
            ("ok", true), ("key", .string(key)), ("sessionId", .string(session.sessionID)),
            ("entry", .object(rowFields(session))),
        ])
        var effects = before == nil ? sessionsChanged(key, reason: "create", nowMs: nowMs) : []
        var failure = CommitFailure.sessionChange(request.connection, id: request.id, undo: undo(of: key, before))
        if let message {
            let wanted = TurnRequest(runID: runID, sessionKey: key, message: message, origin: .send)
            do throws(GatewayError) {
                switch try startTurn(wanted, asked: Asker(caller), nowMs: nowMs, &operations) {
                case .known(let run): answer["runId"] = .string(run.runID)
                case .accepted(let run, let turn):
                    answer["runId"] = .string(run.runID)
                    answer["messageSeq"] = table.sessions[key].map { .integer($0.lastSeq) }
                    effects += turn
                    failure = .turn(request.connection, id: request.id, runID: runID, undo: undo(of: key, before))
                }
                answer["runStarted"] = true
                answer["status"] = "started"
            } catch {
                // The session is there; only its first turn is not.
                answer["runStarted"] = false
                answer["runError"] = .string(error.message)
            }
        } else {
            answer["runStarted"] = false
        }
        return [.commit(operations, then: [reply(request, .object(answer))] + effects, failure: failure)]
    }

    mutating func sessionsSend(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let runID = reader.isPresent("idempotencyKey") ? try self.runID(reader) : ids.uuid()
        return try send(
            request, reader, to: try sessionKey(reader, "key", caller), runID: runID, origin: .send, from: caller,
            nowMs: nowMs)
    }

    mutating func sessionsPatch(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let key = try sessionKey(reader, "key", caller)
        let changes = try changes(reader, to: key, caller)
        let before = table.sessions[key]
        _ = try openSession(key, nowMs: nowMs)
        apply(changes, to: key, nowMs: nowMs)
        guard let session = table.sessions[key] else { return [] }
        let answer = JSONObject([
            ("ok", true), ("path", .string(settings.stateDirectory)), ("key", .string(key)),
            ("entry", .object(rowFields(session))),
            (
                "resolved",
                .object(JSONObject([("modelProvider", nil), ("model", session.overrides["model"] ?? .null)]))
            ),
        ])
        return [
            .commit(
                [.putSession(session.record)],
                then: [reply(request, .object(answer))] + sessionsChanged(key, reason: "patch", nowMs: nowMs),
                failure: .sessionChange(request.connection, id: request.id, undo: undo(of: key, before)))
        ]
    }

    private func changes(
        _ reader: ParamReader, to key: String, _ caller: ClientConnection
    ) throws -> JSONObject {
        let changes = try SessionPatch.read(reader, isOwner: caller.admitted.scopes.covers(.admin))
        if case .string(let label)? = changes["label"],
            let other = table.sessions.values.first(where: { $0.label == label && $0.key != key })
        {
            throw GatewayError(
                .invalidRequest, .labelInUse, "label already in use: \(label)",
                details: JSONObject([("sessionKey", .string(other.key))]))
        }
        return changes
    }

    private mutating func apply(_ changes: JSONObject, to key: String, nowMs: Int64) {
        table.update(key) { session in
            for (name, value) in changes {
                if name == "label" {
                    session.label = value.string
                } else {
                    session.overrides[name] = value.isNull ? nil : value
                }
            }
            if !changes.isEmpty { session.updatedAtMs = nowMs }
        }
    }

    /// A new conversation under the same key; the old one is archived.
    mutating func sessionsReset(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let key = try sessionKey(reader, "key", caller)
        let reason = try reader.string("reason") ?? "reset"
        guard reason == "reset" || reason == "new" else {
            throw reader.failure("reason", "must be \"new\" or \"reset\"")
        }
        let isNew = table.sessions[key] == nil
        let old = try openSession(key, nowMs: nowMs)
        let ended = endRuns(of: key, cause: "its session was reset", nowMs: nowMs) + closeKeptAgent(of: key)
        let before = isNew ? nil : table.sessions[key]
        let fresh = ids.uuid()
        table.update(key) { session in
            session.sessionID = fresh
            session.title = nil
            session.preview = nil
            session.outcome = nil
            session.abortedLastRun = false
            session.updatedAtMs = nowMs
        }
        guard let session = table.sessions[key] else { return [] }
        let answer = JSONObject([("ok", true), ("key", .string(key)), ("entry", .object(rowFields(session)))])
        let operations: [StoreOperation] = [
            .archiveTranscript(
                sessionId: old.sessionID, sessionKey: key, agentId: old.agentID, reason: .reset, atMs: nowMs),
            .putSession(session.record),
        ]
        return ended + [
            .commit(
                operations,
                then: [reply(request, .object(answer))] + sessionsChanged(key, reason: reason, nowMs: nowMs),
                failure: .sessionChange(request.connection, id: request.id, undo: undo(of: key, before)))
        ]
    }

    mutating func sessionsDelete(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let key = try sessionKey(reader, "key", caller)
        let deletesTranscript = try reader.bool("deleteTranscript") ?? true
        if let agentID = SessionKeySyntax.agentID(of: key),
            key == SessionKeySyntax.main(agentID: agentID, mainKey: settings.mainKey)
        {
            throw GatewayError(.invalidRequest, .mainSessionProtected, "Cannot delete the main session (\(key)).")
        }
        guard let session = table.sessions[key] else {
            return [
                reply(
                    request,
                    .object(JSONObject([("ok", true), ("key", .string(key)), ("deleted", false), ("archived", [])])))
            ]
        }
        var effects = endRuns(of: key, cause: "its session was deleted", nowMs: nowMs)
        effects += endBelow(key, cause: "its parent \(key) was deleted", nowMs: nowMs) + closeKeptAgent(of: key)
        let before = table.sessions[key]
        let operations = remove(session: key, reason: .deleted, nowMs: nowMs)
        let archived: [JSON] = deletesTranscript ? [.string(session.sessionID)] : []
        let answer = JSONObject([
            ("ok", true), ("key", .string(key)), ("deleted", true), ("archived", .array(archived)),
        ])
        return effects + [
            .commit(
                operations,
                then: [reply(request, .object(answer))] + sessionsChanged(key, reason: "delete", nowMs: nowMs),
                failure: .sessionChange(request.connection, id: request.id, undo: undo(of: key, before)))
        ]
    }

    /// A session goes; what was said in it stays for a while, in the archive.
    mutating func remove(
        session key: String, reason: TranscriptArchiveRecord.Reason, nowMs: Int64
    ) -> [StoreOperation] {
        guard let session = table.removeSession(key) else { return [] }
        return [
            .deleteSession(key: session.key),
            .archiveTranscript(
                sessionId: session.sessionID, sessionKey: session.key, agentId: session.agentID, reason: reason,
                atMs: nowMs),
        ] + Self.dropRetainedAttachments(of: session)
    }

    private mutating func endRuns(of key: String, cause: String, nowMs: Int64) -> [Effect] {
        table.unendedRuns(of: key).flatMap { kill($0, cause: cause, nowMs: nowMs) }
    }

    /// Keeps the newest messages; the others go into the archive. Nothing here could sum them up.
    mutating func sessionsCompact(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let key = try sessionKey(reader, "key", caller)
        let kept = Int(try reader.integer("maxLines", in: 1...100_000) ?? 400)
        guard let session = table.sessions[key] else { throw sessionNotFound(key) }
        let operationID = ids.uuid()
        func operation(_ phase: String, _ more: [(String, JSON)] = []) -> Effect {
            event(
                .sessionOperation,
                .object(
                    JSONObject(
                        [
                            ("operationId", .string(operationID)), ("operation", "compact"), ("phase", .string(phase)),
                            ("sessionKey", .string(key)), ("agentId", .string(session.agentID)),
                            ("ts", .integer(nowMs)),
                        ] + more)), about: key)
        }
        let answer = JSONObject([
            ("ok", true), ("key", .string(key)), ("compacted", true), ("kept", .integer(Int64(kept))),
        ])
        return [
            operation("start"),
            .commit(
                [
                    .compactTranscript(
                        sessionId: session.sessionID, keepLast: kept, archiveAs: ids.uuid(), sessionKey: key,
                        agentId: session.agentID, atMs: nowMs)
                ],
                then: [reply(request, .object(answer)), operation("end", [("completed", true)])]
                    + sessionsChanged(key, reason: "compact", nowMs: nowMs),
                failure: .request(request.connection, id: request.id)),
        ]
    }

    /// Ends the run that a session is at, or the one that is named.
    mutating func sessionsAbort(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let named = try reader.nonEmptyString("runId")
        guard reader.isPresent("key") || named != nil else { throw reader.failure("key", "key or runId is required") }
        let run: Run?
        if let named {
            run = table.runs[named]
        } else {
            let key = try sessionKey(reader, "key", caller)
            // Over a connection there is nothing to abort; by HTTP a session that is not there is not found.
            if caller.isOneShot, table.sessions[key] == nil { throw sessionNotFound(key) }
            run = table.activeTurn(of: key) ?? table.run(ofSession: key)
        }
        if let lineage = caller.admitted.lineage, let run, !run.phase.isEnded,
            run.sessionKey == lineage.sessionKey || !table.isSession(run.sessionKey, atOrBelow: lineage.sessionKey)
        {
            throw GatewayError(.forbidden, .notYourChild)
        }
        guard let run, !run.phase.isEnded else {
            var idle: [Effect] = []
            if named == nil {
                let key = try sessionKey(reader, "key", caller)
                let own = caller.admitted.lineage?.sessionKey
                if own == nil || own.map({ $0 != key && table.isSession(key, atOrBelow: $0) }) == true {
                    idle = closeKeptAgent(of: key)
                }
            }
            var answer = JSONObject([("ok", true), ("abortedRunId", nil), ("status", "no-active-run")])
            // Whether one waited is known to those who keep it; from now on none does.
            if !idle.isEmpty { answer["keptAgentClosed"] = true }
            return idle + [reply(request, .object(answer))]
        }
        let answer = reply(
            request,
            .object(JSONObject([("ok", true), ("abortedRunId", .string(run.runID)), ("status", "aborted")])))
        return kill(run, cause: "aborted by \(caller.client.id)", nowMs: nowMs)
            + (run.isTurn && named != nil ? abortChildren(of: run, nowMs: nowMs) : []) + [
                .commit([], then: [answer], failure: .background)
            ]
    }
}
