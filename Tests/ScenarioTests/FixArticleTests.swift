import Client
import Testing

/// The fix article (issues 12210, 21445, 30740, 59428): its verification steps 3 to 5 and its exit codes.
struct FixArticleTests {
    private static func configuration() -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        configuration.agents = [
            .running("main"), .running("my-agent"), .running("analysis-agent"), .running("other-agent"),
        ]
        configuration.subagents = #"allowAgents: ["my-agent", "analysis-agent"]"#
        return configuration
    }

    @Test func steps3To5ReadAsTheArticleSays() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration().text)
            let spawn = try gateway.cli.run(
                "sessions_spawn", "--agent", "my-agent", "--runtime", "subagent", "--", "echo \"test\"")
            #expect(spawn.exitCode == 0)
            let lines = spawn.lines
            try #require(lines.count == 5, "\(spawn)")
            #expect(lines[0] == "Spawning agent 'my-agent' with runtime 'subagent'...")
            let introduction = "Agent spawned successfully in session "
            #expect(lines[1].hasPrefix(introduction + "agent:my-agent:subagent:"))
            let key = String(lines[1].dropFirst(introduction.count))
            #expect(lines[2] == "[\(key)] Executing task: echo \"test\"")
            #expect(lines[3] == "test")
            #expect(lines[4] == "[\(key)] Task completed. Exit code: 0")

            let second = try gateway.cli.run("sessions", "spawn", "--agent", "analysis-agent", "--", "echo second")
            #expect(second.exitCode == 0)
            #expect(second.lines.dropFirst(3).first == "second")

            let list = try gateway.cli.run("sessions", "list")
            #expect(list.exitCode == 0)
            let rows = list.lines.map { $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init) }
            #expect(list.lines[0].hasPrefix("SESSION ID"))
            #expect(rows[0] == ["SESSION", "ID", "TYPE", "AGENT", "STATUS", "CREATED"])
            let primary = try #require(rows.first { $0[0] == "agent:my-agent:main" || $0[1] == "primary" })
            #expect(Array(primary[1...3]) == ["primary", "-", "active"])
            let child = try #require(rows.first { $0[0] == key })
            #expect(Array(child[1...3]) == ["spawned", "my-agent", "done"])
            #expect(rows.contains { $0[2] == "analysis-agent" })
            try gateway.stop()
        }
    }

    @Test func aRunningChildIsListedAsActive() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration().text)
            let owner = try await gateway.owner()
            let run = try owner.spawn("sleep 60", agent: "my-agent")
            try owner.waitUntilRunning(run)
            let list = try gateway.cli.run("sessions", "list")
            let row = try #require(list.lines.first { $0.hasPrefix(run.sessionKey) })
            let columns = row.split(separator: " ", omittingEmptySubsequences: true)
            #expect(columns[1...3] == ["spawned", "my-agent", "active"])
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theExitCodeIsTheTasks() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration().text)
            let spawn = try gateway.cli.run("sessions_spawn", "--agent", "my-agent", "--", "exit 42")
            #expect(spawn.exitCode == 42)
            #expect(spawn.lines.last?.hasSuffix("Task completed. Exit code: 42") == true)
            try gateway.stop()
        }
    }

    @Test func anAgentThatIsNotAllowedEndsWith7() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration().text)
            let spawn = try gateway.cli.run("sessions_spawn", "--agent", "other-agent", "--", "echo no")
            #expect(spawn.exitCode == 7)
            #expect(
                spawn.errors.contains(
                    "agentId is not allowed for sessions_spawn (allowed: my-agent, analysis-agent)"))
            #expect(spawn.errors.contains(#"add "other-agent" to agents.defaults.subagents.allowAgents"#))
            try gateway.stop()
        }
    }

    @Test func oneChildTooManyEndsWith65() async throws {
        try await scenario {
            var configuration = Self.configuration()
            configuration.subagents = #"allowAgents: ["*"], maxChildrenPerAgent: 1"#
            let gateway = try GatewayProcess(configuration.text)
            let first = try gateway.cli.run("sessions_spawn", "--agent", "my-agent", "--no-wait", "--", "sleep 60")
            #expect(first.exitCode == 0)
            let second = try gateway.cli.run("sessions_spawn", "--agent", "my-agent", "--", "echo no")
            #expect(second.exitCode == 65)
            #expect(second.errors.contains("max active children for this session (1/1)"))
            #expect(second.errors.contains("raise agents.defaults.subagents.maxChildrenPerAgent"))
            try gateway.stop()
        }
    }
}
