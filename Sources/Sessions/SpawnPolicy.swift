internal import Wire

/// The checks of a spawn, in upstream's order and with its texts (sessions and configuration reference, 3.1 and 4.1).
package enum SpawnPolicy {
    /// Where the spawn comes from.
    package struct Requester: Equatable, Sendable {
        package var agentID: String
        package var depth: Int
        /// Accepted, unended children of the requesting session.
        package var activeChildren: Int
        /// Unended runs of ACP agents, of all sessions.
        package var activeACPSessions: Int
        /// Named by the caller, or its own.
        package var hasSession: Bool
        /// Who it is may choose any directory.
        package var isOperator: Bool
        /// It speaks from within an isolation, and what it spawns has to be in one too.
        package var isSandboxed = false

        package init(
            agentID: String, depth: Int, activeChildren: Int, activeACPSessions: Int = 0, hasSession: Bool = true,
            isOperator: Bool = false
        ) {
            self.agentID = agentID
            self.depth = depth
            self.activeChildren = activeChildren
            self.activeACPSessions = activeACPSessions
            self.hasSession = hasSession
            self.isOperator = isOperator
        }
    }

    /// - Returns: the agent that will run, and by what.
    package static func check(
        _ request: SpawnRequest, from requester: Requester, catalog: AgentCatalog
    ) throws(SpawnRefusal) -> (AgentDefinition, SpawnRequest.Runtime) {
        switch runtime(of: request, from: requester, catalog: catalog) {
        case .subagent: (try checkNative(request, from: requester, catalog: catalog), .subagent)
        case .local: (try checkLocal(request, from: requester, catalog: catalog), .local)
        case .acp: (try checkACP(request, from: requester, catalog: catalog), .acp)
        }
    }

    static func runtime(
        of request: SpawnRequest, from requester: Requester, catalog: AgentCatalog
    ) -> SpawnRequest.Runtime {
        request.runtime ?? catalog[request.agentID ?? requester.agentID]?.runtime ?? .subagent
    }

    /// The agent that is meant; nil where nothing says which.
    static func target(
        of request: SpawnRequest, _ runtime: SpawnRequest.Runtime, from requester: Requester, catalog: AgentCatalog
    ) -> String? {
        // Without a runtime it is the requester's own agent that speaks ACP.
        let implied = runtime == .acp && request.runtime != nil ? catalog.acp.defaultAgent : requester.agentID
        return request.agentID ?? implied
    }

    /// As of any command; but it runs where the gateway does.
    private static func checkLocal(
        _ request: SpawnRequest, from requester: Requester, catalog: AgentCatalog
    ) throws(SpawnRefusal) -> AgentDefinition {
        let agent = try checkNative(request, as: .local, from: requester, catalog: catalog)
        if let pool = agent.pool {
            throw SpawnRefusal(
                .error, .configuration,
                "runtime=\"local\" runs beside the gateway, and the runs of agent \"\(agent.id)\" go to workers of "
                    + "pool \"\(pool)\"",
                rule: .localPool, remedy: "use runtime \"subagent\", or set pool of agent \"\(agent.id)\" to \"\"")
        }
        return agent
    }

    private static func checkNative(
        _ request: SpawnRequest, as runtime: SpawnRequest.Runtime = .subagent, from requester: Requester,
        catalog: AgentCatalog
    ) throws(SpawnRefusal) -> AgentDefinition {
        let limits = catalog.limits(of: requester.agentID)
        if let asked = request.agentID { try checkID(asked) }
        if request.mode == .session, !request.isThread {
            throw SpawnRefusal(
                .error, "mode=\"session\" requires thread=true so the subagent can stay bound to a thread.",
                rule: .mode, remedy: "use mode \"run\"")
        }
        try checkRoom(requester, limits)
        if request.agentID == nil, limits.requireAgentID {
            throw SpawnRefusal(
                .forbidden,
                "sessions_spawn requires explicit agentId when requireAgentId is configured. "
                    + "Use agents_list to see allowed agent ids.",
                rule: .requireAgentID, remedy: "pass agentId, or unset agents.defaults.subagents.requireAgentId")
        }
        let target = request.agentID ?? requester.agentID
        try checkAllowed(target, from: requester.agentID, limits: limits, catalog: catalog)
        guard request.acp == SpawnRequest.ACP() else {
            throw SpawnRefusal(
                .error, "cwd, resumeSessionId and streamTo are for runtime=\"acp\"", rule: .spawnParams,
                remedy: "leave them out, or use runtime \"acp\" with an ACP agent")
        }
        guard request.context != .fork || target == requester.agentID else {
            throw SpawnRefusal(
                .error, "context=\"fork\" is for the same agent: \"\(target)\" would read the conversation of another",
                rule: .fork, remedy: "use context \"isolated\", or spawn agent \"\(requester.agentID)\"")
        }
        try checkSandbox(request, from: requester, target: catalog[target])
        try checkThread(request)
        guard let agent = catalog[target] else {
            throw SpawnRefusal(
                .error, .agentNotAllowed, "agent \"\(target)\" is not configured",
                rule: .agentConfigured, remedy: "add { id: \"\(target)\", exec: { command: […] } } to agents.list")
        }
        guard agent.exec != nil else {
            guard agent.acp == nil else {
                throw SpawnRefusal(
                    .error, .configuration,
                    "agent \"\(target)\" speaks ACP and has no command for runtime=\"\(runtime.rawValue)\"",
                    rule: .agentExec, remedy: "use runtime \"acp\", or leave runtime out")
            }
            throw SpawnRefusal(
                .error, .configuration, "agent \"\(target)\" has no command to run",
                rule: .agentExec, remedy: "set exec.command of agent \"\(target)\" in agents.list")
        }
        return agent
    }

    static func checkID(_ asked: String) throws(SpawnRefusal) {
        guard !SessionKeySyntax.isAgentID(asked) else { return }
        throw SpawnRefusal(
            .error,
            "Invalid agentId \"\(asked)\". Agent IDs must match [a-z0-9][a-z0-9_-]{0,63}. "
                + "Use agents_list to discover valid targets.",
            rule: .agentID, remedy: "use an id of agents.list (sallyport agents list)")
    }

    static func checkRoom(_ requester: Requester, _ limits: SpawnLimits) throws(SpawnRefusal) {
        guard requester.depth < limits.maxSpawnDepth else {
            throw SpawnRefusal(
                .forbidden,
                "sessions_spawn is not allowed at this depth "
                    + "(current depth: \(requester.depth), max: \(limits.maxSpawnDepth))",
                rule: .maxSpawnDepth, remedy: "raise agents.defaults.subagents.maxSpawnDepth")
        }
        guard requester.activeChildren < limits.maxChildrenPerAgent else {
            throw SpawnRefusal(
                .forbidden, .sessionLimit,
                "sessions_spawn has reached max active children for this session "
                    + "(\(requester.activeChildren)/\(limits.maxChildrenPerAgent))",
                rule: .maxChildren, remedy: "raise agents.defaults.subagents.maxChildrenPerAgent")
        }
    }

    /// Nobody leaves a sandbox by having somebody spawned outside of it.
    private static func checkSandbox(
        _ request: SpawnRequest, from requester: Requester, target: AgentDefinition?
    ) throws(SpawnRefusal) {
        guard target?.isolation.isSandbox != true else { return }
        if requester.isSandboxed {
            throw SpawnRefusal(
                .forbidden,
                "Sandboxed sessions cannot spawn unsandboxed subagents. Set a sandboxed target agent or use the same "
                    + "agent runtime.",
                rule: .sandbox, remedy: isolationRemedy(target))
        }
        if request.sandbox == .require {
            throw SpawnRefusal(
                .forbidden,
                "sessions_spawn sandbox=\"require\" needs a sandboxed target runtime. "
                    + "Pick a sandboxed agentId or use sandbox=\"inherit\".",
                rule: .sandbox, remedy: "use sandbox \"inherit\", or " + isolationRemedy(target))
        }
    }

    static func isolationRemedy(_ target: AgentDefinition?) -> String {
        "set isolation" + (target.map { " of agent \"\($0.id)\"" } ?? " of the target agent")
            + " to \"uid\", \"bwrap\" or \"container\" (agents.list[].isolation, agents.defaults.isolation)"
    }

    private static func checkThread(_ request: SpawnRequest) throws(SpawnRefusal) {
        if request.isThread {
            throw SpawnRefusal(
                .error,
                "thread=true is unavailable because no channel plugin registered subagent_spawning hooks.",
                rule: .thread, remedy: "use mode \"run\" without thread")
        }
    }

    static func checkAllowed(
        _ target: String, from own: String, limits: SpawnLimits, catalog: AgentCatalog
    ) throws(SpawnRefusal) {
        if target == own {
            guard limits.allowSelf else { throw notAllowed(target, limits) }
            return
        }
        let isNamed = limits.allowAgents.contains { $0.lowercased() == target.lowercased() }
        let isAnyConfigured = limits.allowAgents.contains("*") && catalog[target] != nil
        guard isNamed || isAnyConfigured else { throw notAllowed(target, limits) }
    }

    private static func notAllowed(_ target: String, _ limits: SpawnLimits) -> SpawnRefusal {
        let allowed = limits.allowAgents.isEmpty ? "none" : limits.allowAgents.joined(separator: ", ")
        if limits.allowAgents.contains("*") {
            return SpawnRefusal(
                .forbidden, .agentNotAllowed, "agentId is not allowed for sessions_spawn (allowed: \(allowed))",
                rule: .allowAgents,
                remedy:
                    "\"*\" means configured agents: add { id: \"\(target)\", exec: { command: […] } } to agents.list")
        }
        return SpawnRefusal(
            .forbidden, .agentNotAllowed, "agentId is not allowed for sessions_spawn (allowed: \(allowed))",
            rule: .allowAgents, remedy: "add \"\(target)\" to agents.defaults.subagents.allowAgents")
    }
}
