internal import JSON
internal import Sessions
internal import Store
internal import Wire

/// What agents tell of their work besides their text: thoughts, tools, plans, usage (wire protocol, section 6.6).
extension GatewayCore {
    /// Streams of `run.event`. All but the last become `agent` events of the same stream.
    private enum RunStream: String, CaseIterable {
        case thinking, tool, plan, usage
        /// The agent's own id of the session, for its next run.
        case session
    }

    static let maxRunEventBytes = 96 * 1024

    mutating func runEvent(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let run = try ownRun(reader, caller)
        guard let stream = RunStream(rawValue: try reader.requiredString("stream")) else {
            throw reader.failure("stream", "must be \(RunStream.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard let data = reader.raw("data")?.object else { throw reader.failure("data", "must be object") }
        let size = JSON.object(data).serialized().count
        guard size <= Self.maxRunEventBytes else {
            throw reader.failure("data", "must NOT have more than \(Self.maxRunEventBytes) bytes")
        }
        let seq = try reader.requiredInteger("seq", in: 1...(1 << 53))
        let answer = reply(request, .object(JSONObject([("ok", true)])))
        guard !run.phase.isEnded, seq > progress[run.runID]?.outputSeq ?? 0 else { return [answer] }
        progress[run.runID, default: RunProgress()].outputSeq = seq
        switch stream {
        case .session: return remember(data["sessionId"]?.string, of: run) + [answer]
        case .thinking, .plan, .usage:
            return [answer, agentEvent(run, stream: stream.rawValue, data: data, nowMs: nowMs)]
        case .tool:
            return [
                answer, agentEvent(run, stream: stream.rawValue, data: data, nowMs: nowMs),
                toolEvent(run, data, nowMs: nowMs),
            ]
        }
    }

    /// The same for those who subscribed to the session's messages.
    private func toolEvent(_ run: Run, _ data: JSONObject, nowMs: Int64) -> Effect {
        let payload = JSONObject([
            ("runId", .string(run.runID)), ("stream", "tool"), ("ts", .integer(nowMs)), ("data", .object(data)),
            ("sessionKey", .string(run.sessionKey)), ("agentId", .string(run.agentID)),
        ])
        return event(.sessionTool, .object(payload), about: run.sessionKey)
    }

    /// The next run of the session goes on with the agent's conversation.
    private mutating func remember(_ id: String?, of run: Run) -> [Effect] {
        guard let id, !id.isEmpty, id.utf8.count <= 1024, let session = table.sessions[run.sessionKey] else {
            return []
        }
        let conversation = ACPSessionState.Conversation(id: id, sessionID: session.sessionID)
        guard session.acp?.conversation != conversation else { return [] }
        var changed = session
        var state = session.acp ?? ACPSessionState()
        state.conversation = conversation
        changed.acp = state
        table.update(run.sessionKey) { $0 = changed }
        return [.commit([.putSession(changed.record)], then: [], failure: .background)]
    }
}
