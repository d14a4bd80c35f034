internal import JSON
internal import Sessions
internal import Text
internal import Wire

/// Session listings (wire protocol, section 6.4).
extension GatewayCore {
    func sessionsList(
        _ reader: ParamReader, for caller: ClientConnection, nowMs: Int64
    ) throws(ParamReader.Failure) -> JSON {
        let limit = Int(try reader.integer("limit", in: 1...10_000) ?? 100)
        let offset = Int(try reader.integer("offset", in: 0...1_000_000_000) ?? 0)
        let agentID = try reader.string("agentId")
        let spawnedBy = try reader.string("spawnedBy")
        let label = try reader.string("label")
        let activeMinutes = try reader.integer("activeMinutes", in: 1...10_000_000)
        let search = try reader.nonEmptyString("search", maxBytes: SpawnParams.maxNameBytes)?.lowercased()
        let onlyConfigured = try reader.bool("configuredAgentsOnly") ?? false
        let withTitles = try reader.bool("includeDerivedTitles") ?? false
        let withPreviews = try reader.bool("includeLastMessage") ?? false
        let matching = table.sessions.values.filter { session in
            isVisible(session.key, to: caller) && (agentID == nil || session.agentID == agentID)
                && (spawnedBy == nil || session.parentKey == spawnedBy)
                && (label == nil || session.label == label)
                && (activeMinutes.map { session.updatedAtMs >= nowMs - $0 * 60_000 } ?? true)
                && (search.map { matches(session, $0) } ?? true)
                && (!onlyConfigured || settings.catalog[session.agentID] != nil)
        }.sorted { ($1.updatedAtMs, $1.key) < ($0.updatedAtMs, $0.key) }
        let page = matching.dropFirst(offset).prefix(limit)
        var result = JSONObject([
            ("ts", .integer(nowMs)), ("path", .string(settings.stateDirectory)), ("count", .integer(Int64(page.count))),
            ("totalCount", .integer(Int64(matching.count))), ("limitApplied", .integer(Int64(limit))),
            ("offset", .integer(Int64(offset))), ("hasMore", .bool(offset + page.count < matching.count)),
            ("defaults", .object(JSONObject([("modelProvider", nil), ("model", nil), ("contextTokens", nil)]))),
            (
                "sessions",
                .array(page.map { .object(rowFields($0, withTitle: withTitles, withPreview: withPreviews)) })
            ),
        ])
        if offset + page.count < matching.count { result["nextOffset"] = .integer(Int64(offset + page.count)) }
        return .object(result)
    }

    func rows(limit: Int, nowMs: Int64) -> [JSON] {
        table.sessions.values.sorted { $0.updatedAtMs > $1.updatedAtMs }.prefix(limit).map { row($0) }
    }

    private func matches(_ session: Session, _ words: String) -> Bool {
        [session.key, session.label, session.title].contains { $0?.lowercased().contains(words) ?? false }
    }

    func row(_ session: Session) -> JSON { .object(rowFields(session)) }

    func rowFields(_ session: Session, withTitle: Bool = false, withPreview: Bool = false) -> JSONObject {
        var row = JSONObject([
            ("key", .string(session.key)), ("kind", "direct"), ("sessionId", .string(session.sessionID)),
            ("agentId", .string(session.agentID)), ("type", .string(session.kind.rawValue)),
            ("createdAt", .integer(session.createdAtMs)), ("updatedAt", .integer(session.updatedAtMs)),
        ])
        row["label"] = session.label.map { .string($0) }
        if withTitle { row["derivedTitle"] = session.title.map { .string($0) } }
        if withPreview { row["lastMessagePreview"] = session.preview.map { .string($0) } }
        for (name, value) in session.overrides { row[name] = value }
        if session.abortedLastRun { row["abortedLastRun"] = true }
        row["spawnDepth"] = .integer(Int64(session.depth))
        if let parent = session.parentKey {
            row["spawnedBy"] = .string(parent)
            row["parentSessionKey"] = .string(parent)
        }
        let children = table.children(of: session.key)
        if !children.isEmpty { row["childSessions"] = .array(children.map { .string($0) }) }
        let turns = table.turns(of: session.key)
        if turns.count > 1 { row["queuedRuns"] = .integer(Int64(turns.count - 1)) }
        if let run = turns.first ?? table.run(ofSession: session.key), !run.phase.isEnded {
            row["runId"] = .string(run.runID)
            row["startedAt"] = run.startedAtMs.map { .integer($0) }
            row["status"] = "running"
            row["phase"] = .string(run.phase.name)
            row["hasActiveRun"] = true
            for (name, value) in placement(of: run) { row[name] = value }
            if run.restarts > 0 { row["restarts"] = .integer(Int64(run.restarts)) }
            if !run.isTurn { row["subagentRunState"] = "active" }
        } else if let outcome = session.outcome {
            row["runId"] = .string(outcome.runID)
            row["startedAt"] = .integer(outcome.startedAtMs)
            row["status"] = .string(outcome.status.rowStatus)
            row["hasActiveRun"] = false
            if session.kind == .spawned { row["subagentRunState"] = "historical" }
            row["endedAt"] = .integer(outcome.endedAtMs)
            row["runtimeMs"] = .integer(outcome.endedAtMs - outcome.startedAtMs)
            row["exitCode"] = outcome.exitCode.map { .integer(Int64($0)) }
        }
        return row
    }
}

extension Run.Phase {
    var name: String {
        switch self {
        case .queued: "queued"
        case .launching: "launching"
        case .running: "running"
        case .ended: "ended"
        }
    }
}

extension RunEnd.Status {
    /// `status` of a session row.
    var rowStatus: String {
        switch self {
        case .ok: "done"
        case .error, .lost: "failed"
        case .killed: "killed"
        case .timeout: "timeout"
        }
    }
}
