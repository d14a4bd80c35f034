/// Text of an `openclaw.json` with the agents that scenarios run.
struct GatewayConfiguration {
    struct Agent {
        let id: String
        let command: [String]
        var stdin = "task"
        /// Speaks ACP; members of its `acp` besides the command.
        var acp: String?
        /// Further members, such as `isolation: "bwrap"`.
        var more = ""
        /// Its runs go to workers of this pool.
        var pool: String?

        static func acp(_ id: String, _ command: [String], _ more: String = "") -> Agent {
            Agent(id: id, command: command, acp: more)
        }

        /// A shell command with the task as `$1`.
        static func shell(_ id: String, _ script: String, stdin: String = "none") -> Agent {
            Agent(id: id, command: ["/bin/sh", "-c", script, "sh", "{task}"], stdin: stdin)
        }

        /// Runs the task as a command line, as the fix article's agent does.
        static func running(_ id: String, pool: String? = nil) -> Agent {
            var agent = shell(id, "eval \"$1\"")
            agent.pool = pool
            return agent
        }
    }

    var gateway =
        #"mode: "local", bind: "loopback", tls: { enabled: true }, auth: { mode: "token", token: "my-token" }"#
    var subagents = #"allowAgents: ["*"]"#
    var agents: [Agent] = [.running("my-agent")]
    var more = ""

    var text: String {
        """
        {
          gateway: { \(gateway) },
          agents: {
            defaults: { subagents: { \(subagents) } },
            list: [
        \(agents.map(Self.entry).joined(separator: ",\n"))
            ],
          },
          \(more)
        }
        """
    }

    private static func entry(_ agent: Agent) -> String {
        let command = agent.command.map { "\"\(escaped($0))\"" }.joined(separator: ", ")
        if let acp = agent.acp {
            return
                "      { id: \"\(agent.id)\", runtime: { type: \"acp\", acp: { command: [\(command)], \(acp) } }, \(agent.more) }"
        }
        let pool = agent.pool.map { "pool: \"\($0)\", " } ?? ""
        return
            "      { id: \"\(agent.id)\", \(pool)exec: { command: [\(command)], stdin: \"\(agent.stdin)\" }, \(agent.more) }"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
