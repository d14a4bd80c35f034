import Config
import JSON
import Testing

@Suite("Defaults")
struct DefaultsTests {
    static func defaults() throws -> Configuration { try #require(load(nil).configuration) }

    @Test("no configuration at all serves locally on loopback with TLS")
    func nothing() throws {
        #expect(load(nil).problems == [])
        let configuration = try Self.defaults()
        let gateway = configuration.gateway
        #expect(gateway.mode == .local)
        #expect(gateway.port == 18789)
        #expect(gateway.bind == .loopback)
        #expect(gateway.customBindHost == nil)
        #expect(gateway.tls.enabled)
        #expect(gateway.tls.autoGenerate)
        #expect(gateway.tls.certPath == nil && gateway.tls.keyPath == nil && gateway.tls.caPath == nil)
        #expect(gateway.tls.fingerprints == [] && gateway.tls.clientCertificate == .required)
        #expect(!gateway.tls.requiresClientCertificate)
        #expect(gateway.remote.url == nil && gateway.remote.tlsFingerprints == [])
        #expect(gateway.auth.mode == .token)
        #expect(gateway.auth.token == nil && gateway.auth.password == nil)
        #expect(gateway.trustedProxies == [])
        #expect(!gateway.allowRealIPFallback)
        #expect(gateway.controlUI.enabled && !gateway.controlUI.allowInsecureAuth)
        #expect(gateway.nodePairing.autoApproveLocal)
        #expect(!gateway.pairing.loopbackExempt && gateway.pairing.internalSpawnBypass)
        #expect(gateway.enforcePairing)
        #expect(gateway.handshakeTimeout == .seconds(15))
        #expect(!gateway.compression.enabled)
        #expect(gateway.reload.mode == .hybrid)
        #expect(gateway.reload.debounce == .milliseconds(300))
        #expect(configuration.security == (try Self.defaults()).security)
        #expect(configuration.security.requireForExternal && !configuration.security.skipForLoopback)
        #expect(configuration.session.mainKey == "main")
        #expect(configuration.session.scope == .perSender)
        #expect(configuration.session.maintenance == MaintenanceSettings())
        #expect(configuration.session.maintenance.archiveRetention == .seconds(30 * 86_400))
        #expect(configuration.acp.enabled)
        #expect(configuration.acp.maxConcurrentSessions == nil)
    }

    @Test("sub-agents have the documented defaults")
    func subagents() throws {
        let subagents = try Self.defaults().agentDefaults.subagents
        #expect(subagents == SubagentSettings())
        #expect(subagents.maxConcurrent == 8)
        #expect(subagents.maxSpawnDepth == 5)
        #expect(subagents.maxChildrenPerAgent == 5)
        #expect(subagents.allowAgents == [])
        #expect(!subagents.requireAgentID && subagents.allowSelf)
        #expect(subagents.archiveAfter == .seconds(60 * 60))
        #expect(subagents.runTimeout == nil)
        #expect(subagents.announceTimeout == .milliseconds(120_000))
        #expect(subagents.spawnTimeout == .milliseconds(30_000))
        #expect(subagents.gatewayURL == nil)
        #expect(subagents.credential == .runToken)
        #expect(subagents.scopes == nil)
    }

    @Test("an implied agent main has nothing to run")
    func impliedAgent() throws {
        let configuration = try Self.defaults()
        #expect(configuration.agents.map(\.id) == ["main"])
        #expect(configuration.defaultAgentID == "main")
        #expect(configuration.defaultAgent?.exec == nil)
    }

    @Test("a file that exists switches TLS off unless it says otherwise")
    func tlsWithFile() throws {
        #expect(try !loaded("").gateway.tls.enabled)
        #expect(try loaded("gateway:{tls:{enabled:true}}").gateway.tls.enabled)
        #expect(try loaded("", flags: ["gateway.tls.enabled": "true"]).gateway.tls.enabled)
    }

    @Test("a file without gateway.mode is an error whose remedy is the line to add")
    func missingMode() throws {
        let empty = load("{}")
        #expect(empty.configuration == nil)
        #expect(empty.problems.map(\.path) == ["gateway.mode"])
        #expect(empty.problems.first?.severity == .error)
        #expect(empty.problems.first?.remedy == #"add the line gateway: { mode: "local" }"#)
        #expect(empty.problems.first?.location == SourceLocation(path: "/c/openclaw.json", line: 1, column: 1))

        let block = load("{\n  gateway: { port: 1 }\n}")
        #expect(block.problems.map(\.path) == ["gateway.mode"])
        let remedy = try #require(block.problems.first?.remedy)
        #expect(remedy.contains(#"gateway: { mode: "local" }"#))
        #expect(remedy.contains("/c/openclaw.json:2:12"))

        #expect(load("{}", flags: ["gateway.mode": "local"]).problems == [])
        #expect(load("{gateway:{mode:'remote'}}").configuration?.gateway.mode == .remote)
    }

    @Test("an empty file is not a configuration")
    func emptyFile() {
        let result = load("")
        #expect(result.problems.map(\.message) == ["not valid JSON5: the document ends too early"])
    }

    @Test("every setting is listed once, with its default")
    func effective() throws {
        let effective = try Self.defaults().effective
        #expect(Set(effective.map(\.path)).count == effective.count)
        #expect(effective.allSatisfy { $0.source == .builtIn })
        let values = Dictionary(uniqueKeysWithValues: effective.map { ($0.path, $0.value) })
        #expect(values["gateway.port"] == 18789)
        #expect(values["gateway.handshakeTimeoutMs"] == 15000)
        #expect(values["agents.defaults.subagents.archiveAfterMinutes"] == 60)
        #expect(values["agents.defaults.subagents.runTimeoutSeconds"] == 0)
        #expect(values["agents.defaults.subagents.spawnTimeoutMs"] == 30000)
        #expect(values["gateway.auth.token"] == .null)
        #expect(values["session.scope"] == "per-sender")
    }
}
