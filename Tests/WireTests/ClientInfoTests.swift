import Testing
import Wire

@Suite("Client classes, wire protocol 2.3")
struct ClientInfoTests {
    static func client(_ id: String, _ mode: String) -> ClientInfo {
        ClientInfo(id: id, version: "1", platform: "linux", mode: mode)
    }

    static let all: [ClientInfo] = ConnectParamsTests.documentedIDs.flatMap { id in
        ConnectParamsTests.documentedModes.map { client(id, $0) }
    }

    @Test("every pair of id and mode falls into the documented classes")
    func classes() {
        for client in Self.all {
            let (id, mode) = (client.id, client.mode)
            #expect(client.isControlUI == (id == "openclaw-control-ui" || id == "openclaw-tui"))
            #expect(client.isBrowserControlUI == (id == "openclaw-control-ui"))
            #expect(client.isWebchat == (mode == "webchat" || id == "webchat-ui"))
            let isApp = ["openclaw-macos", "openclaw-ios", "openclaw-android", "openclaw-linux"].contains(id)
            #expect(client.isNativeAppUI == (mode == "ui" && isApp))
            #expect(client.isCLI == (mode == "cli"))
            #expect(client.isLocalBackend == (id == "gateway-client" && mode == "backend"))
        }
    }
}

@Suite("Version negotiation, client requirement 3")
struct ProtocolWindowTests {
    struct Window: Sendable, CustomTestStringConvertible {
        let min: Int64
        let max: Int64
        let agreed: Int?
        var testDescription: String { "\(min)...\(max) gives \(agreed.map(String.init) ?? "a mismatch")" }

        init(_ min: Int64, _ max: Int64, _ agreed: Int?) {
            self.min = min
            self.max = max
            self.agreed = agreed
        }
    }

    static let windows = [
        Window(3, 3, 3), Window(4, 4, 4), Window(3, 4, 4), Window(1, 3, 3), Window(1, 4, 4), Window(4, 9, 4),
        Window(3, .max, 4), Window(1, 2, nil), Window(2, 2, nil), Window(5, 5, nil), Window(5, .max, nil),
        Window(4, 3, nil), Window(.max, 1, nil),
    ]

    @Test("the highest version of both sides is taken", arguments: windows)
    func negotiation(_ window: Window) {
        #expect(ProtocolWindow.negotiate(min: window.min, max: window.max) == window.agreed)
    }
}

@Suite("Session keys, wire protocol 6.2")
struct SessionKeySyntaxTests {
    @Test("agent ids match [a-z0-9][a-z0-9_-]{0,63}")
    func agentIDs() {
        let longest = String(repeating: "a", count: 64)
        for id in ["a", "0", "main", "finance-financial-forecaster", "a_b-c", "9-", longest] {
            #expect(SessionKeySyntax.isAgentID(id), "\(id)")
        }
        for id in ["", "-a", "_a", "A", "a b", "a:b", "é", "a.b", "a/b", longest + "a"] {
            #expect(!SessionKeySyntax.isAgentID(id), "\(id)")
        }
    }

    @Test("the agent of a canonical key is found, and no agent in anything else")
    func agentOfKey() {
        #expect(SessionKeySyntax.agentID(of: "agent:main:main") == "main")
        #expect(SessionKeySyntax.agentID(of: "agent:a-1:subagent:0f:subagent:1f") == "a-1")
        for key in ["", "main", "agent", "agent:main", "agent:main:", "agent::main", "Agent:main:main", "agent:A:main"]
        {
            #expect(SessionKeySyntax.agentID(of: key) == nil, "\(key)")
        }
        // The second colon and the mark behind it are one character, but two code points on the wire.
        #expect(SessionKeySyntax.agentID(of: "agent:k:\u{0736}") == "k")
        #expect(SessionKeySyntax.agentID(of: "agent:k\u{0736}:main") == nil)
        #expect(SessionKeySyntax.main(agentID: "a", mainKey: "main") == "agent:a:main")
        #expect(SessionKeySyntax.subagent(agentID: "a", spawnID: "1") == "agent:a:subagent:1")
    }
}
