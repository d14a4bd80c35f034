internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// `agent`: a turn with two answers (wire protocol, section 6.6).
extension GatewayCore {
    mutating func agent(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        try refuseAnotherWait(caller)
        let message = try text(try reader.requiredString("message"), reader)
        if reader.isPresent("provider") || reader.isPresent("model"), !caller.admitted.scopes.covers(.admin) {
            throw GatewayError(.invalidRequest, .modelOverrideDenied)
        }
        let key = try agentSession(reader, caller)
        let before = table.sessions[key]
        let wanted = TurnRequest(
            runID: try runID(reader), sessionKey: key, message: message, origin: .agent,
            timeoutSeconds: Int(try reader.integer("timeout", in: 0...31_536_000) ?? 0),
            provenance: caller.admitted.lineage?.sessionKey)
        var operations: [StoreOperation] = []
        switch try startTurn(wanted, asked: Asker(caller), nowMs: nowMs, &operations) {
        case .known(let run):
            if let end = run.end {
                let waiter = RunWaiter(
                    connection: request.connection, requestID: request.id, deadlineMs: nowMs, answer: .final)
                return tell(waiter, of: run, end, nowMs: nowMs)
            }
            return [behindCommits(request, reply(request, agentStatus(run, "in_flight", nowMs: nowMs)))]
        case .accepted(let run, let effects):
            try holdAnswer(run, for: request, caller, deadlineMs: .max, answer: .final)
            return [
                .commit(
                    operations, then: [reply(request, agentStatus(run, "accepted", nowMs: nowMs))] + effects,
                    failure: .turn(
                        request.connection, id: request.id, runID: run.runID, undo: undo(of: key, before)))
            ]
        }
    }

    /// The session that is named, or the main session of the agent that is.
    private func agentSession(_ reader: ParamReader, _ caller: ClientConnection) throws -> String {
        if reader.isPresent("sessionKey") { return try sessionKey(reader, "sessionKey", caller) }
        if let id = try reader.nonEmptyString("sessionId") {
            guard let session = table.sessions.values.first(where: { $0.sessionID == id }),
                isVisible(session.key, to: caller)
            else { throw sessionNotFound(id) }
            return session.key
        }
        let agentID = try agentID(reader) ?? settings.catalog.defaultAgentID
        let key =
            caller.admitted.lineage?.sessionKey
            ?? SessionKeySyntax.main(agentID: agentID, mainKey: settings.mainKey)
        guard isVisible(key, to: caller) else { throw sessionNotFound(key) }
        return key
    }

    private func agentStatus(_ run: Run, _ status: String, nowMs: Int64) -> JSON {
        .object(
            JSONObject([
                ("runId", .string(run.runID)), ("sessionKey", .string(run.sessionKey)), ("status", .string(status)),
                ("acceptedAt", .integer(run.acceptedAtMs)),
            ]))
    }

    /// The second answer.
    func agentFinal(_ requestID: [UInt8], _ run: Run, _ end: RunEnd) -> [UInt8] {
        var meta = JSONObject([("durationMs", .integer(end.endedAtMs - (run.startedAtMs ?? run.acceptedAtMs)))])
        if let session = table.sessions[run.sessionKey] {
            meta["agentMeta"] = .object(
                JSONObject([("sessionId", .string(session.sessionID)), ("sessionKey", .string(session.key))]))
        }
        var result = JSONObject([
            ("payloads", .array([.object(JSONObject([("text", .string(end.text)), ("mediaUrl", nil)]))])),
            ("meta", .object(meta)),
        ])
        for (name, value) in end.fields where name != "text" { result[name] = value }
        var payload = JSONObject([("runId", .string(run.runID))])
        switch end.status {
        case .ok:
            payload["status"] = "ok"
            payload["summary"] = "completed"
        case .killed:
            payload["status"] = "timeout"
            payload["summary"] = "aborted"
            payload["stopReason"] = "aborted"
        case .error, .timeout, .lost:
            let cause = end.cause ?? end.status.rawValue
            payload["status"] = "error"
            payload["summary"] = .string(cause)
            return Frames.failure(
                id: requestID,
                GatewayError(
                    .unavailable, .runFailed, cause, details: JSONObject([("status", .string(end.status.rawValue))])),
                payload: .object(payload))
        }
        payload["result"] = .object(result)
        return Frames.response(id: requestID, payload: .object(payload))
    }
}
