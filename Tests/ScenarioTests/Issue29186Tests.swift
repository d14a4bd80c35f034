import Client
import JSON
import Store
import Testing

/// Issue 29186: with bind lan or tailnet, what the gateway starts itself is not asked to pair, and the deadline of a
/// start is 30 s and can be set.
struct Issue29186Tests {
    private static func configuration(bind: String, _ surroundings: Surroundings) -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        configuration.gateway =
            "mode: \"local\", bind: \"\(bind)\", auth: { mode: \"token\", token: \"my-token\" }"
            + surroundings.gatewaySettings
        return configuration
    }

    /// Spawns from a session and lists from it, as a command that the gateway runs.
    private static func expectASessionCanSpawnAndList(_ gateway: GatewayProcess) async throws {
        let owner = try await gateway.owner()
        let task = #"""
            "$SALLYPORT" sessions_spawn --agent my-agent -- 'echo grandchild $((6 * 7))' && "$SALLYPORT" sessions list
            """#
        let result = try owner.result(of: owner.spawn(task, agent: "my-agent"))
        #expect(result["status"]?.string == "ok", "\(result)\n\(gateway.log)")
        let text = result["text"]?.string ?? ""
        #expect(text.contains("\ngrandchild 42\n"), "\(text)")
        #expect(text.contains("Task completed. Exit code: 0"), "\(text)")
        #expect(text.contains("SESSION ID"), "\(text)")
        owner.close()
    }

    @Test func bindLAN() async throws {
        try await scenario {
            let surroundings = Surroundings("29186 bind lan")
            let gateway = try GatewayProcess(
                Self.configuration(bind: "lan", surroundings).text, in: surroundings.namespace)
            #expect(gateway.listeners.contains { $0.url.hasPrefix("ws://0.0.0.0:") })
            try await Self.expectASessionCanSpawnAndList(gateway)
            if surroundings.namespace != nil {
                let spawn = try gateway.cli.run("sessions_spawn", "--agent", "my-agent", "--", "echo main")
                #expect(spawn.exitCode == 0, "\(spawn)")
                let list = try gateway.cli.run("sessions", "list")
                #expect(list.exitCode == 0, "\(list)")
            }
            try gateway.stop()
            #expect(!gateway.log.contains("pairing required"), "\(gateway.log)")
        }
    }

    @Test func bindTailnet() async throws {
        try await scenario {
            let surroundings = Surroundings("29186 bind tailnet")
            let gateway = try GatewayProcess(
                Self.configuration(bind: "tailnet", surroundings).text, in: surroundings.namespace)
            if surroundings.namespace != nil {
                #expect(gateway.listeners.contains { $0.url.hasPrefix("ws://100.64.0.10:") })
            } else {
                _ = try gateway.waitForLog("no interface has a tailnet address")
            }
            #expect(gateway.listeners.contains { $0.url.hasPrefix("ws://127.0.0.1:") })
            try await Self.expectASessionCanSpawnAndList(gateway)
            try gateway.stop()
            #expect(!gateway.log.contains("pairing required"), "\(gateway.log)")
        }
    }

    @Test(arguments: ["agents.defaults", "agentDefaults"])
    func theDeadlineOfAStartIsConfigurable(block: String) async throws {
        try await scenario {
            // Takes connections and never answers: a start that takes for ever.
            let relay = try Relay(.silent)
            defer { relay.stop() }
            let timeout = "spawnTimeoutMs: 400"
            var configuration = GatewayConfiguration()
            configuration.subagents = "allowAgents: [\"*\"], gatewayUrl: \"wss://127.0.0.1:\(relay.port)\""
            if block == "agentDefaults" {
                configuration.more = "agentDefaults: { subagents: { \(timeout) } }"
            } else {
                configuration.subagents += ", \(timeout)"
            }
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            let result = try owner.result(of: owner.spawn("echo never", agent: "my-agent"))
            #expect(result["status"]?.string == "error")
            #expect(result["cause"]?.string == "no worker attached within 400 ms")
            // Tried again once before it was given up.
            _ = try gateway.waitForLog("retrying run=")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aSlowStartDoesNotFailAndTheDefaultDeadlineIs30Seconds() async throws {
        try await scenario {
            let relay = try Relay(.forwarding)
            defer { relay.stop() }
            var configuration = GatewayConfiguration()
            configuration.subagents = "allowAgents: [\"*\"], gatewayUrl: \"wss://127.0.0.1:\(relay.port)\""
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            let run = try owner.spawn("echo late", agent: "my-agent")
            // The worker has dialled and gets no further for as long as the relay holds it.
            try eventually("the worker dials") { relay.acceptedCount > 0 }
            #expect(try owner.session(run.sessionKey)?["phase"]?.string == "launching")
            relay.forward(to: gateway.port)
            #expect(try owner.result(of: run)["text"]?.string == "late\n")
            owner.close()
            try gateway.stop()
            #expect(!gateway.log.contains("retrying run="))

            // Waiting for 30 s would prove no more than the record does.
            let store = try SQLiteStore(path: gateway.state.path + "/state/sallyport.sqlite")
            defer { store.close() }
            let record = try #require(try store.run(runId: run.runID))
            #expect(record.spawnTimeoutMs == 30_000)
        }
    }
}
