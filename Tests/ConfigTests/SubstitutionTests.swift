import Config
import JSON
import Testing

@Suite("Variables in strings")
struct SubstitutionTests {
    static let environment = ["NAME": "value", "_A1": "x", "EMPTY": "", "PORT": "3000", "LIST": "a,b", "lower": "no"]

    @Test(
        "references are replaced, escapes and other dollars are kept",
        arguments: [
            ("${NAME}", "value"), ("a${NAME}b${_A1}c", "avaluebxc"), ("$${NAME}", "${NAME}"), ("$$${NAME}", "$${NAME}"),
            ("a$${NAME}${NAME}", "a${NAME}value"), ("$NAME", "$NAME"), ("${lower}", "${lower}"), ("${1A}", "${1A}"),
            ("${NAME", "${NAME"), ("${}", "${}"), ("$", "$"), ("${NA ME}", "${NA ME}"), ("é${NAME}é", "évalueé"),
        ])
    func replaced(_ text: String, _ expected: String) throws {
        let configuration = try loaded("session:{mainKey:'\(text)'}", environment: Self.environment)
        #expect(configuration.session.mainKey == expected)
    }

    @Test("a missing or empty variable is an error that names variable and line", arguments: ["MISSING", "EMPTY"])
    func missing(_ name: String) {
        let found = problems("\n\nsession:{mainKey:'x${\(name)}'}", environment: Self.environment)
        #expect(found.map(\.path) == ["session.mainKey"])
        #expect(found.first?.severity == .error)
        #expect(found.first?.message == "session.mainKey refers to \(name), which is not set")
        #expect(found.first?.place == "3:18")
    }

    @Test("values are not replaced a second time")
    func once() throws {
        let configuration = try loaded("session:{mainKey:'${A}'}", environment: ["A": "${B}", "B": "b"])
        #expect(configuration.session.mainKey == "${B}")
    }

    @Test("the env block is the lowest source of variables")
    func envBlock() throws {
        let block = "env:{NAME:'block',vars:{OTHER:'vars',NAME2:'v'},shellEnv:{enabled:false}}"
        #expect(try loaded("\(block),session:{mainKey:'${NAME}'}").session.mainKey == "block")
        #expect(try loaded("\(block),session:{mainKey:'${OTHER}'}").session.mainKey == "vars")
        #expect(
            try loaded("\(block),session:{mainKey:'${NAME}'}", environment: ["NAME": "process"]).session.mainKey
                == "process")
        let token = try loaded("env:{OPENCLAW_GATEWAY_TOKEN:'t'}", environment: [:])
        #expect(token.gateway.auth.token == Secret("t"))
        #expect(token.source(of: "gateway.auth.token") == .file(path: "/c/openclaw.json", line: 1))
    }

    @Test("a replaced string may stand for a number, a boolean or a list")
    func typed() throws {
        let configuration = try loaded(
            "gateway:{port:'${PORT}',trustedProxies:['${IP}']},acp:{allowedAgents:'${LIST}'}",
            environment: Self.environment.merging(["IP": "10.0.0.1"]) { $1 })
        #expect(configuration.gateway.port == 3000)
        #expect(configuration.gateway.trustedProxies == ["10.0.0.1"])
        #expect(configuration.acp.allowedAgents == ["a", "b"])
    }

    @Test("keys that nobody reads may refer to what is not set")
    func unusedKeys() {
        #expect(problems("models:{x:{apiKey:'${NOPE}'}},agents:{list:[{id:'a',tools:{x:'${NOPE}'}}]}") == [])
    }
}
