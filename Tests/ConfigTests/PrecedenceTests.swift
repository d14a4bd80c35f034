import Config
import JSON
import Testing

@Suite("Precedence and provenance")
struct PrecedenceTests {
    @Test("port: flag over environment over file over default")
    func port() throws {
        let environment = ["OPENCLAW_GATEWAY_PORT": "2000"]
        #expect(try loaded("").gateway.port == 18789)
        let file = try loaded("\n\ngateway:{port:1000}")
        #expect(file.gateway.port == 1000)
        #expect(file.source(of: "gateway.port") == .file(path: "/c/openclaw.json", line: 3))
        let variable = try loaded("gateway:{port:1000}", environment: environment)
        #expect(variable.gateway.port == 2000)
        #expect(variable.source(of: "gateway.port") == .environment("OPENCLAW_GATEWAY_PORT"))
        let flag = try loaded("gateway:{port:1000}", environment: environment, flags: ["gateway.port": "3000"])
        #expect(flag.gateway.port == 3000)
        #expect(flag.source(of: "gateway.port") == .flag("gateway.port"))
        #expect(flag.source(of: "gateway.bind") == .builtIn)
        #expect(flag.source(of: "no.such.setting") == .builtIn)
    }

    @Test("port 0 is for the command line only")
    func portZero() throws {
        #expect(try loaded("", flags: ["gateway.port": "0"]).gateway.port == 0)
        #expect(problems("gateway:{port:0}").map(\.path) == ["gateway.port"])
        #expect(problems("", environment: ["OPENCLAW_GATEWAY_PORT": "0"]).map(\.path) == ["gateway.port"])
    }

    @Test(
        "the port variable may be the publishing address of a compose file",
        arguments: [
            ("127.0.0.1:18000", 18000), ("[::1]:18001", 18001), (" 18002\n", 18002),
        ])
    func composePort(_ text: String, _ expected: UInt16) throws {
        #expect(try loaded("", environment: ["OPENCLAW_GATEWAY_PORT": text]).gateway.port == expected)
    }

    @Test(
        "each OPENCLAW variable has a SALLYPORT twin that wins",
        arguments: [
            "GATEWAY_PORT", "HANDSHAKE_TIMEOUT_MS",
        ])
    func twins(_ suffix: String) throws {
        let path = suffix == "GATEWAY_PORT" ? "gateway.port" : "gateway.handshakeTimeoutMs"
        let both = try loaded("", environment: ["OPENCLAW_\(suffix)": "1111", "SALLYPORT_\(suffix)": "2222"])
        #expect(both.source(of: path) == .environment("SALLYPORT_\(suffix)"))
        #expect(both.effective.first { $0.path == path }?.value == 2222)
        let emptyTwin = try loaded("", environment: ["OPENCLAW_\(suffix)": "1111", "SALLYPORT_\(suffix)": ""])
        #expect(emptyTwin.source(of: path) == .environment("OPENCLAW_\(suffix)"))
    }

    @Test("token and password: flag over variables, old name last, over file", arguments: ["token", "password"])
    func secrets(_ name: String) throws {
        let suffix = "GATEWAY_\(name.uppercased())"
        let path = "gateway.auth.\(name)"
        let file = "gateway:{auth:{mode:'\(name)',\(name):'from-file'}}"
        func value(_ environment: [String: String], _ flags: [String: String] = [:]) throws -> String? {
            let auth = try loaded(file, environment: environment, flags: flags).gateway.auth
            return (name == "token" ? auth.token : auth.password)?.value
        }
        var environment: [String: String] = [:]
        #expect(try value(environment) == "from-file")
        environment["OPENCLAW_\(suffix)"] = ""
        #expect(try value(environment) == "from-file")
        environment["CLAWDBOT_\(suffix)"] = "old"
        #expect(try value(environment) == "old")
        environment["OPENCLAW_\(suffix)"] = "new\n"
        #expect(try value(environment) == "new")
        environment["SALLYPORT_\(suffix)"] = "twin"
        #expect(try value(environment) == "twin")
        #expect(try value(environment, [path: "flag"]) == "flag")
    }

    @Test("gateway.json is laid over openclaw.json, arrays and all")
    func supplement() throws {
        let result = load(
            "{gateway:{mode:'local',port:1,trustedProxies:['10.0.0.1'],reload:{mode:'off'},compression:{enabled:true}}}",
            gateway: "{gateway:{port:2,trustedProxies:['10.0.0.2']}}")
        let configuration = try #require(result.configuration)
        #expect(configuration.gateway.port == 2)
        #expect(configuration.gateway.trustedProxies == ["10.0.0.2"])
        #expect(configuration.gateway.reload.mode == .off)
        #expect(configuration.gateway.compression.enabled)
        #expect(configuration.source(of: "gateway.port") == .file(path: "/c/gateway.json", line: 1))
        #expect(configuration.source(of: "gateway.reload.mode") == .file(path: "/c/openclaw.json", line: 1))
        #expect(configuration.files == ["/c/openclaw.json", "/c/gateway.json"])
    }

    @Test("secrets are masked wherever they could be shown")
    func masking() throws {
        let members = """
            gateway:{auth:{mode:'token',token:'hush',password:'hush'}},
            agents:{defaults:{env:{API_KEY:'hush'}},list:[{id:'a',env:{K:'hush'}}]}
            """
        let configuration = try loaded(members)
        let shown = configuration.effective.map { "\($0)" }.joined()
        #expect(!shown.contains("hush"))
        #expect(configuration.effective.first { $0.path == "gateway.auth.token" }?.value == "***")
        #expect(configuration.effective.first { $0.path == "agents.defaults.env" }?.value == ["API_KEY": "***"])
        #expect(!"\(configuration.gateway.auth)".contains("hush"))
        #expect(!String(reflecting: configuration.gateway.auth).contains("hush"))
        var dumped = ""
        dump(configuration.gateway.auth, to: &dumped)
        #expect(!dumped.contains("hush"))
    }

    @Test("a wrong secret is not repeated in the message")
    func wrongSecret() {
        let found = problems("gateway:{auth:{token:12345678}}")
        #expect(found.map(\.path) == ["gateway.auth.token"])
        #expect(found.allSatisfy { !$0.description.contains("12345678") })
    }

    @Test("sources describe themselves")
    func descriptions() {
        #expect(SettingSource.builtIn.description == "default")
        #expect(SettingSource.file(path: "/c/x.json", line: 3).description == "/c/x.json:3")
        #expect(SettingSource.environment("A").description == "environment A")
        #expect(SettingSource.flag("gateway.port").description == "command line")
    }

    @Test("flags set lists and booleans, and an unknown one is an error")
    func flags() throws {
        let configuration = try loaded(
            "", flags: ["gateway.trustedProxies": "10.0.0.1, fd00::/8", "gateway.pairing.loopbackExempt": "yes"])
        #expect(configuration.gateway.trustedProxies == ["10.0.0.1", "fd00::/8"])
        #expect(configuration.gateway.pairing.loopbackExempt)
        let found = problems("", flags: ["gateway.prot": "1"])
        #expect(found.map(\.severity) == [.error])
        #expect(found.first?.remedy == "use gateway.port")
        let wrong = problems("", flags: ["gateway.trustedProxies": "10.0.0.1,nonsense"])
        #expect(wrong.first?.message.hasSuffix("not \"nonsense\"") == true)
        #expect(wrong.first?.location == nil)
    }
}
