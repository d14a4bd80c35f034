internal import JSON
internal import Sessions
internal import Store
internal import Wire

/// `chat` events: what a run says, as conversations show it (wire protocol, section 6.5).
extension GatewayCore {
    /// Takes what was said; announces it with what was said before, unless the last announcement was a moment ago.
    mutating func chatDelta(_ run: Run, _ text: String, nowMs: Int64) -> [Effect] {
        progress[run.runID, default: RunProgress()].unsentDelta += text
        let waiting = progress[run.runID]?.unsentDelta.utf8.count ?? 0
        // Also when there is much of it, so that it is never held in mass.
        guard
            nowMs - (progress[run.runID]?.deltaSentMs ?? 0) >= RunProgress.deltaIntervalMs
                || waiting > RunProgress.maxWholeTextBytes
        else {
            runsWithUnsentDelta.insert(run.runID)
            return []
        }
        return sendDelta(run, nowMs: nowMs)
    }

    /// Deltas whose time has come.
    mutating func dueDeltas(nowMs: Int64) -> [Effect] {
        runsWithUnsentDelta.sorted().flatMap { runID -> [Effect] in
            guard let run = table.runs[runID], let known = progress[runID] else {
                runsWithUnsentDelta.remove(runID)
                return []
            }
            return nowMs - known.deltaSentMs < RunProgress.deltaIntervalMs ? [] : sendDelta(run, nowMs: nowMs)
        }
    }

    private mutating func sendDelta(_ run: Run, nowMs: Int64) -> [Effect] {
        runsWithUnsentDelta.remove(run.runID)
        guard var known = progress[run.runID], !known.unsentDelta.isEmpty else { return [] }
        var fields: [(String, JSON)] = [("deltaText", .string(known.unsentDelta))]
        if known.isWhole {
            fields.append(("message", .object(ChatMessage.text(role: "assistant", known.text, atMs: nowMs))))
        }
        known.unsentDelta = ""
        known.deltaSentMs = nowMs
        progress[run.runID] = known
        return [chatEvent(run, state: "delta", fields, isDroppable: true)]
    }

    /// The last chat event of a run, and before it what was not announced yet.
    mutating func chatEnd(_ run: Run, _ end: RunEnd, message: JSONObject, nowMs: Int64) -> [Effect] {
        let rest = sendDelta(run, nowMs: nowMs)
        var fields: [(String, JSON)] = []
        let state: String
        switch end.status {
        case .ok: (state, fields) = ("final", [("message", .object(message)), ("stopReason", "stop")])
        case .killed: (state, fields) = ("aborted", [("message", .object(message)), ("stopReason", "aborted")])
        case .error, .lost, .timeout:
            state = "error"
            fields = [
                ("errorMessage", .string(end.cause ?? end.status.rawValue)),
                ("errorKind", end.status == .timeout ? "timeout" : "unknown"),
            ]
            if !end.text.isEmpty { fields.append(("message", .object(message))) }
        }
        return rest + [chatEvent(run, state: state, fields, isDroppable: false)]
    }

    private mutating func chatEvent(
        _ run: Run, state: String, _ fields: [(String, JSON)], isDroppable: Bool
    ) -> Effect {
        progress[run.runID, default: RunProgress()].chatSeq += 1
        var payload = JSONObject([
            ("runId", .string(run.runID)), ("sessionKey", .string(run.sessionKey)), ("agentId", .string(run.agentID)),
        ])
        if !run.isTurn { payload["spawnedBy"] = .string(run.requesterKey) }
        payload["seq"] = .integer(progress[run.runID]?.chatSeq ?? 1)
        payload["state"] = .string(state)
        for (name, value) in fields { payload[name] = value }
        return event(.chat, .object(payload), about: run.sessionKey, isDroppable: isDroppable)
    }

    /// What the transcript keeps of a run's end.
    func answer(of run: Run, _ end: RunEnd) -> JSONObject {
        let reason =
            switch end.status {
            case .ok: "stop"
            case .killed: "aborted"
            case .timeout: "timeout"
            case .error, .lost: "error"
            }
        var message = ChatMessage.text(
            role: "assistant", end.text, atMs: end.endedAtMs, fields: [("stopReason", .string(reason))])
        if end.status != .ok { message["errorMessage"] = .string(end.cause ?? end.status.rawValue) }
        if end.totalBytes > end.text.utf8.count {
            message["truncated"] = true
            message["bytes"] = .integer(Int64(end.totalBytes))
        }
        return message
    }
}
