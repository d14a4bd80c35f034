internal import JSON
internal import Sessions

extension GatewayCore {
    /// What there is to be written since the last call.
    package mutating func takeStreamLines() -> [StreamLog.Line] {
        guard !streamLines.isEmpty else { return [] }
        defer { streamLines = [] }
        return streamLines
    }

    /// What an agent says goes into its session's log, where that is wanted.
    mutating func noteStream(_ run: Run, _ event: JSONObject) {
        // Commands have none, and say much.
        guard run.isTurn || run.runtime == .acp, let session = table.sessions[run.sessionKey],
            let id = session.acp?.streamLogID
        else { return }
        var line = JSONObject()
        for name in ["ts", "seq", "runId"] { line[name] = event[name] }
        line["parentSessionKey"] = session.parentKey.map { .string($0) }
        line["childSessionKey"] = .string(session.key)
        line["agentId"] = .string(session.agentID)
        line["kind"] = event["stream"]
        var data = event["data"]?.object ?? JSONObject()
        // Each piece once: the whole so far stands in the lines before.
        if data["delta"] != nil { data["text"] = nil }
        line["data"] = .object(data)
        streamLines.append(StreamLog.Line(id: id, json: .object(line)))
    }

    func streamLogPath(of session: Session?) -> String? {
        session?.acp?.streamLogID.map { StreamLog.path(stateDirectory: settings.stateDirectory, id: $0) }
    }

    /// Logs of sessions that are gone stay as long as their transcripts do.
    func purgeStreamLogs(nowMs: Int64) -> [Effect] {
        guard let retentionMs = settings.archiveRetentionMs else { return [] }
        let kept = Set(table.sessions.values.compactMap { $0.acp?.streamLogID })
        return [.purgeStreamLogs(keeping: kept, beforeMs: nowMs - retentionMs)]
    }
}
