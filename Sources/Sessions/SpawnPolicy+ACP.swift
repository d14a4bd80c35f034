internal import Text
internal import Wire

/// The checks of a spawn with runtime `acp`, in upstream's order (sessions and configuration reference, 4.1).
extension SpawnPolicy {
    static func checkACP(
        _ request: SpawnRequest, from requester: Requester, catalog: AgentCatalog
    ) throws(SpawnRefusal) -> AgentDefinition {
        guard catalog.acp.isEnabled else {
            throw refusal(
                .acpDisabled, .forbidden, kind: .configuration, "ACP is disabled by policy (`acp.enabled=false`).",
                remedy: "set acp.enabled to true")
        }
        guard !request.acp.streamsToParent || requester.hasSession else {
            throw refusal(
                .requesterSessionRequired, .error,
                "sessions_spawn streamTo=\"parent\" requires an active requester session context.",
                remedy: "spawn from a session: pass sessionKey, or leave streamTo out")
        }
        try checkACPSandbox(request, from: requester, catalog: catalog)
        let target = try acpTarget(request, from: requester, catalog: catalog)
        try checkACPRoom(target, request, from: requester, catalog: catalog)
        guard let agent = catalog[target], let acp = agent.acp else {
            throw refusal(
                .spawnFailed, .error, kind: .agentNotAllowed, "ACP agent \"\(target)\" is not configured",
                remedy: "add { id: \"\(target)\", runtime: { type: \"acp\", acp: { command: […] } } } to agents.list")
        }
        try checkDirectory(request, acp.workingDirectory ?? agent.workingDirectory, from: requester)
        guard request.context != .fork else {
            throw refusal(
                .fork, .error, "context=\"fork\" is for runtime=\"subagent\"", errorCode: "spawn_failed",
                remedy: "use context \"isolated\"; resumeSessionId goes on with a conversation of an ACP agent")
        }
        if let other = request.attachments.files.first(where: { !$0.isImage }) {
            throw refusal(
                .acpAttachments, .error,
                "attachments of runtime=\"acp\" are images only: \"\(other.name)\" has no image/… as mimeType",
                errorCode: "spawn_failed", remedy: "pass its contents in the task, or its mimeType")
        }
        guard !request.isThread else {
            throw refusal(
                .threadBindingInvalid, .error,
                "thread=true is unavailable because no channel plugin registered subagent_spawning hooks.",
                remedy: "use mode \"run\" without thread")
        }
        return agent
    }

    /// Upstream runs every ACP agent on the host. Ours runs where its isolation says.
    private static func checkACPSandbox(
        _ request: SpawnRequest, from requester: Requester, catalog: AgentCatalog
    ) throws(SpawnRefusal) {
        let target = target(of: request, .acp, from: requester, catalog: catalog).flatMap { catalog[$0] }
        guard target?.isolation.isSandbox != true else { return }
        guard !requester.isSandboxed else {
            throw refusal(
                .runtimePolicy, .forbidden,
                "Sandboxed sessions cannot spawn ACP sessions because runtime=\"acp\" runs on the host. "
                    + "Use runtime=\"subagent\" from sandboxed sessions.", remedy: isolationRemedy(target))
        }
        guard request.sandbox != .require else {
            throw refusal(
                .runtimePolicy, .forbidden,
                "sessions_spawn sandbox=\"require\" is not supported with runtime=\"acp\", which runs on the host.",
                remedy: "use sandbox \"inherit\", or " + isolationRemedy(target))
        }
    }

    private static func acpTarget(
        _ request: SpawnRequest, from requester: Requester, catalog: AgentCatalog
    ) throws(SpawnRefusal) -> String {
        guard let target = target(of: request, .acp, from: requester, catalog: catalog) else {
            throw refusal(
                .targetAgentRequired, .error,
                "ACP target agent is not configured. Pass `agentId` in `sessions_spawn` or set `acp.defaultAgent` "
                    + "in config.", remedy: "pass agentId, or set acp.defaultAgent")
        }
        try checkID(target)
        if let agent = catalog[target], agent.acp == nil {
            throw refusal(
                .runtimeAgentMismatch, .error, "agent \"\(target)\" does not speak ACP: its runtime is \"subagent\"",
                remedy: "use runtime \"subagent\", or set runtime of agent \"\(target)\" to type \"acp\"")
        }
        let allowed = catalog.acp.allowedAgents
        guard allowed.isEmpty || allowed.contains(target) else {
            throw refusal(
                .agentForbidden, .forbidden, kind: .agentNotAllowed,
                "ACP agent \"\(target)\" is not among acp.allowedAgents (\(allowed.joined(separator: ", ")))",
                remedy: "add \"\(target)\" to acp.allowedAgents")
        }
        return target
    }

    /// The rules of all sub-agents. Who stands in `acp.allowedAgents` needs not stand in `allowAgents` too.
    private static func checkACPRoom(
        _ target: String, _ request: SpawnRequest, from requester: Requester, catalog: AgentCatalog
    ) throws(SpawnRefusal) {
        let limits = catalog.limits(of: requester.agentID)
        do throws(SpawnRefusal) {
            try checkRoom(requester, limits)
            if !catalog.acp.allowedAgents.contains(target) {
                try checkAllowed(target, from: requester.agentID, limits: limits, catalog: catalog)
            }
        } catch {
            var refusal = error
            refusal.errorCode = "subagent_policy"
            throw refusal
        }
        if let most = catalog.acp.maxConcurrentSessions, requester.activeACPSessions >= most {
            throw refusal(
                .maxACPSessions, .forbidden, kind: .sessionLimit,
                "as many ACP sessions are active as may be (\(requester.activeACPSessions)/\(most))",
                errorCode: "subagent_policy", remedy: "raise acp.maxConcurrentSessions")
        }
    }

    /// An agent may send its child into a directory below the configured one; an operator anywhere.
    private static func checkDirectory(
        _ request: SpawnRequest, _ configured: String?, from requester: Requester
    ) throws(SpawnRefusal) {
        guard let wanted = request.acp.workingDirectory else { return }
        let names = wanted.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
        guard wanted.utf8.first == UInt8(ascii: "/"), !wanted.utf8.contains(0), wanted.utf8.count <= 4096,
            !names.contains("..")
        else {
            throw refusal(
                .cwdResolutionFailed, .error, "cwd must be an absolute path without ..",
                remedy: "pass an absolute path, or leave cwd out")
        }
        let base = (configured ?? "").utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
        guard requester.isOperator || (!base.isEmpty && names.starts(with: base)) else {
            throw refusal(
                .cwdResolutionFailed, .forbidden, "cwd is not within the directory that is configured for the agent",
                remedy: "set runtime.acp.cwd of the agent to a directory above it")
        }
    }

    /// - Parameter errorCode: upstream's, where it is not the rule's name.
    private static func refusal(
        _ rule: SpawnRule, _ status: SpawnRefusal.Status, kind: SpawnRefusal.Kind = .other, _ message: String,
        errorCode: String? = nil, remedy: String
    ) -> SpawnRefusal {
        var refusal = SpawnRefusal(status, kind, message, rule: rule, remedy: remedy)
        refusal.errorCode = errorCode ?? rule.rawValue.replacing("-", with: "_")
        return refusal
    }
}
