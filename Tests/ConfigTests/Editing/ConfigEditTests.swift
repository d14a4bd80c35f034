import Config
import JSON
import Testing

@Suite("Editing the configuration")
struct ConfigEditTests {
    private static func apply(
        _ edit: ConfigEdit, to text: String?, others: [String: String] = [:]
    ) throws -> String {
        let file = text.map { ConfigInput.File(path: "/c/openclaw.json", bytes: Array($0.utf8)) }
        let bytes = try edit.apply(to: file, path: "/c/openclaw.json") { others[$0].map { Array($0.utf8) } }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func path(_ text: String) throws -> JSONPath { try JSONPath(parsing: text) }

    @Test("a first file keeps what was in effect without one")
    func newFile() throws {
        let text = try Self.apply(.set(try Self.path("gateway.port"), 3000), to: nil)
        let configuration = try #require(load(text).configuration)
        #expect(configuration.gateway.port == 3000)
        #expect(configuration.gateway.tls.enabled && configuration.gateway.mode == .local)
    }

    static let included = ["/c/gw.json5": "{ port: 1, auth: { mode: 'none' } }", "/c/agents.json5": "[{ id: 'a' }]"]
    static let including =
        "{ gateway: { $include: './gw.json5', bind: 'lan' }, agents: { list: { $include: 'agents.json5' } } }"

    @Test(
        "a value of an included file is refused, with the file's name",
        arguments: [
            ("gateway.port", "/c/gw.json5"), ("gateway.auth.token", "/c/gw.json5"),
            ("agents.list[0].id", "/c/agents.json5"), ("agents.list[1]", "/c/agents.json5"),
        ])
    func includedValue(place: String, file: String) throws {
        let path = try Self.path(place)
        #expect(throws: ConfigEdit.Failure.included(path: place, file: file)) {
            try Self.apply(.set(path, 2), to: Self.including, others: Self.included)
        }
        #expect(throws: ConfigEdit.Failure.self) {
            try Self.apply(.unset(path), to: Self.including, others: Self.included)
        }
    }

    @Test("what stands beside an include is edited")
    func besideInclude() throws {
        let edited = try Self.apply(
            .set(try Self.path("gateway.bind"), "loopback"), to: Self.including, others: Self.included)
        #expect(edited == Self.including.replacing("'lan'", with: "'loopback'"))
        let added = try Self.apply(
            .set(try Self.path("gateway.mode"), "local"), to: Self.including, others: Self.included)
        #expect(added == Self.including.replacing("'lan'", with: "'lan', mode: 'local'"))
        #expect(throws: ConfigEdit.Failure.included(path: "gateway.port", file: "/c/gw.json5")) {
            try Self.apply(
                .patch(["gateway": ["bind": "lan", "port": 2]], replacing: []), to: Self.including,
                others: Self.included)
        }
    }

    @Test("what is not there cannot be removed")
    func absent() throws {
        let path = try Self.path("gateway.port")
        #expect(throws: ConfigEdit.Failure.absent(path: "gateway.port")) { try Self.apply(.unset(path), to: "{}") }
    }

    @Test("a patch writes what differs")
    func patch() throws {
        let before = "{\n  // who\n  agents: { list: [{ id: 'a', name: 'A' }, { id: 'b' }] },\n  old: 1,\n}\n"
        let patched = try Self.apply(
            .patch(["agents": ["list": [["id": "b", "name": "B"], ["id": "c"]]], "old": .null], replacing: []),
            to: before)
        #expect(
            patched
                == "{\n  // who\n  agents: { list: [{ id: 'a', name: 'A' }, { id: 'b', name: 'B' }, {\n    id: 'c'\n  }] },\n}\n"
        )
    }

    @Test("a patch removes elements only where that is said")
    func elements() throws {
        let before = "{ gateway: { trustedProxies: ['10.0.0.1', '10.0.0.2'] } }"
        let shorter: JSON = ["gateway": ["trustedProxies": ["10.0.0.2"]]]
        #expect(throws: ConfigEdit.Failure.wouldRemoveElements(path: "gateway.trustedProxies")) {
            try Self.apply(.patch(shorter, replacing: []), to: before)
        }
        #expect(
            try Self.apply(.patch(shorter, replacing: ["gateway.trustedProxies"]), to: before)
                == "{ gateway: { trustedProxies: ['10.0.0.2'] } }")
        let agents = "{ agents: { list: [{ id: 'a', subagents: { allowAgents: ['x', 'y'] } }] } }"
        let nested: JSON = ["agents": ["list": [["id": "a", "subagents": ["allowAgents": ["y"]]]]]]
        #expect(throws: ConfigEdit.Failure.wouldRemoveElements(path: "agents.list[].subagents.allowAgents")) {
            try Self.apply(.patch(nested, replacing: []), to: agents)
        }
        #expect(
            try Self.apply(.patch(nested, replacing: ["agents.list[].subagents.allowAgents"]), to: agents)
                == agents.replacing("'x', ", with: ""))
    }

    @Test("a file that is not JSON5 is not edited")
    func broken() throws {
        let path = try Self.path("a")
        let failure = #expect(throws: ConfigEdit.Failure.self) { try Self.apply(.set(path, 1), to: "{ a: }") }
        #expect(failure?.description == "/c/openclaw.json:1:6: not valid JSON5: unexpected '}'")
        #expect(throws: ConfigEdit.Failure.self) { try Self.apply(.replace(Array("{".utf8)), to: "{}") }
    }
}
