import Config
import JSON
import Testing

@Suite("Unknown keys")
struct UnknownKeyTests {
    @Test(
        "a family that OpenClaw knows is accepted silently",
        arguments: [
            "channels", "models", "tools", "plugins", "hooks", "messages", "meta", "wizard", "env",
            "browser", "bindings", "commands", "discovery", "skills", "ui", "auth", "$schema",
        ])
    func families(_ name: String) { #expect(problems("\(name):{x:{y:1}}") == []) }

    @Test(
        "keys that OpenClaw knows and we do not use are accepted silently",
        arguments: [
            "gateway:{remote:{url:'x'},tailscale:{mode:'off'},http:{},tools:{},roles:{},publicOrigin:'x'}",
            "gateway:{nodes:{browser:{mode:'auto'},commands:{}},controlUi:{root:'x'}}",
            "session:{dmScope:'main',reset:{mode:'none'},store:'x',maintenance:{}}", "acp:{backend:'acpx',stream:{}}",
            "agents:{defaults:{model:'x',subagents:{model:'x',thinking:'low'}},ownership:'explicit'}",
            "logging:{redactSensitive:'tools',redactPatterns:[]}",
            "agents:{list:[{id:'a',agentDir:'x',model:'x',identity:{},tools:{},sandbox:{},heartbeat:{}}]}",
        ])
    func unused(_ members: String) { #expect(problems(members) == []) }

    @Test(
        "a slip is a warning that names the nearest key",
        arguments: [
            ("gateway:{prot:1}", "gateway.prot", "did you mean gateway.port?", "1:11"),
            ("gateway:{Port:1}", "gateway.Port", "did you mean gateway.port?", "1:11"),
            ("gateway:{trustedProxy:[]}", "gateway.trustedProxy", "did you mean gateway.trustedProxies?", "1:11"),
            ("gateway:{tls:{enable:true}}", "gateway.tls.enable", "did you mean gateway.tls.enabled?", "1:16"),
            (
                "gateway:{compression:{enable:true}}", "gateway.compression.enable",
                "did you mean gateway.compression.enabled?", "1:24"
            ),
            ("gateway:{auth:{tokn:'x'}}", "gateway.auth.tokn", "did you mean gateway.auth.token?", "1:17"),
            (
                "gateway:{pairing:{loopbackExcempt:true}}", "gateway.pairing.loopbackExcempt",
                "did you mean gateway.pairing.loopbackExempt?", "1:20"
            ),
            (
                "security:{devicePairing:{skipForLoopbak:true}}", "security.devicePairing.skipForLoopbak",
                "did you mean security.devicePairing.skipForLoopback?", "1:27"
            ),
            ("acp:{allowAgents:[]}", "acp.allowAgents", "use acp.allowedAgents", "1:7"),
            (
                "agents:{defaults:{subagents:{maxConcurent:1}}}", "agents.defaults.subagents.maxConcurent",
                "did you mean agents.defaults.subagents.maxConcurrent?", "1:31"
            ),
            ("agents:{list:[{id:'a',exce:{}}]}", "agents.list[0].exce", "did you mean agents.list[0].exec?", "1:24"),
            ("session:{manKey:'x'}", "session.manKey", "did you mean session.mainKey?", "1:11"),
            ("gatway:{}", "gatway", "did you mean gateway?", "1:2"),
        ] as [(String, String, String, String)])
    func slips(_ members: String, _ path: String, _ remedy: String, _ place: String) throws {
        let found = problems(members)
        #expect(found.map(\.severity) == [.warning])
        #expect(found.map(\.path) == [path])
        #expect(found.first?.remedy == remedy)
        #expect(found.first?.place == place)
        _ = try loaded(members)
    }

    @Test("a key like no other is a warning without advice")
    func strange() {
        let found = problems("gateway:{zzzzzzzzzz:1}")
        #expect(found.map(\.message) == ["unknown key gateway.zzzzzzzzzz, which has no effect"])
        #expect(found.first?.remedy == nil)
    }

    @Test(
        "an invented key is a warning with the right one",
        arguments: [
            ("gateway:{host:'0.0.0.0'}", "gateway.bind"), ("gateway:{bindHost:'x'}", "gateway.customBindHost"),
            ("gateway:{tls:{cert:'x'}}", "gateway.tls.certPath"), ("gateway:{tls:{key:'x'}}", "gateway.tls.keyPath"),
            ("gateway:{tls:{requireClientCert:true}}", "gateway.tls.clientCertificate"),
            ("gateway:{remote:{fingerprint:'x'}}", "gateway.remote.tlsFingerprint"),
            ("gateway:{token:'hush'}", "gateway.auth.token"), ("gateway:{password:'hush'}", "gateway.auth.password"),
            ("gateway:{forceLoopback:true}", "always dial loopback"),
            ("gateway:{skipPairing:true}", "gateway.pairing.loopbackExempt"),
            ("gateway:{allowedOrigins:[]}", "gateway.controlUi.allowedOrigins"),
            ("subagents:{}", "agents.defaults.subagents"),
        ])
    func invented(_ members: String, _ remedy: String) {
        let found = problems(members)
        #expect(found.map(\.severity) == [.warning])
        #expect(found.first?.remedy?.contains(remedy) == true)
        #expect(found.first?.description.contains("hush") == false)
    }

    @Test(
        "an invented variable is a warning with the right setting",
        arguments: [
            ("OPENCLAW_SKIP_PAIRING", "gateway.pairing.loopbackExempt"),
            ("SPAWN_ALLOWLIST", "agents.defaults.subagents.allowAgents"),
            ("OPENCLAW_GATEWAY_HOST", "OPENCLAW_GATEWAY_BIND"),
        ])
    func inventedVariable(_ name: String, _ remedy: String) {
        let found = problems("", environment: [name: "1"])
        #expect(found.map(\.severity) == [.warning])
        #expect(found.first?.remedy?.contains(remedy) == true)
    }
}
