internal import JSON

/// The tools that are offered, with what they take (sessions and configuration reference, 3).
enum MCPTool: String, CaseIterable {
    case sessionsSpawn = "sessions_spawn"
    case sessionsSend = "sessions_send"
    case sessionsList = "sessions_list"
    case sessionsHistory = "sessions_history"
    case sessionStatus = "session_status"
    case subagents
    case agentsList = "agents_list"
    case cron

    static let cronActions = ["list", "status", "get", "add", "update", "remove", "run", "runs", "wake"]

    /// - Parameter agents: what `agents_list` says now: whom this session may spawn, and its limits.
    func description(agents: JSON?) -> JSON {
        var tool = JSONObject([
            ("name", .string(rawValue)), ("description", .string(summary(agents))),
            ("inputSchema", schema(agents)),
        ])
        if isReadOnly { tool["annotations"] = ["readOnlyHint": true] }
        return .object(tool)
    }

    private var isReadOnly: Bool {
        switch self {
        case .sessionsList, .sessionsHistory, .agentsList: true
        default: false
        }
    }

    private func summary(_ agents: JSON?) -> String {
        switch self {
        case .sessionsSpawn:
            "Start a sub-agent on a task. Returns {status, childSessionKey, runId} at once; collect the result with "
                + "subagents {action: \"wait\"}." + Self.limits(agents)
        case .sessionsSend: "Send a message to another session and wait for its reply (timeoutSeconds 0: do not wait)."
        case .sessionsList: "List the sessions that this session may see, newest first."
        case .sessionsHistory: "Read what was said in a session: bounded, without tool results, secrets masked."
        case .sessionStatus: "Show a session's state; with model, set its model (default: reset it)."
        case .subagents: "List, wait for, kill or steer the sub-agents of this session."
        case .agentsList: "List the agents that this session may spawn, with its limits."
        case .cron: "List and manage scheduled jobs (changing them needs operator.admin)."
        }
    }

    private static func limits(_ agents: JSON?) -> String {
        guard let limits = agents?["limits"] else { return "" }
        let ids = agents?["agents"]?.array?.compactMap { $0["id"]?.string } ?? []
        func number(_ name: String) -> String { limits[name]?.integer.map(String.init) ?? "?" }
        return
            " Agents: \(ids.joined(separator: ", ")). Depth \(number("depth")) of at most \(number("maxSpawnDepth")); "
            + "\(number("activeChildren")) of at most \(number("maxChildrenPerAgent")) children are active."
    }

    private func schema(_ agents: JSON?) -> JSON {
        switch self {
        case .sessionsSpawn:
            var agentID = JSONObject([("type", "string"), ("description", "agent to run; default: this session's own")])
            if let ids = agents?["agents"]?.array?.compactMap({ $0["id"] }), !ids.isEmpty {
                agentID["enum"] = .array(ids)
            }
            return Self.object(
                [
                    ("task", Self.text("what the sub-agent is to do")), ("agentId", .object(agentID)),
                    ("label", Self.text("shown in lists")),
                    ("runtime", ["type": "string", "enum": ["subagent", "acp", "local"]]),
                    ("runTimeoutSeconds", Self.number("end the run after this time; 0: never")),
                    (
                        "mode",
                        [
                            "type": "string", "enum": ["run", "session"],
                            "description": "session, with runtime acp: the agent stays for further messages",
                        ]
                    ),
                    (
                        "context",
                        [
                            "type": "string", "enum": ["isolated", "fork"],
                            "description": "fork: the sub-agent begins with this conversation",
                        ]
                    ),
                    ("model", Self.text("of the sub-agent; default: its own")),
                    ("thinking", Self.text("level of thinking; default: the agent's own")),
                    ("streamTo", ["type": "string", "enum": ["parent"]]),
                    ("cleanup", ["type": "string", "enum": ["keep", "delete"]]),
                    ("idempotencyKey", Self.text("a repeat with the same key starts nothing new")),
                ], required: ["task"])
        case .sessionsSend:
            return Self.object(
                [
                    ("sessionKey", Self.text("key or id of the session")),
                    ("label", Self.text("instead of a key")),
                    ("agentId", Self.text("instead: that agent's main session")),
                    ("message", Self.text("what to say")),
                    ("timeoutSeconds", Self.number("how long to wait; default 30")),
                ], required: ["message"])
        case .sessionsList:
            return Self.object([
                ("limit", Self.number("at most so many; default 50")),
                ("activeMinutes", Self.number("used since then")),
                ("label", Self.text("with this label")), ("agentId", Self.text("of this agent")),
                ("includeDerivedTitles", ["type": "boolean"]), ("includeLastMessage", ["type": "boolean"]),
            ])
        case .sessionsHistory:
            return Self.object(
                [
                    ("sessionKey", Self.text("key or id of the session")), ("limit", Self.number("newest messages")),
                    ("includeTools", ["type": "boolean"]),
                ], required: ["sessionKey"])
        case .sessionStatus:
            return Self.object([("sessionKey", Self.text("default: this session")), ("model", Self.text("to set"))])
        case .subagents:
            return Self.object([
                ("action", ["type": "string", "enum": ["list", "wait", "kill", "steer"]]),
                ("runIds", ["type": "array", "items": ["type": "string"], "maxItems": 32]),
                ("target", Self.text("for kill and steer: number, run id, session key, label, last or all")),
                ("message", Self.text("for steer")), ("timeoutSeconds", Self.number("for wait: 0 to 60, default 30")),
                ("recentMinutes", Self.number("for list")),
            ])
        case .agentsList: return Self.object([])
        case .cron:
            return Self.object(
                [
                    ("action", ["type": "string", "enum": .array(Self.cronActions.map { .string($0) })]),
                    ("id", Self.text("of the job")), ("name", Self.text("of a job to add")),
                    ("schedule", ["type": "object"]), ("payload", ["type": "object"]), ("patch", ["type": "object"]),
                    ("sessionTarget", Self.text("main, isolated, current or session:<key>")),
                    ("wakeMode", ["type": "string", "enum": ["now", "next-heartbeat"]]),
                    ("text", Self.text("for wake")),
                    ("mode", Self.text("of run: due or force; of wake: now or next-heartbeat")),
                ], required: ["action"])
        }
    }

    private static func text(_ description: String) -> JSON { ["type": "string", "description": .string(description)] }
    private static func number(_ description: String) -> JSON {
        ["type": "integer", "minimum": 0, "description": .string(description)]
    }

    private static func object(_ properties: [(String, JSON)], required: [JSON] = []) -> JSON {
        var schema = JSONObject([("type", "object"), ("properties", .object(JSONObject(properties)))])
        if !required.isEmpty { schema["required"] = .array(required) }
        return .object(schema)
    }
}
