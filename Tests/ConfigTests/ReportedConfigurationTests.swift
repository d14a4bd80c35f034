import Config
import JSON
import Testing

@Suite("Configurations of the reports")
struct ReportedConfigurationTests {
    static let fingerprint = String(repeating: "0123456789abcdef", count: 4)

    @Test("30740: TLS in Docker, port 3000")
    func report30740() throws {
        let text = """
            {
              gateway: { mode: "local", port: 3000, bind: "lan", tls: { enabled: true, autoGenerate: true,
                fingerprint: "\(Self.fingerprint)" }, auth: { mode: "token", token: "my-token" } }
            }
            """
        let result = load(text)
        #expect(result.problems == [])
        let gateway = try #require(result.configuration).gateway
        #expect(gateway.mode == .local)
        #expect(gateway.port == 3000)
        #expect(gateway.bind == .lan)
        #expect(gateway.tls.enabled)
        #expect(gateway.tls.autoGenerate)
        #expect(gateway.tls.fingerprints == [Self.fingerprint])
        #expect(gateway.auth.mode == .token)
        #expect(gateway.auth.token == Secret("my-token"))
    }

    @Test("60265: local mode on loopback")
    func report60265() throws {
        let text = """
            {
              "gateway": { "mode": "local", "port": 18789, "bind": "loopback",
                "auth": { "mode": "token", "token": "t0" }, "controlUi": { "allowInsecureAuth": true } },
              "agents": { "defaults": { "subagents": { "maxConcurrent": 4 } } },
              "channels": { "qqbot": { "enabled": true } }
            }
            """
        let result = load(text)
        #expect(result.problems == [])
        let configuration = try #require(result.configuration)
        #expect(configuration.gateway.controlUI.allowInsecureAuth)
        #expect(!configuration.gateway.tls.enabled)
        #expect(configuration.agentDefaults.subagents.maxConcurrent == 4)
        #expect(configuration.agentDefaults.subagents.allowAgents == [])
        #expect(configuration.agentDefaults.subagents.allowSelf)
    }

    static let articleGateway = """
        {
          "gateway": { "pairing": { "loopbackExempt": true, "internalSpawnBypass": true } },
          "security": { "devicePairing": { "requireForExternal": true, "skipForLoopback": true } }
        }
        """

    @Test("the fix article: gateway.json beside the main file")
    func article() throws {
        let main = #"{ "gateway": { "mode": "local" }, "acp": { "allowedAgents": ["my-agent", "analysis-agent"] } }"#
        let result = load(main, gateway: Self.articleGateway)
        #expect(result.problems == [])
        let configuration = try #require(result.configuration)
        #expect(configuration.acp.allowedAgents == ["my-agent", "analysis-agent"])
        #expect(configuration.gateway.pairing.loopbackExempt)
        #expect(configuration.gateway.pairing.internalSpawnBypass)
        #expect(configuration.security.requireForExternal)
        #expect(configuration.security.skipForLoopback)
        #expect(configuration.source(of: "gateway.pairing.loopbackExempt") == .file(path: "/c/gateway.json", line: 2))
    }

    @Test(
        "the fix article: its fragments alone in gateway.json need no mode",
        arguments: [
            articleGateway, #"{ "acp": { "allowedAgents": ["my-agent", "analysis-agent"] } }"#,
            #"{ "gateway": { "security": { "enforcePairing": false } } }"#,
        ])
    func articleFragments(_ text: String) throws {
        let result = load(nil, gateway: text)
        #expect(result.errors == [])
        #expect(try #require(result.configuration).gateway.mode == .local)
    }

    @Test("the fix article: a fragment as the main file lacks the mode, and nothing else")
    func articleWithoutMode() {
        let result = load(#"{ "acp": { "allowedAgents": ["my-agent", "analysis-agent"] } }"#)
        #expect(result.problems.map(\.path) == ["gateway.mode"])
        #expect(result.configuration == nil)
    }

    @Test(
        "the fix article: the environment wins over the file",
        arguments: [
            ("true", true), ("false", false), ("1", true), ("0", false),
        ])
    func articleEnvironment(_ value: String, _ expected: Bool) throws {
        for written in [true, false] {
            let configuration = try loaded(
                "gateway:{pairing:{internalSpawnBypass:\(written)}}",
                environment: ["OPENCLAW_INTERNAL_SPAWN_BYPASS": value])
            #expect(configuration.gateway.pairing.internalSpawnBypass == expected)
            let source = configuration.source(of: "gateway.pairing.internalSpawnBypass")
            #expect(source == .environment("OPENCLAW_INTERNAL_SPAWN_BYPASS"))
        }
    }

    @Test(
        "the fix article: enforcePairing false loads with a warning, at either path",
        arguments: [
            "gateway:{security:{enforcePairing:false}}", "security:{enforcePairing:false}",
        ])
    func enforcePairing(_ members: String) throws {
        let found = problems(members)
        #expect(found.map(\.severity) == [.warning])
        #expect(found.first?.path == "gateway.security.enforcePairing")
        #expect(found.first?.location?.line == 1)
        #expect(try !loaded(members).gateway.enforcePairing)
    }

    @Test(
        "29186: bind lan with the token in the environment, spawnTimeoutMs under either name",
        arguments: [
            "agents:{defaults:{subagents:{spawnTimeoutMs:45000}}}", "agentDefaults:{subagents:{spawnTimeoutMs:45000}}",
        ])
    func report29186(_ members: String) throws {
        let configuration = try loaded(
            "gateway:{bind:'lan'},\(members)", environment: ["OPENCLAW_GATEWAY_TOKEN": "secret"])
        #expect(configuration.agentDefaults.subagents.spawnTimeout == .seconds(45))
        #expect(configuration.gateway.auth.token == Secret("secret"))
        #expect(configuration.source(of: "gateway.auth.token") == .environment("OPENCLAW_GATEWAY_TOKEN"))
    }

    @Test("2026.4.8: loopback and a token")
    func report202648() throws {
        let gateway = try loaded("gateway:{bind:'loopback',auth:{mode:'token',token:'t'}}").gateway
        #expect(gateway.nodePairing.autoApproveLocal)
        #expect(gateway.auth.token == Secret("t"))
    }
}
