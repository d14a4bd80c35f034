import JSON
import Testing
import Wire

@Suite("hello-ok, wire protocol 2.7 and client requirements 11 and 12")
struct HelloOKTests {
    static func hello(
        protocolVersion: Int = 4, issuedToken: HelloOK.IssuedToken? = nil, ownerFacts: HelloOK.OwnerFacts? = nil,
        scopes: [String] = ["operator.read"], resume: String? = nil
    ) -> HelloOK {
        HelloOK(
            protocolVersion: protocolVersion, serverVersion: "0.1.0", connID: "c-1",
            presence: Array(#"[{"host":"gw"}]"#.utf8),
            health: [:], stateVersion: StateVersion(presence: 12, health: 4), uptimeMs: 81_234, defaultAgentID: "ops",
            mainKey: "main", sessionScope: "per-sender", ownerFacts: ownerFacts, role: .operator, scopes: scopes,
            issuedToken: issuedToken, policy: HelloOK.Policy(), resume: resume)
    }

    static func json(
        protocolVersion: Int = 4, issuedToken: HelloOK.IssuedToken? = nil, ownerFacts: HelloOK.OwnerFacts? = nil,
        scopes: [String] = ["operator.read"], resume: String? = nil
    ) throws -> JSON {
        let hello = hello(
            protocolVersion: protocolVersion, issuedToken: issuedToken, ownerFacts: ownerFacts, scopes: scopes,
            resume: resume)
        return try JSONParser.parse(hello.encoded())
    }

    static let token = HelloOK.IssuedToken(deviceToken: "t0k3n", issuedAtMs: 1_786_000_000_100)

    @Test("all required members are there, and no other", arguments: [3, 4])
    func members(_ version: Int) throws {
        let hello = try Self.json(protocolVersion: version, issuedToken: Self.token)
        #expect(
            hello.object?.names == ["type", "protocol", "server", "features", "snapshot", "auth", "policy"])
        #expect(hello["type"] == "hello-ok" && hello["protocol"] == .integer(Int64(version)))
        #expect(hello["server"] == ["version": "0.1.0", "connId": "c-1"])
        #expect(hello["features"]?.object?.names == ["methods", "events"])
        #expect(
            hello["policy"] == ["maxPayload": 26_214_400, "maxBufferedBytes": 52_428_800, "tickIntervalMs": 30_000])
        #expect(
            hello["snapshot"] == [
                "presence": [["host": "gw"]], "health": [:], "stateVersion": ["presence": 12, "health": 4],
                "uptimeMs": 81_234,
                "sessionDefaults": [
                    "defaultAgentId": "ops", "mainKey": "main", "mainSessionKey": "agent:ops:main",
                    "scope": "per-sender",
                ],
            ])
    }

    @Test("features name what is implemented")
    func features() throws {
        let features = try #require(try Self.json()["features"])
        #expect(features["methods"]?.array?.compactMap(\.string) == Method.advertised)
        #expect(features["events"]?.array?.compactMap(\.string) == EventName.advertised)
        #expect(EventName.advertised.contains("connect.challenge") && EventName.advertised.contains("tick"))
    }

    @Test("version 4 always has auth; the token is in it when one was issued")
    func version4() throws {
        #expect(try Self.json()["auth"] == ["role": "operator", "scopes": ["operator.read"]])
        #expect(try Self.json(scopes: [])["auth"] == ["role": "operator", "scopes": []])
        #expect(
            try Self.json(issuedToken: Self.token)["auth"] == [
                "role": "operator", "scopes": ["operator.read"], "deviceToken": "t0k3n",
                "issuedAtMs": 1_786_000_000_100,
            ])
    }

    @Test("version 3 has auth with a token or not at all")
    func version3() throws {
        #expect(try Self.json(protocolVersion: 3).object?.contains("auth") == false)
        let auth = try Self.json(protocolVersion: 3, issuedToken: Self.token)["auth"]
        #expect(auth?["deviceToken"] == "t0k3n" && auth?["role"] == "operator")
        #expect(auth?["scopes"] == ["operator.read"])
    }

    @Test("paths and auth mode are shown to admins only, the config path when there is one")
    func ownerFacts() throws {
        #expect(try Self.json()["snapshot"]?["stateDir"] == nil)
        let facts = HelloOK.OwnerFacts(configPath: "/etc/o.json", stateDir: "/var/lib/s", authMode: "token")
        let snapshot = try Self.json(ownerFacts: facts)["snapshot"]
        #expect(snapshot?["configPath"] == "/etc/o.json" && snapshot?["stateDir"] == "/var/lib/s")
        #expect(snapshot?["authMode"] == "token")
        let bare = HelloOK.OwnerFacts(configPath: nil, stateDir: "/s", authMode: "none")
        #expect(try Self.json(ownerFacts: bare)["snapshot"]?.object?.contains("configPath") == false)
    }

    @Test("resume is answered only to those who asked")
    func resume() throws {
        #expect(try Self.json().object?.contains("resume") == false)
        #expect(try Self.json(resume: "gap")["resume"] == "gap")
    }
}
