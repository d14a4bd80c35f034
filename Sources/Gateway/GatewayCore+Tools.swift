internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// What agents may do to sessions (sessions and configuration reference, 3.4).
extension GatewayCore {
    /// `tools.invoke`. The session that acts is a derived device's own; anybody else may name one.
    mutating func toolsInvoke(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let name = try reader.nonEmptyString("tool") ?? reader.requiredString("name")
        guard let tool = ToolName(rawValue: name) else {
            throw GatewayError(
                .invalidRequest, .toolNotFound, "tool not available: \(name.prefix(128))",
                details: JSONObject([("available", .array(ToolName.allCases.map { .string($0.rawValue) }))]))
        }
        let arguments = try reader.object("args") ?? ParamReader(nil)
        let own =
            try caller.admitted.lineage?.sessionKey
            ?? (reader.isPresent("sessionKey")
                ? sessionKey(reader, "sessionKey", caller) : settings.defaultMainSessionKey)
        if try reader.bool("dryRun") ?? false {
            return [reply(request, Self.toolResult(JSONObject([("dryRun", true), ("tool", .string(name))])))]
        }
        do throws(any Error) {
            return try invoke(tool, request, arguments, own: own, caller, nowMs: nowMs)
        } catch let failure as ParamReader.Failure {
            throw GatewayError.invalidParams(name, failure.message)
        }
    }

    private mutating func invoke(
        _ tool: ToolName, _ request: GatewayRequest, _ reader: ParamReader, own: String, _ caller: ClientConnection,
        nowMs: Int64
    ) throws -> [Effect] {
        switch tool {
        case .sessionsSpawn:
            return try spawn(request, reader, as: own, from: caller, nowMs: nowMs, shown: Self.toolResult)
        case .sessionsSend: return try toolSend(request, reader, own: own, caller, nowMs: nowMs)
        case .sessionsList: return [reply(request, Self.toolResult(try toolList(reader, own: own, nowMs: nowMs)))]
        case .sessionsHistory: return try toolHistory(request, reader, own: own)
        case .sessionStatus: return try toolStatus(request, reader, own: own, nowMs: nowMs)
        case .sessionsYield:
            guard table.activeTurn(of: own) != nil || table.run(ofSession: own)?.phase.isEnded == false else {
                return [toolError(request, "No session context")]
            }
            var answer = JSONObject([("status", "yielded")])
            answer["message"] = try reader.string("message").map { .string($0) } ?? "Turn yielded."
            return [reply(request, Self.toolResult(answer))]
        case .subagents: return try toolSubagents(request, reader, own: own, caller, nowMs: nowMs)
        case .agentsList: return [reply(request, Self.toolResult(toolAgents(own: own)))]
        }
    }

    // MARK: - Results

    static func toolResult(_ result: JSONObject) -> JSON {
        .object(JSONObject([("ok", true), ("result", .object(result))]))
    }

    /// A tool that could not do it: an answer for the agent to read, not a broken request.
    private func toolError(_ request: GatewayRequest, _ text: String, status: String = "error") -> Effect {
        reply(request, Self.toolResult(JSONObject([("status", .string(status)), ("error", .string(text))])))
    }

    func toolReply(_ run: Run, _ end: RunEnd) -> JSON {
        var result = JSONObject([("runId", .string(run.runID)), ("sessionKey", .string(run.sessionKey))])
        if end.status == .ok {
            result["status"] = "ok"
            result["reply"] = .string(end.text)
        } else {
            result["status"] = .string(end.status == .timeout ? "timeout" : "error")
            result["error"] = .string(end.cause ?? end.status.rawValue)
        }
        return Self.toolResult(result)
    }

    func toolTimeout(_ run: Run) -> JSON {
        Self.toolResult(
            JSONObject([
                ("runId", .string(run.runID)), ("sessionKey", .string(run.sessionKey)), ("status", "timeout"),
                ("error", "no reply within the time; the run goes on"),
            ]))
    }

    // MARK: - Visibility

