/// Tools that agents have by `tools.invoke`, `POST /tools/invoke` and MCP (sessions and configuration reference, 3).
enum ToolName: String, CaseIterable {
    case sessionsSpawn = "sessions_spawn"
    case sessionsSend = "sessions_send"
    case sessionsList = "sessions_list"
    case sessionsHistory = "sessions_history"
    case sessionStatus = "session_status"
    case sessionsYield = "sessions_yield"
    case subagents
    case agentsList = "agents_list"

    var summary: String {
        switch self {
        case .sessionsSpawn: "Start a sub-agent on a task; its result comes back when it ends."
        case .sessionsSend: "Send a message to another session and wait for its reply."
        case .sessionsList: "List the sessions this session may see."
        case .sessionsHistory: "Read what was said in a session."
        case .sessionStatus: "Show one session's state, or set its model."
        case .sessionsYield: "Say that this turn is done and waits for what it spawned."
        case .subagents: "List, kill or steer the sub-agents of this session."
        case .agentsList: "List the agents this session may spawn."
        }
    }
}
