internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// System events: text for a session that nobody typed (wire protocol, section 6.3, `wake`).
extension GatewayCore {
    static let maxSystemEvents = 20

    mutating func wake(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let text = try reader.requiredString("text", maxBytes: CronJob.Payload.maxTextBytes)
        let mode = try reader.requiredString("mode")
        guard let mode = CronJob.WakeMode(rawValue: mode) else {
            throw reader.failure("mode", "must be now or next-heartbeat")
        }
        let agentID = try agentID(reader)
        let key: String
        if reader.raw("sessionKey") != nil {
            key = try sessionKey(reader, "sessionKey", caller)
        } else {
            let main = SessionKeySyntax.main(
                agentID: agentID ?? settings.catalog.defaultAgentID, mainKey: settings.mainKey)
            key = agentID == nil ? caller.admitted.lineage?.sessionKey ?? main : main
        }
        guard isVisible(key, to: caller) else { throw sessionNotFound(key) }
        var operations: [StoreOperation] = []
        let answer = reply(request, .object(JSONObject([("ok", true)])))
        if mode == .nextHeartbeat {
            let noted = try queueSystemEvent(text, for: key, nowMs: nowMs, &operations)
            return [
                .commit(
                    operations, then: [answer] + noted,
                    failure: .systemEvent(request.connection, id: request.id, sessionKey: key))
            ]
        }
        var wanted = TurnRequest(runID: ids.uuid(), sessionKey: key, message: text, origin: .cron)
        wanted.role = "system"
        wanted.provenance = "wake"
        let before = table.sessions[key]
        guard
            case .accepted(let run, let effects) = try startTurn(
                wanted, asked: Asker(caller), nowMs: nowMs, &operations)
        else { return [answer] }
        return [
            .commit(
                operations, then: [answer] + effects,
                failure: .turn(request.connection, id: request.id, runID: run.runID, undo: undo(of: key, before)))
        ]
    }

    /// Keeps a text for the next turn of a session: there is no heartbeat that would bring one.
    mutating func queueSystemEvent(
        _ text: String, for key: String, nowMs: Int64, _ operations: inout [StoreOperation]
    ) throws(GatewayError) -> [Effect] {
        let session = try openSession(key, nowMs: nowMs)
        guard session.systemEvents.count < Self.maxSystemEvents else {
            throw GatewayError(
                .unavailable, .queueFull, "\(Self.maxSystemEvents) system events wait for session \(key) already",
                remedy: "send the session a message: its turn takes them up", retryable: true)
        }
        table.update(key) { $0.systemEvents.append(text) }
        return append(
            ChatMessage.text(role: "system", text, atMs: nowMs, fields: [("provenance", "system-event")]), to: key,
            run: nil, nowMs: nowMs, &operations)
    }

    /// What a session's next turn says before its own message.
    mutating func takeSystemEvents(of key: String) -> String {
        guard let waiting = table.sessions[key]?.systemEvents, !waiting.isEmpty else { return "" }
        table.update(key) { $0.systemEvents = [] }
        return waiting.map { "System: \($0)\n" }.joined() + "\n"
    }
}
