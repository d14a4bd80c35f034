import Client
import JSON
import Testing

/// `explain spawn` and the exit codes of spawns, on the command line.
struct ExplainSpawnTests {
    private static func gateway() throws -> GatewayProcess {
        var configuration = GatewayConfiguration()
        configuration.subagents = #"allowAgents: ["other", "hollow", "coder"], maxChildrenPerAgent: 2"#
        configuration.agents = [
            .running("main"), .running("other"), .running("forbidden"),
            .init(id: "coder", command: ["/bin/sleep", "600"], more: "subagents: { maxSpawnDepth: 1 }"),
        ]
        configuration.more = "acp: { enabled: false },"
        // An agent that has nothing to run.
        let text = configuration.text.replacing("list: [", with: "list: [ { id: \"hollow\" },")
        return try GatewayProcess(text.replacing("{ id: \"main\"", with: "{ default: true, id: \"main\""))
    }

    @Test(
        "the exit code says why a spawn is refused, and the dry run says the same",
        arguments: [
            (["--agent", "other"], Int32(0), "Accepted", "isolation none"),
            (["--agent", "forbidden"], 7, "agentId is not allowed for sessions_spawn (allowed: ", "allowAgents"),
            (["--agent", "hollow"], 78, "has no command to run", "exec.command"),
            (["--runtime", "acp", "--agent", "other"], 78, "ACP is disabled by policy", "acp.enabled"),
        ])
    func codes(_ words: [String], _ code: Int32, _ message: String, _ key: String) async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let dry = try gateway.cli.run(["explain", "spawn"] + words)
            #expect(dry.exitCode == code, "\(dry)")
            #expect(dry.output.contains(message) && dry.output.contains(key), "\(dry)")
            let json = try gateway.cli.run(["explain", "spawn", "--json"] + words)
            #expect(json.exitCode == code)
            let answer = try JSONParser.parse(Array(json.output.utf8))
            #expect(answer["outcome"]?.string == (code == 0 ? "accepted" : "refused"))
            #expect(answer["walk"]?.array?.isEmpty == false)
            let real = try gateway.cli.run(["sessions_spawn"] + words + ["--", "true"])
            #expect(real.exitCode == code, "\(real)")
            if code != 0 { #expect(real.errors.contains(message), "\(real)") }
            try gateway.stop()
        }
    }

    @Test("too many children end with 65, and the walk names the setting and where it stands")
    func children() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let runs = try (0..<2).map { _ in try owner.spawn("sleep 600") }
            let dry = try gateway.cli.run("explain", "spawn")
            #expect(dry.exitCode == 65, "\(dry)")
            #expect(dry.output.contains("max active children for this session (2/2)"))
            #expect(dry.output.contains("agents.defaults.subagents.maxChildrenPerAgent: 2 ("), "\(dry)")
            #expect(dry.output.contains("openclaw.json:"))
            #expect(try gateway.cli.run("sessions", "spawn", "--", "true").exitCode == 65)
            // A dry run leaves nothing behind.
            #expect(try owner.request("sessions.list")["count"]?.integer == 3)
            for run in runs { #expect(try gateway.cli.run("sessions", "kill", run.sessionKey).exitCode == 0) }
            owner.close()
            try gateway.stop()
        }
    }

    @Test("an agent's own session is asked as the agent")
    func session() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let run = try owner.spawn("sleep 600", agent: "coder")
            let answer = try gateway.cli.run("explain", "spawn", "--session", run.sessionKey)
            #expect(answer.exitCode == 1, "\(answer)")
            #expect(answer.output.contains("not allowed at this depth (current depth: 1, max: 1)"))
            #expect(answer.output.contains("asked by the agent of \(run.sessionKey)"))
            #expect(try gateway.cli.run("sessions", "kill", run.sessionKey).exitCode == 0)
            let unknown = try gateway.cli.run("explain", "spawn", "--session", "nonsense")
            #expect(unknown.exitCode == 1 && unknown.errors.contains("session not found"), "\(unknown)")
            owner.close()
            try gateway.stop()
        }
    }
}
