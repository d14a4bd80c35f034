internal import JSON
internal import Sessions
internal import Wire

/// `sessions.spawn.explain`: what would become of a spawn (our addition). Nothing is done.
extension GatewayCore {
    /// With `sessionKey` it is the agent of that session who asks, else the owner from the default agent's main session.
    func explainSpawn(_ reader: ParamReader) throws -> JSON {
        var wanted: SpawnParams
        do {
            wanted = try SpawnParams.read(reader, attachments: settings.conversation.attachments, isDryRun: true)
        } catch let refusal as SpawnRefusal {
            return .object(refusedByShape(refusal))
        }
        let key = wanted.sessionKey ?? settings.defaultMainSessionKey
        let session = table.sessions[key]
        guard let agentID = session?.agentID ?? SessionKeySyntax.agentID(of: key) else {
            throw GatewayError(.invalidRequest, .sessionNotFound)
        }
        let isAgent = wanted.sessionKey != nil
        var asking = SpawnPolicy.Requester(
            agentID: agentID, depth: session?.depth ?? 0, activeChildren: table.activeChildren(of: key).count,
            activeACPSessions: activeACPSessions, hasSession: true, isOperator: !isAgent)
        asking.isSandboxed = isAgent && settings.catalog[agentID]?.isolation.isSandbox == true
        let explanation = SpawnPolicy.explain(wanted.request, from: asking, catalog: settings.catalog)
        var answer = JSONObject([
            ("outcome", explanation.refusal == nil ? "accepted" : "refused"), ("requesterSessionKey", .string(key)),
            ("requesterAgentId", .string(agentID)), ("requester", isAgent ? "agent" : "operator"),
            ("runtime", .string(explanation.runtime.rawValue)),
        ])
        answer["agentId"] = explanation.agentID.map { .string($0) }
        if let agent = explanation.agentID.flatMap({ settings.catalog[$0] }) {
            answer["isolation"] = .string(agent.isolation.kind.rawValue)
        }
        if let refusal = explanation.refusal {
            for (name, value) in refusal.fields.members { answer[name] = value }
        } else {
            let limits = settings.catalog.limits(of: agentID)
            let running = table.activeChildren(of: key).count { $0.phase != .queued }
            answer["queues"] = .bool(running >= limits.maxConcurrent)
        }
        answer["walk"] = .array(explanation.steps.map { step($0, requesterAgentID: agentID, explanation.agentID) })
        return .object(answer)
    }

    private func refusedByShape(_ refusal: SpawnRefusal) -> JSONObject {
        var answer = JSONObject([("outcome", "refused")])
        for (name, value) in refusal.fields.members { answer[name] = value }
        answer["walk"] = [
            ["rule": .string(refusal.rule.rawValue), "verdict": "refused", "fact": .string(refusal.message)]
        ]
        return answer
    }

    private func step(_ step: SpawnPolicy.Step, requesterAgentID: String, _ target: String?) -> JSON {
        var row = JSONObject([
            ("rule", .string(step.rule.rawValue)), ("verdict", .string(step.verdict.rawValue)),
            ("fact", .string(step.fact)),
        ])
        let shown = step.keys.flatMap { key -> [JSON] in
            let agent = key.hasPrefix("agents.defaults.subagents.") ? requesterAgentID : target
            guard let path = settingPath(key, ofAgent: agent), let setting = settings.effective[path] else { return [] }
            return [
                .object(
                    JSONObject([
                        ("path", .string(path)), ("value", .string(setting.value)),
                        ("source", .string(setting.source)),
                    ]))
            ]
        }
        if !step.keys.isEmpty { row["keys"] = .array(step.keys.map { .string($0) }) }
        if !shown.isEmpty { row["settings"] = .array(shown) }
        return .object(row)
    }

    /// The agent's own key where it has one.
    private func settingPath(_ key: String, ofAgent id: String?) -> String? {
        guard key.hasPrefix("agents.defaults."), let id else { return key }
        let name = key.dropFirst("agents.defaults.".count)
        let entry = "agents.entries.\(id).\(name)"
        if settings.effective[entry] != nil { return entry }
        for index in settings.catalog.agents.indices {
            guard let written = settings.effective["agents.list[\(index)].id"]?.value else { break }
            if written == "\"\(id)\"" || written == id {
                let path = "agents.list[\(index)].\(name)"
                return settings.effective[path] == nil ? key : path
            }
        }
        return key
    }
}