    /// Whether a session's agent may see another session. What was spawned sees itself and what is below it; others as
    /// `tools.sessions.visibility` says.
    private func mayAgent(of own: String, see key: String) -> Bool {
        if table.isSession(key, atOrBelow: own) { return true }
        guard let session = table.sessions[own], session.kind != .spawned else { return false }
        let isSameAgent = SessionKeySyntax.agentID(of: key) == session.agentID
        switch settings.conversation.visibility {
        case .ownSession: return false
        case .tree: return isSameAgent && session.kind == .primary
        case .agent: return isSameAgent
        case .all: return isSameAgent || agentToAgentProblem(from: session.agentID, to: key) == nil
        }
    }

    private func agentToAgentProblem(from agentID: String, to key: String) -> String? {
        guard let other = SessionKeySyntax.agentID(of: key), other != agentID else { return nil }
        guard settings.conversation.agentToAgent.isEnabled else {
            return
                "Agent-to-agent messaging is disabled. Set tools.agentToAgent.enabled=true to allow cross-agent sends."
        }
        let allowed = settings.conversation.agentToAgent.allow
        guard allowed.isEmpty || allowed.contains("*") || (allowed.contains(agentID) && allowed.contains(other)) else {
            return "Agent-to-agent messaging denied by tools.agentToAgent.allow."
        }
        return nil
    }

    // MARK: - Tools

    private func toolList(_ reader: ParamReader, own: String, nowMs: Int64) throws -> JSONObject {
        let limit = Int(try reader.integer("limit", in: 1...500) ?? 50)
        let activeMinutes = try reader.integer("activeMinutes", in: 1...10_000_000)
        let label = try reader.nonEmptyString("label")
        let agentID = try reader.nonEmptyString("agentId")
        let kinds = try reader.strings("kinds", maxCount: 16, maxBytes: 32)
        let withTitle = try reader.bool("includeDerivedTitles") ?? false
        let withPreview = try reader.bool("includeLastMessage") ?? false
        let rows = table.sessions.values.filter { session in
            mayAgent(of: own, see: session.key) && (label == nil || session.label == label)
                && (agentID == nil || session.agentID == agentID)
                && (activeMinutes.map { session.updatedAtMs >= nowMs - $0 * 60_000 } ?? true)
                && (kinds?.contains(Self.toolKind(of: session)) ?? true)
        }.sorted { ($1.updatedAtMs, $1.key) < ($0.updatedAtMs, $0.key) }.prefix(limit)
        var result = JSONObject([
            ("count", .integer(Int64(rows.count))),
            (
                "sessions",
                .array(
                    rows.map { session in
                        var row = rowFields(session, withTitle: withTitle, withPreview: withPreview)
                        row["kind"] = .string(Self.toolKind(of: session))
                        return .object(row)
                    })
            ),
        ])
        if settings.conversation.visibility != .all {
            result["visibility"] = .string(settings.conversation.visibility.rawValue)
        }
        return result
    }

