import Client
import JSON
import Testing

/// Children of children, by registered grants.
struct GrandchildTests {
    /// Counts down: spawns itself with one less until 0.
    private static let countdown = GatewayConfiguration.Agent.shell(
        "main",
        #"""
        if [ "$1" -gt 0 ]; then "$SALLYPORT" sessions_spawn -- $(($1 - 1)); else echo "the end"; fi
        """#)

    @Test func fiveLevelsDeepAndNotSix() async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.agents = [Self.countdown]
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            let fifth = try owner.result(of: owner.spawn("4"))
            #expect(fifth["status"]?.string == "ok", "\(fifth)")
            #expect(fifth["text"]?.string?.contains("the end") == true, "\(fifth)")
            let list = try owner.request("sessions.list", ["limit": 100])
            let depths = (list["sessions"]?.array ?? []).compactMap { $0["spawnDepth"]?.integer }.sorted()
            #expect(depths == [0, 1, 2, 3, 4, 5])

            let spawn = try gateway.cli.run("sessions_spawn", "--", "5")
            #expect(spawn.exitCode == 1)
            #expect(
                spawn.errors.contains("sessions_spawn is not allowed at this depth (current depth: 5, max: 5)"),
                "\(spawn)")
            #expect(spawn.errors.contains("raise agents.defaults.subagents.maxSpawnDepth"))
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theDepthIsConfigurable() async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.agents = [Self.countdown]
            configuration.subagents = "maxSpawnDepth: 1"
            let gateway = try GatewayProcess(configuration.text)
            let spawn = try gateway.cli.run("sessions_spawn", "--", "1")
            #expect(spawn.exitCode == 1)
            #expect(spawn.errors.contains("(current depth: 1, max: 1)"), "\(spawn)")
            try gateway.stop()
        }
    }

    @Test func endingAParentEndsEverythingBelowIt() async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.agents = [
                .shell(
                    "main", #"if [ "$1" -gt 0 ]; then "$SALLYPORT" sessions_spawn -- $(($1 - 1)); else sleep 600; fi"#)
            ]
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            let parent = try owner.spawn("2")
            func rows() throws -> [JSON] {
                try owner.request("sessions.list", ["limit": 100])["sessions"]?.array?
                    .filter { $0["type"]?.string == "spawned" } ?? []
            }
            try eventually("three runs run") { try rows().count { $0["phase"]?.string == "running" } == 3 }
            let kill = try gateway.cli.run("sessions", "kill", parent.sessionKey)
            #expect(kill.exitCode == 0)
            let ended = try rows()
            #expect(ended.count == 3)
            #expect(ended.allSatisfy { $0["status"]?.string == "killed" }, "\(ended)")
            try eventually("no process is left but the gateway") { gateway.processes == [gateway.pid] }
            owner.close()
            try gateway.stop()
        }
    }
}
