import Config
import JSON
import Testing

@Suite("Wrong values")
struct ValidationTests {
    struct Wrong: Sendable, CustomTestStringConvertible {
        let members: String
        let path: String
        let place: String
        let says: String
        var testDescription: String { members }

        init(_ members: String, _ path: String, _ place: String, _ says: String) {
            self.members = members
            self.path = path
            self.place = place
            self.says = says
        }
    }

    static let wrong: [Wrong] = [
        .init("gateway:{port:'abc'}", "gateway.port", "1:16", #"must be an integer from 1 to 65535, not "abc""#),
        .init("gateway:{port:'3000'}", "gateway.port", "1:16", #"from 1 to 65535, not "3000""#),
        .init("\n gateway:{\n  port: 65536}", "gateway.port", "3:9", "from 1 to 65535, not 65536"),
        .init("gateway:{port:-1}", "gateway.port", "1:16", "not -1"),
        .init("gateway:{port:1.5}", "gateway.port", "1:16", "not 1.5"),
        .init("gateway:{port:Infinity}", "gateway.port", "1:16", "not inf"),
        .init("gateway:{port:NaN}", "gateway.port", "1:16", "not nan"),
        .init("gateway:{port:null}", "gateway.port", "1:16", "not null"),
        .init("gateway:{port:[1]}", "gateway.port", "1:16", "not an array"),
        .init("gateway:[]", "gateway", "1:10", "gateway must be an object, not an empty array"),
        .init("gateway:{auth:'x'}", "gateway.auth", "1:16", "must be an object"),
        .init("gateway:{mode:'locla'}", "gateway.mode", "1:16", #"must be one of "local", "remote", not "locla""#),
        .init("gateway:{bind:'wan'}", "gateway.bind", "1:16", #"must be one of "loopback", "lan""#),
        .init("gateway:{bind:true}", "gateway.bind", "1:16", "not true"),
        .init("gateway:{bind:'custom'}", "gateway.customBindHost", "1:16", "customBindHost is not set"),
        .init(
            "gateway:{bind:'custom',customBindHost:'example.com'}", "gateway.customBindHost", "1:40", "an IP address"),
        .init("gateway:{auth:{mode:'open'}}", "gateway.auth.mode", "1:22", #""trusted-proxy", not "open""#),
        .init("gateway:{auth:{token:''}}", "gateway.auth.token", "1:23", "not a string"),
        .init("gateway:{auth:{token:' '}}", "gateway.auth.token", "1:23", "not blank"),
        .init("gateway:{auth:{token:7}}", "gateway.auth.token", "1:23", "not a number"),
        .init("gateway:{auth:{token:{}}}", "gateway.auth.token", "1:23", "a reference with an id"),
        .init("gateway:{auth:{token:{source:'vault',id:'x'}}}", "gateway.auth.token", "1:23", #""file" or "exec""#),
        .init("gateway:{auth:{token:{source:'exec',id:'x'}}}", "gateway.auth.token", "1:23", #"("default" is none)"#),
        .init("gateway:{auth:{token:{source:'exec',id:'../x'}}}", "gateway.auth.token", "1:23", "an id of letters"),
        .init("gateway:{tls:{names:['a b']}}", "gateway.tls.names", "1:23", "host names and IP addresses"),
        .init("gateway:{tls:{names:['a..b']}}", "gateway.tls.names", "1:23", "host names and IP addresses"),
        .init("gateway:{tls:{names:['x,DNS:y']}}", "gateway.tls.names", "1:23", "host names and IP addresses"),
        .init("gateway:{tls:{names:['a.*']}}", "gateway.tls.names", "1:23", "host names and IP addresses"),
        .init("gateway:{auth:{token:{source:'env',id:'NOPE'}}}", "gateway.auth.token", "1:23", "NOPE is not"),
        .init("gateway:{auth:{token:{source:'file',id:'n'}}}", "gateway.auth.token", "1:23", "/c/n cannot"),
        .init("gateway:{auth:{token:'a',password:'b'}}", "gateway.auth.mode", "1:23", "both a token and a password"),
        .init("gateway:{auth:{mode:'password'}}", "gateway.auth.password", "1:22", "there is no password"),
        .init("gateway:{bind:'lan',auth:{mode:'none'}}", "gateway.auth.mode", "1:33", "beyond loopback"),
        .init("gateway:{bind:'auto',auth:{mode:'none'}}", "gateway.auth.mode", "1:34", "beyond loopback"),
        .init("gateway:{bind:'tailnet',auth:{mode:'none'}}", "gateway.auth.mode", "1:37", "beyond loopback"),
        .init(
            "gateway:{bind:'custom',customBindHost:'10.0.0.1',auth:{mode:'none'}}", "gateway.auth.mode", "1:62",
            "beyond loopback"),
        .init("gateway:{tls:{enabled:'yes'}}", "gateway.tls.enabled", "1:24", #"true or false, not "yes""#),
        .init("gateway:{tls:{certPath:'/a'}}", "gateway.tls.keyPath", "1:25", "without gateway.tls.keyPath"),
        .init("gateway:{tls:{keyPath:'/a'}}", "gateway.tls.certPath", "1:24", "without gateway.tls.certPath"),
        .init("gateway:{tls:{fingerprint:'<sha256>'}}", "gateway.tls.fingerprint", "1:28", "64 hexadecimal digits"),
        .init("gateway:{tls:{fingerprint:['x']}}", "gateway.tls.fingerprint", "1:28", "64 hexadecimal digits"),
        .init("gateway:{tls:{fingerprint:'a,b'}}", "gateway.tls.fingerprint", "1:28", "64 hexadecimal digits"),
        .init(
            "gateway:{tls:{clientCertificate:'always'}}", "gateway.tls.clientCertificate", "1:34",
            #"one of "required", "optional""#),
        .init(
            "gateway:{remote:{tlsFingerprint:'x'}}", "gateway.remote.tlsFingerprint", "1:34", "64 hexadecimal digits"),
        .init("gateway:{remote:{clientKeyPath:'/k'}}", "gateway.remote.clientCertPath", "1:33", "is set without"),
        .init("gateway:{remote:{token:7}}", "gateway.remote.token", "1:25", "not a number"),
        .init("gateway:{trustedProxies:'10.0.0.1'}", "gateway.trustedProxies", "1:26", "an array of IP addresses"),
        .init("gateway:{trustedProxies:['10.0.0.1',\n'x']}", "gateway.trustedProxies", "2:1", #"not "x""#),
        .init("gateway:{trustedProxies:['10.0.0.0/33']}", "gateway.trustedProxies", "1:27", "10.0.0.0/33"),
        .init(
            "gateway:{nodes:{pairing:{autoApproveCidrs:[1]}}}", "gateway.nodes.pairing.autoApproveCidrs", "1:45",
            "not 1"),
        .init(
            "gateway:{controlUi:{allowedOrigins:['https://a/b']}}", "gateway.controlUi.allowedOrigins", "1:38",
            "without a path"),
        .init("gateway:{handshakeTimeoutMs:0}", "gateway.handshakeTimeoutMs", "1:30", "from 1 to 600000, not 0"),
        .init("gateway:{reload:{mode:'on'}}", "gateway.reload.mode", "1:24", #""hybrid", not "on""#),
        .init("gateway:{pairing:{loopbackExempt:1}}", "gateway.pairing.loopbackExempt", "1:35", "true or false, not 1"),
        .init(
            "security:{devicePairing:{skipForLoopback:'x'}}", "security.devicePairing.skipForLoopback", "1:43",
            "true or false"),
        .init("acp:{allowedAgents:'my-agent'}", "acp.allowedAgents", "1:21", "an array of strings"),
        .init("acp:{maxConcurrentSessions:0}", "acp.maxConcurrentSessions", "1:29", "from 1"),
        .init("session:{mainKey:''}", "session.mainKey", "1:19", "not empty"),
        .init(
            "session:{maintenance:{mode:'x'}}", "session.maintenance.mode", "1:29", #""warn", "enforce", not "x""#),
        .init(
            "session:{maintenance:{pruneAfter:'30'}}", "session.maintenance.pruneAfter", "1:35", #"such as "30d""#),
        .init(
            "session:{maintenance:{resetArchiveRetention:true}}", "session.maintenance.resetArchiveRetention", "1:46",
            "or false, not true"),
        .init("session:{scope:'x'}", "session.scope", "1:17", #""per-sender", "global""#),
        .init(
            "agents:{defaults:{subagents:{maxSpawnDepth:6}}}", "agents.defaults.subagents.maxSpawnDepth", "1:45",
            "from 1 to 5, not 6"),
        .init(
            "agents:{defaults:{subagents:{maxSpawnDepth:0}}}", "agents.defaults.subagents.maxSpawnDepth", "1:45",
            "not 0"),
        .init(
            "agents:{defaults:{subagents:{maxChildrenPerAgent:1001}}}", "agents.defaults.subagents.maxChildrenPerAgent",
            "1:51", "from 1 to 1000, not 1001"),
        .init(
            "agentDefaults:{subagents:{spawnTimeoutMs:'30s'}}", "agents.defaults.subagents.spawnTimeoutMs", "1:43",
            "\"30s\""),
        .init(
            "agents:{defaults:{subagents:{gatewayUrl:'http://x'}}}", "agents.defaults.subagents.gatewayUrl", "1:42",
            "wss://"),
        .init(
            "agents:{defaults:{subagents:{credential:'token'}}}", "agents.defaults.subagents.credential", "1:42",
            #""runToken", "inherit""#),
        .init("agents:{defaults:{exec:{}}}", "agents.defaults.exec.command", "1:25", "has no command"),
        .init(
            "agents:{defaults:{exec:{command:'ls -l'}}}", "agents.defaults.exec.command", "1:34", "the program first"),
        .init("agents:{defaults:{exec:{command:[]}}}", "agents.defaults.exec.command", "1:34", "an empty array"),
        .init("agents:{defaults:{exec:{command:['a',1]}}}", "agents.defaults.exec.command", "1:39", "not 1"),
        .init("agents:{defaults:{exec:{command:['a'],stdin:'x'}}}", "agents.defaults.exec.stdin", "1:46", "task"),
        .init("agents:{defaults:{env:{A:1}}}", "agents.defaults.env", "1:27", "a number for A"),
        .init("agents:{defaults:{env:{'1A':'x'}}}", "agents.defaults.env", "1:25", #"the name "1A""#),
        .init("agents:{list:{}}", "agents.list", "1:15", "an array of agents"),
        .init("agents:{list:['a']}", "agents.list[0]", "1:16", "an object"),
        .init("agents:{list:[{name:'x'}]}", "agents.list[0].id", "1:16", "has no id"),
        .init("agents:{list:[{id:'Main Agent'}]}", "agents.list[0].id", "1:20", "[a-z0-9][a-z0-9_-]{0,63}"),
        .init(
            "agents:{list:[{id:'a'},{id:'a'}]}", "agents.list[1]", "1:25",
            "configured twice, first at /c/openclaw.json:1:16"),
        .init("agents:{list:[{id:'a'}],entries:{a:{}}}", "agents.entries.a", "1:35", "configured twice"),
        .init("agents:{entries:{'A b':{}}}", "agents.entries[\"A b\"]", "1:19", "an agent id"),
        .init("agents:{entries:{a:{id:'b'}}}", "agents.entries.a.id", "1:25", "other than the name"),
        .init("agents:{list:[{id:'a',runtime:{}}]}", "agents.list[0].runtime", "1:32", "acp"),
        .init(
            "agents:{list:[{id:'a',subagents:{maxConcurrent:0}}]}", "agents.list[0].subagents.maxConcurrent", "1:49",
            "from 1 to 1000"),
    ]

    @Test("is an error with place, value and what is allowed", arguments: wrong)
    func wrongValue(_ wrong: Wrong) {
        let result = load("{\(wrong.members)}", flags: ["gateway.mode": "local"])
        let isMode = wrong.path == "gateway.mode"
        let found = (isMode ? load("{\(wrong.members)}") : result).errors
        #expect(found.map(\.path) == [wrong.path])
        #expect(found.first?.place == wrong.place)
        #expect(found.first?.message.contains(wrong.says) == true, "\(found)")
        #expect(result.configuration == nil || isMode)
    }

    @Test("all problems are found at once")
    func all() {
        let found = problems(
            "gateway:{port:0,bind:'x',tls:{enabled:1},nope:1},session:{scope:1},agents:{list:[{id:'A'},{id:1}]}")
        #expect(
            found.map(\.path) == [
                "gateway.port", "gateway.bind", "gateway.tls.enabled", "gateway.nope", "session.scope",
                "agents.list[0].id", "agents.list[1].id",
            ])
    }

    @Test(
        "host names are no bind modes, and the right value is named",
        arguments: [
            ("0.0.0.0", "write bind: \"lan\""), ("::", "write bind: \"lan\""), ("*", "write bind: \"lan\""),
            ("localhost", "write bind: \"loopback\""), ("127.0.0.1", "write bind: \"loopback\""),
            ("::1", "write bind: \"loopback\""), ("tailscale", "write bind: \"tailnet\""),
            ("192.168.1.5", "write bind: \"custom\", customBindHost: \"192.168.1.5\""),
            ("loopbck", "did you mean \"loopback\"?"),
        ])
    func bindAliases(_ alias: String, _ remedy: String) {
        for found in [
            problems("gateway:{bind:'\(alias)'}"), problems("", environment: ["OPENCLAW_GATEWAY_BIND": alias]),
            problems("", flags: ["gateway.bind": alias]),
        ] {
            #expect(found.map(\.path) == ["gateway.bind"])
            #expect(found.first?.severity == .error)
            #expect(found.first?.remedy == remedy)
        }
    }

    @Test("every bind mode is taken", arguments: ["loopback", "lan", "tailnet", "auto"])
    func binds(_ bind: String) throws {
        #expect(try loaded("gateway:{bind:'\(bind)'}").gateway.bind.rawValue == bind)
    }

    @Test(
        "no authentication is allowed on loopback",
        arguments: [
            "bind:'loopback'", "bind:'custom',customBindHost:'127.0.0.2'", "bind:'custom',customBindHost:'::1'",
        ])
    func noAuthOnLoopback(_ bind: String) throws {
        #expect(try loaded("gateway:{\(bind),auth:{mode:'none'}}").gateway.auth.mode == .none)
    }

    @Test(
        "a wrong variable is named in the error",
        arguments: [
            ("OPENCLAW_GATEWAY_PORT", "x"), ("SALLYPORT_HANDSHAKE_TIMEOUT_MS", "-1"),
            ("OPENCLAW_INTERNAL_SPAWN_BYPASS", "maybe"),
        ])
    func wrongVariable(_ name: String, _ value: String) {
        let found = problems("", environment: [name: value])
        #expect(found.map(\.severity) == [.error])
        #expect(found.first?.message.hasPrefix(name) == true)
        #expect(found.first?.message.hasSuffix("not \"\(value)\"") == true)
        #expect(found.first?.location == nil)
    }

    @Test(
        "limits are accepted at both ends",
        arguments: [
            "gateway:{port:1}", "gateway:{port:65535}", "gateway:{handshakeTimeoutMs:1}",
            "gateway:{handshakeTimeoutMs:600000}",
            "agents:{defaults:{subagents:{maxSpawnDepth:1,maxChildrenPerAgent:1,maxConcurrent:1}}}",
            "agents:{defaults:{subagents:{maxSpawnDepth:5,maxChildrenPerAgent:1000,maxConcurrent:1000}}}",
            "gateway:{port:3e3}", "gateway:{port:0x10}",
        ])
    func limits(_ members: String) throws { _ = try loaded(members) }

    @Test("a long value is cut in the message")
    func longValue() {
        let found = problems("gateway:{port:'\(String(repeating: "x", count: 1000))'}")
        #expect(found.first.map { $0.message.count < 150 } == true)
    }

    @Test("a syntax error names file, line and column")
    func syntax() {
        let result = load("{\n  gateway: {,}\n}")
        #expect(
            result.problems.map(\.description)
                == ["/c/openclaw.json:2:13: error: not valid JSON5: unexpected ','"])
        #expect(load("[]").problems.map(\.message) == ["a configuration file must hold an object, not an empty array"])
        #expect(load("{gateway:{mode:'local'},gateway:{}}").problems.first?.place == "1:25")
    }

    @Test(
        "settings that lower the guard load with a warning",
        arguments: [
            (
                "gateway:{controlUi:{dangerouslyDisableDeviceAuth:true}}",
                "gateway.controlUi.dangerouslyDisableDeviceAuth"
            ),
            (
                "gateway:{controlUi:{dangerouslyAllowHostHeaderOriginFallback:true}}",
                "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback"
            ),
            ("gateway:{trustedProxies:['0.0.0.0/0']}", "gateway.trustedProxies"),
            ("security:{devicePairing:{requireForExternal:false}}", "security.devicePairing.requireForExternal"),
            ("agents:{defaults:{subagents:{credential:'inherit'}}}", "agents.defaults.subagents.credential"),
            ("agents:{defaults:{subagents:{allowAgents:['a b']}}}", "agents.defaults.subagents.allowAgents"),
        ])
    func warnings(_ members: String, _ path: String) throws {
        let found = problems(members)
        #expect(found.map(\.severity) == [.warning])
        #expect(found.map(\.path) == [path])
        #expect(found.first?.location != nil)
        _ = try loaded(members)
    }
}
