import Client
import Foundation
import JSON
import Testing

/// `sallyport mcp` behind the Model Context Protocol's own Python client, as an agent has it.
struct MCPClientTests {
    private static let environment = PythonEnvironment(
        "python-mcp", modules: ["mcp"], requirements: ["mcp==2.3.0"])

    @Test func anAgentWithNothingElseFansOutAndCollects() async throws {
        if let problem = Self.environment.problem {
            try Test.cancel("the MCP client is not to be had: \(problem)")
        }
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.subagents = #"allowAgents: ["child"]"#
            configuration.agents = [
                .init(
                    id: "fan",
                    command: [Self.environment.python, Bundle.module.bundlePath + "/Peers/mcp_fan_out.py", "child"]),
                .running("child"), .running("forbidden"),
            ]
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            let run = try owner.spawn("fan out", agent: "fan", [("sessionKey", "agent:fan:main")])
            let result = try owner.result(of: run, within: .seconds(90))
            #expect(result["status"]?.string == "ok", "\(result)")
            let told = try JSONParser.parse(Array((result["text"]?.string ?? "").utf8))
            #expect(told["server"]?.string == "sallyport")
            let tools = told["tools"]?.array?.compactMap(\.string) ?? []
            for tool in [
                "sessions_spawn", "sessions_send", "sessions_list", "sessions_history", "session_status", "subagents",
                "agents_list",
            ] {
                #expect(tools.contains(tool), "\(tools)")
            }
            #expect(told["schemas"]?.bool == true)
            let agents = "\(told["agents"] ?? .null)"
            #expect(agents.contains("child"))
            let spawned = told["spawned"]?.array ?? []
            #expect(spawned.map { $0["status"]?.string } == ["accepted", "accepted"], "\(told)")
            let waited = "\(told["waited"] ?? .null)"
            for number in 1...2 {
                let history = "\(told["histories"]?.array?[number - 1] ?? .null)"
                #expect(waited.contains("child \(number)"), "\(told)")
                #expect(history.contains("child \(number)"), "\(told)")
            }
            #expect(told["refused"]?["status"]?.string == "forbidden", "\(told)")
            // They are the agent's own children, one below it.
            for child in spawned {
                let session = try owner.session(child["childSessionKey"]?.string ?? "")
                #expect(session?["parentSessionKey"]?.string == run.sessionKey, "\(session ?? .null)")
            }
            owner.close()
            try gateway.stop()
        }
    }
}