    private static func toolKind(of session: Session) -> String {
        let parts = session.key.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 3)
        if session.kind == .primary { return "main" }
        return parts.count > 2 && parts[2].elementsEqual("cron".utf8) ? "cron" : "other"
    }

    private func toolHistory(_ request: GatewayRequest, _ reader: ParamReader, own: String) throws -> [Effect] {
        let asked = try reader.requiredString("sessionKey", maxBytes: SpawnParams.maxNameBytes)
        let key = table.sessions.values.first { $0.sessionID == asked }?.key ?? toolKey(asked, own: own)
        guard let session = table.sessions[key], mayAgent(of: own, see: key) else {
            return [toolError(request, "Session not found or not visible: \(asked)", status: "forbidden")]
        }
        let limit = Int(try reader.integer("limit", in: 1...1000) ?? 100)
        return [
            .read(
                .transcript(sessionId: session.sessionID, limit: limit, maxBytes: ToolHistory.maxRead),
                StoreReading(
                    request, .toolHistory(key: key, includesTools: try reader.bool("includeTools") ?? false)))
        ]
    }

    func toolHistory(key: String, _ page: TranscriptPage, includesTools: Bool) -> JSON {
        Self.toolResult(ToolHistory.shown(key: key, page, includesTools: includesTools))
    }

    /// `main` is that of the agent who asks.
    private func toolKey(_ text: String, own: String) -> String {
        guard text == "main" || text == settings.mainKey, let agentID = SessionKeySyntax.agentID(of: own) else {
            return canonicalKey(text)
        }
        return SessionKeySyntax.main(agentID: agentID, mainKey: settings.mainKey)
    }

    private mutating func toolSend(
        _ request: GatewayRequest, _ reader: ParamReader, own: String, _ caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let message = try text(try reader.requiredString("message"), reader)
        let seconds = try reader.integer("timeoutSeconds", in: 0...3600) ?? 30
        let key: String
        if let named = try reader.nonEmptyString("sessionKey", maxBytes: SpawnParams.maxNameBytes) {
            key = table.sessions.values.first { $0.sessionID == named }?.key ?? toolKey(named, own: own)
        } else if let label = try reader.nonEmptyString("label") {
            let agentID = try reader.nonEmptyString("agentId")
            let found = table.sessions.values.filter {
                $0.label == label && (agentID == nil || $0.agentID == agentID) && mayAgent(of: own, see: $0.key)
            }.max { $0.updatedAtMs < $1.updatedAtMs }
            guard let found else { return [toolError(request, "No session found with label: \(label)")] }
            key = found.key
        } else if let agentID = try reader.nonEmptyString("agentId") {
            guard settings.catalog[agentID] != nil else { return [toolError(request, "agent not found: \(agentID)")] }
            key = SessionKeySyntax.main(agentID: agentID, mainKey: settings.mainKey)
        } else {
            throw reader.failure("sessionKey", "sessionKey, label or agentId is required")
        }
        guard key != own || caller.admitted.lineage == nil else {
            return [toolError(request, "A session cannot send to itself; answer instead.")]
        }
        if let agentID = SessionKeySyntax.agentID(of: own),
            !table.isSession(key, atOrBelow: own), let problem = agentToAgentProblem(from: agentID, to: key)
        {
            return [toolError(request, problem, status: "forbidden")]
        }
        guard mayAgent(of: own, see: key) else {
            return [toolError(request, "Session not visible from this agent session: \(key)", status: "forbidden")]
        }
        let wanted = TurnRequest(
            runID: ids.uuid(), sessionKey: key, message: message, origin: .tool, provenance: own)
        return try sendByTool(request, wanted, own: own, waitMs: seconds * 1000, caller, nowMs: nowMs)
    }

    private mutating func sendByTool(
        _ request: GatewayRequest, _ wanted: TurnRequest, own: String, waitMs: Int64, _ caller: ClientConnection,
        nowMs: Int64
    ) throws(GatewayError) -> [Effect] {
        try refuseAnotherWait(caller)
        var operations: [StoreOperation] = []
        let before = table.sessions[wanted.sessionKey]
        let start: TurnStart
        do throws(GatewayError) {
            start = try startTurn(wanted, asked: Asker(caller), nowMs: nowMs, &operations)
        } catch {
            return [toolError(request, error.message)]
        }
        guard case .accepted(let run, var effects) = start else { return [] }
        let turns = settings.conversation.agentToAgent.maxPingPongTurns
        if turns > 0, caller.admitted.lineage != nil {
            exchanges[run.runID] = Exchange(replyTo: own, turnsLeft: turns, asker: Asker(caller))
        }
        if waitMs == 0 {
            let answer = JSONObject([
                ("runId", .string(run.runID)), ("sessionKey", .string(run.sessionKey)), ("status", "accepted"),
            ])
            effects.insert(reply(request, Self.toolResult(answer)), at: 0)
        } else {
            try holdAnswer(run, for: request, caller, deadlineMs: nowMs + waitMs, answer: .tool)
        }
        return [
            .commit(
                operations, then: effects,
                failure: .turn(
                    request.connection, id: request.id, runID: run.runID, undo: undo(of: wanted.sessionKey, before)))
        ]
    }

    /// Carries a reply back to who asked, while the exchange between the two has turns left.
    mutating func goOnWithExchange(
        _ run: Run, _ end: RunEnd, nowMs: Int64, _ operations: inout [StoreOperation]
    ) -> [Effect] {
        guard let exchange = exchanges.removeValue(forKey: run.runID), exchange.turnsLeft > 0, end.status == .ok else {
            return []
        }
        let text = String(end.text.trimmingSpace)
        guard !text.isEmpty, text != "REPLY_SKIP", text != "ANNOUNCE_SKIP", text != "NO_REPLY" else { return [] }
        let wanted = TurnRequest(
            runID: ids.uuid(), sessionKey: exchange.replyTo, message: text, origin: .tool, provenance: run.sessionKey)
        guard
            case .accepted(let next, let effects)? = try? startTurn(
                wanted, asked: exchange.asker, nowMs: nowMs, &operations)
        else { return [] }
        exchanges[next.runID] = Exchange(
            replyTo: run.sessionKey, turnsLeft: exchange.turnsLeft - 1, asker: exchange.asker)
        return effects
    }

    private mutating func toolStatus(
        _ request: GatewayRequest, _ reader: ParamReader, own: String, nowMs: Int64
    ) throws -> [Effect] {
        let key = try reader.nonEmptyString("sessionKey").map { toolKey($0, own: own) } ?? own
        guard mayAgent(of: own, see: key), table.sessions[key] != nil else {
            return [toolError(request, "Session not found or not visible: \(key)", status: "forbidden")]
        }
        let model = try reader.nonEmptyString("model", maxBytes: 256)
        let before = table.sessions[key]
        if let model {
            table.update(key) { $0.overrides["model"] = model == "default" ? nil : .string(model) }
        }
        guard let session = table.sessions[key] else { return [] }
        var fields = rowFields(session, withTitle: true, withPreview: true)
        fields["agents"] = .integer(Int64(table.activeChildren(of: key).count))
        let answer = reply(request, Self.toolResult(fields))
        guard model != nil else { return [answer] }
        return [
            .commit(
                [.putSession(session.record)],
                then: [answer] + sessionsChanged(key, reason: "patch", nowMs: nowMs),
                failure: .sessionChange(request.connection, id: request.id, undo: undo(of: key, before)))
        ]
    }

    private func toolAgents(own: String) -> JSONObject {
        let agentID = SessionKeySyntax.agentID(of: own) ?? settings.catalog.defaultAgentID
        let limits = settings.catalog.limits(of: agentID)
        let allowed = settings.catalog.agents.filter { agent in
            agent.id == agentID || limits.allowAgents.contains("*")
                || limits.allowAgents.contains { $0.lowercased() == agent.id }
        }
        let bounds = JSONObject([
            ("depth", .integer(Int64(table.sessions[own]?.depth ?? 0))),
            ("maxSpawnDepth", .integer(Int64(limits.maxSpawnDepth))),
            ("activeChildren", .integer(Int64(table.activeChildren(of: own).count))),
            ("maxChildrenPerAgent", .integer(Int64(limits.maxChildrenPerAgent))),
            ("maxConcurrent", .integer(Int64(limits.maxConcurrent))),
        ])
        return JSONObject([
            ("limits", .object(bounds)), ("requester", .string(agentID)),
            ("allowAny", .bool(limits.allowAgents.contains("*"))),
            (
                "agents",
                .array(
                    allowed.map { agent in
                        .object(
                            JSONObject([
                                ("id", .string(agent.id)), ("name", .string(agent.name ?? agent.id)),
                                ("configured", true), ("runtime", .string(agent.runtime.rawValue)),
                            ]))
                    })
            ),
        ])
    }
}

/// Two sessions that answer each other.
struct Exchange: Sendable {
    let replyTo: String
    let turnsLeft: Int
    /// Who began it: what follows has no other rights, and ends with them.
    let asker: Asker
}

extension String {
    var trimmingSpace: Substring {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return self[first...last]
    }
}
