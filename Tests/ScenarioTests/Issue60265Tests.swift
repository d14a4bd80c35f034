import Client
import JSON
import Testing

/// Issue 60265: local mode, loopback, token auth, a channel that cannot pair.
struct Issue60265Tests {
    private static func configuration(allowAgents: String?) -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        configuration.gateway = """
            mode: "local", bind: "loopback", auth: { mode: "token", token: "my-token" },
            controlUi: { allowInsecureAuth: true }
            """
        configuration.subagents = "maxConcurrent: 4" + (allowAgents.map { ", allowAgents: [\($0)]" } ?? "")
        let echo = #"echo "${1#*: }""#
        configuration.agents = [.shell("main", echo), .shell("finance-financial-forecaster", echo)]
        return configuration
    }

    private static let wish: [(String, JSON)] = [
        ("mode", "run"), ("cleanup", "delete"), ("timeoutSeconds", 20), ("runTimeoutSeconds", 20),
    ]

    @Test func theSameAgentAnswersSUBAGENT_OKAndIsDeletedAfterwards() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration(allowAgents: nil).text)
            let owner = try await gateway.owner()
            let run = try owner.spawn("Reply with exactly: SUBAGENT_OK", Self.wish)
            #expect(run.sessionKey.hasPrefix("agent:main:subagent:"))
            #expect(try owner.result(of: run)["text"]?.string == "SUBAGENT_OK\n")
            #expect(try owner.session(run.sessionKey) == nil)
            owner.close()
            try gateway.stop()
        }
    }

    @Test func anotherAgentAnswersFINANCE_AGENT_OKWhenItIsAllowed() async throws {
        try await scenario {
            let gateway = try GatewayProcess(
                Self.configuration(allowAgents: #""finance-financial-forecaster""#).text)
            let owner = try await gateway.owner()
            let run = try owner.spawn(
                "Reply with exactly: FINANCE_AGENT_OK", agent: "finance-financial-forecaster", Self.wish)
            #expect(try owner.result(of: run)["text"]?.string == "FINANCE_AGENT_OK\n")
            #expect(try owner.session(run.sessionKey) == nil)
            owner.close()
            try gateway.stop()
        }
    }

    @Test func anotherAgentIsRefusedInTheReportsWordsWhenItIsNotAllowed() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration(allowAgents: nil).text)
            let owner = try await gateway.owner()
            let answer = try owner.request(
                "sessions_spawn", ["task": "x", "agentId": "finance-financial-forecaster"])
            #expect(answer["status"]?.string == "forbidden")
            #expect(answer["error"]?.string == "agentId is not allowed for sessions_spawn (allowed: none)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aStarAllowsConfiguredAgentsOnly() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration(allowAgents: #""*""#).text)
            let owner = try await gateway.owner()
            let run = try owner.spawn("say: yes", agent: "finance-financial-forecaster", Self.wish)
            #expect(try owner.result(of: run)["text"]?.string == "yes\n")
            let answer = try owner.request("sessions_spawn", ["task": "x", "agentId": "nobody"])
            #expect(answer["status"]?.string == "forbidden")
            #expect(answer["error"]?.string == "agentId is not allowed for sessions_spawn (allowed: *)")
            owner.close()
            try gateway.stop()
        }
    }
}
