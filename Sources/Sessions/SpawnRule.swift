package import Errors

/// The rules of a spawn, as `rule` of a refusal names them.
package enum SpawnRule: String, CaseIterable, Sendable {
    case requesterSession = "requester-session"
    case childIdentity = "child-identity"
    case spawnParams = "spawn-params"
    case runtime
    case attachments
    case mode
    case requireAgentID = "require-agent-id"
    case fork
    case agentConfigured = "agent-configured"
    case agentExec = "agent-exec"
    case agentID = "agent-id"
    case maxSpawnDepth = "max-spawn-depth"
    case maxChildren = "max-children"
    case sandbox
    case thread
    case allowAgents = "allow-agents"
    case acpDisabled = "acp-disabled"
    case requesterSessionRequired = "requester-session-required"
    case spawnFailed = "spawn-failed"
    case acpAttachments = "acp-attachments"
    case threadBindingInvalid = "thread-binding-invalid"
    case runtimePolicy = "runtime-policy"
    case targetAgentRequired = "target-agent-required"
    case runtimeAgentMismatch = "runtime-agent-mismatch"
    case agentForbidden = "agent-forbidden"
    case maxACPSessions = "max-acp-sessions"
    case localPool = "local-pool"
    case cwdResolutionFailed = "cwd-resolution-failed"
}

extension SpawnRule: Catalogued {
    package static let family = ErrorFamily.spawn

    package var text: ErrorText {
        switch self {
        case .requesterSession:
            ErrorText(
                "the session that spawns is gone, or does not exist", rule: "a spawn belongs to a live session",
                remedy: "spawn from a live session: sallyport sessions list")
        case .childIdentity:
            ErrorText(
                "no identity can be derived for the child", rule: "a child's key comes from its parent's",
                remedy: "report this; the parent's chain is damaged")
        case .spawnParams:
            ErrorText(
                "sessions_spawn does not take what was asked for", rule: "parameters are those of sessions_spawn",
                remedy: "leave it out; the message names it")
        case .runtime:
            ErrorText(
                "the runtime is not available", rule: "runtimes are subagent, acp and local",
                remedy: "use runtime \"subagent\", \"acp\" or \"local\"")
        case .attachments:
            ErrorText(
                "the attachments are not taken", rule: "attachments keep to tools.sessions_spawn.attachments",
                remedy: "see tools.sessions_spawn.attachments.enabled and its limits")
        case .mode:
            ErrorText(
                "mode=\"session\" requires thread=true so the subagent can stay bound to a thread.",
                rule: "a session stays where a thread holds it",
                remedy: "use mode \"run\"")
        case .requireAgentID:
            ErrorText(
                "sessions_spawn requires explicit agentId when requireAgentId is configured.",
                rule: "agents.defaults.subagents.requireAgentId",
                remedy: "pass agentId, or unset agents.defaults.subagents.requireAgentId")
        case .fork:
            ErrorText(
                "the conversation cannot be taken along",
                rule: "context \"fork\" is for the same agent, and for runtime subagent",
                remedy: "use context \"isolated\"")
        case .agentConfigured:
            ErrorText(
                "the agent is not configured", rule: "the target stands in agents.list",
                remedy: "add the agent to agents.list, with exec.command; see: sallyport agents list")
        case .agentExec:
            ErrorText(
                "the agent has no command to run", rule: "a native sub-agent has a command",
                remedy: "set exec.command of the agent in agents.list")
        case .agentID:
            ErrorText(
                "the agent id is malformed", rule: "agent ids match [a-z0-9][a-z0-9_-]{0,63}",
                remedy: "use an id of agents.list (sallyport agents list)")
        case .maxSpawnDepth:
            ErrorText(
                "sessions_spawn is not allowed at this depth", rule: "agents.defaults.subagents.maxSpawnDepth",
                remedy: "raise agents.defaults.subagents.maxSpawnDepth")
        case .maxChildren:
            ErrorText(
                "sessions_spawn has reached max active children for this session",
                rule: "agents.defaults.subagents.maxChildrenPerAgent",
                remedy: "raise agents.defaults.subagents.maxChildrenPerAgent")
        case .sandbox:
            ErrorText(
                "the target is not isolated, and has to be",
                rule: "who is isolated spawns only what is; sandbox=\"require\" asks for it",
                remedy: "use sandbox \"inherit\", or set isolation of the agent in agents.list")
        case .thread:
            ErrorText(
                "thread=true is unavailable because no channel plugin registered subagent_spawning hooks.",
                rule: "threads belong to channels",
                remedy: "use mode \"run\" without thread")
        case .allowAgents:
            ErrorText(
                "agentId is not allowed for sessions_spawn", rule: "agents.defaults.subagents.allowAgents",
                remedy: "add the agent to agents.defaults.subagents.allowAgents")
        case .acpDisabled:
            ErrorText(
                "ACP is disabled by policy (`acp.enabled=false`).", rule: "acp.enabled",
                remedy: "set acp.enabled to true")
        case .requesterSessionRequired:
            ErrorText(
                "sessions_spawn streamTo=\"parent\" requires an active requester session context.",
                rule: "what is streamed goes to a session",
                remedy: "spawn from a session: pass sessionKey, or leave streamTo out")
        case .spawnFailed:
            ErrorText(
                "the ACP agent is not configured", rule: "an ACP agent has a command",
                remedy: "add the agent to agents.list, with runtime.acp.command")
        case .acpAttachments:
            ErrorText(
                "attachments of runtime=\"acp\" are images only", rule: "ACP agents take images",
                remedy: "pass its contents in the task, or its mimeType")
        case .threadBindingInvalid:
            ErrorText(
                "thread=true is unavailable because no channel plugin registered subagent_spawning hooks.",
                rule: "threads belong to channels",
                remedy: "use mode \"run\" without thread")
        case .runtimePolicy:
            ErrorText(
                "a sandboxed session cannot spawn what runs on the host", rule: "who is isolated spawns only what is",
                remedy: "use runtime \"subagent\", or set isolation of the agent in agents.list")
        case .targetAgentRequired:
            ErrorText(
                "no ACP agent is named", rule: "the target is named by agentId or acp.defaultAgent",
                remedy: "pass agentId, or set acp.defaultAgent")
        case .runtimeAgentMismatch:
            ErrorText(
                "the agent does not speak ACP", rule: "runtime acp is for agents that speak it",
                remedy: "use runtime \"subagent\", or set runtime of the agent to type \"acp\"")
        case .agentForbidden:
            ErrorText(
                "the ACP agent is not among acp.allowedAgents", rule: "acp.allowedAgents",
                remedy: "add the agent to acp.allowedAgents")
        case .maxACPSessions:
            ErrorText(
                "as many ACP sessions are active as may be", rule: "acp.maxConcurrentSessions",
                remedy: "raise acp.maxConcurrentSessions")
        case .localPool:
            ErrorText(
                "the agent's runs go to workers of a pool, and runtime local runs beside the gateway",
                rule: "a pool has workers of its own",
                remedy: "use runtime \"subagent\", or unset pool of the agent in agents.list")
        case .cwdResolutionFailed:
            ErrorText(
                "the directory is not one that the agent may have",
                rule: "a child's directory lies within the agent's own",
                remedy: "pass an absolute path without .. below runtime.acp.cwd of the agent, or leave cwd out")
        }
    }
}
