internal import Client
internal import JSON

/// `explain spawn`: what would become of a spawn, and which rule and key decide it.
enum ExplainSpawnCommand {
    static let command = Command(
        "explain spawn", summary: "Says what would become of a spawn, rule by rule, without spawning.",
        options: CommandTable.clientOptions + [
            .init("agent", "ID", "agent to run (default: the session's own)"),
            .init("runtime", "NAME", "subagent, acp or local (default: the agent's own)"),
            .init("session", "KEY", "ask as the agent of this session (default: as the owner, from the main session)"),
            .init("mode", "MODE", "run (default) or session"),
            .init("sandbox", "WHAT", "inherit (default) or require"),
            .init("cwd", "DIR", "directory of an ACP agent"),
        ],
        notes: [
            "Exit codes: 0 it would be accepted; 7 agent not allowed, 65 too many children or ACP sessions,",
            "78 configuration unusable, 1 refused for another reason.", "",
            "example: sallyport explain spawn --agent finance --session agent:main:main",
        ]
    ) { invocation in
        let arguments = invocation.arguments
        var params = JSONObject([("task", "explain")])
        let names = [
            ("agent", "agentId"), ("runtime", "runtime"), ("session", "sessionKey"), ("mode", "mode"),
            ("sandbox", "sandbox"), ("cwd", "cwd"),
        ]
        for (option, name) in names { params[name] = arguments[option].map { .string($0) } }
        let request = JSON.object(params)
        return try DevicesCommands.with(invocation) { client in
            let result = try client.request("sessions.spawn.explain", request)
            invocation.terminal.print(
                arguments.has("json") ? result.prettyPrinted() : text(result).joined(separator: "\n"))
            return result["outcome"]?.string == "accepted" ? 0 : SpawnCommand.exitCode(result)
        }
    }

    private static func text(_ result: JSON) -> [String] {
        func field(_ name: String) -> String { result[name]?.string ?? "-" }
        let isAccepted = field("outcome") == "accepted"
        var lines: [String] = []
        if isAccepted {
            lines.append(
                "Accepted\(result["queues"]?.bool == true ? ", and queued until a place is free" : ""): agent "
                    + "\(field("agentId")) by runtime \(field("runtime")), isolation \(field("isolation"))")
        } else {
            lines.append("Refused by \(field("rule")): \(field("error"))")
        }
        if let requester = result["requesterSessionKey"]?.string {
            lines.append("asked by the \(field("requester")) of \(requester)")
        }
        lines.append("")
        var rows = [["RULE", "VERDICT", "FACT"]]
        for step in result["walk"]?.array ?? [] {
            rows.append([
                step["rule"]?.string ?? "-", step["verdict"]?.string ?? "-", step["fact"]?.string ?? "",
            ])
            for setting in step["settings"]?.array ?? [] where step["verdict"]?.string != "not-reached" {
                rows.append([
                    "", "",
                    "\(setting["path"]?.string ?? ""): \(setting["value"]?.string ?? "") (\(setting["source"]?.string ?? ""))",
                ])
            }
        }
        lines.append(Terminal.table(rows))
        if !isAccepted { lines += ["", "What would let it pass: \(field("remediationHint"))"] }
        return lines
    }
}
