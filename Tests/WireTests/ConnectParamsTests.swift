import JSON
import Testing
import Wire

@Suite("connect.params, wire protocol 2.2 and 2.3, client requirement 8")
struct ConnectParamsTests {
    static func client(_ changes: [(String, JSON?)] = []) -> JSONObject {
        var client = JSONObject([("id", "cli"), ("version", "2026.6.2"), ("platform", "linux"), ("mode", "cli")])
        for (name, value) in changes { client[name] = value }
        return client
    }

    static func device(_ changes: [(String, JSON?)] = []) -> JSONObject {
        var device = JSONObject([
            ("id", "d"), ("publicKey", "k"), ("signature", "s"), ("signedAt", 1_786_000_000_000), ("nonce", "n"),
        ])
        for (name, value) in changes { device[name] = value }
        return device
    }

    static func params(_ changes: [(String, JSON?)] = []) -> JSON {
        var params = JSONObject([("minProtocol", 3), ("maxProtocol", 4), ("client", .object(client()))])
        for (name, value) in changes { params[name] = value }
        return .object(params)
    }

    static func parse(_ changes: [(String, JSON?)]) throws(ConnectParams.Failure) -> ConnectParams {
        try ConnectParams.parse(params(changes))
    }

    @Test("the least that is allowed reads with the documented defaults")
    func least() throws {
        let params = try ConnectParams.parse(Self.params())
        #expect(
            params
                == ConnectParams(
                    minProtocol: 3, maxProtocol: 4,
                    client: ClientInfo(id: "cli", version: "2026.6.2", platform: "linux", mode: "cli")))
        #expect(params.role == .operator)
        #expect(params.scopes.isEmpty && params.caps.isEmpty && params.auth.isEmpty)
        #expect(params.device == nil && params.resume == nil)
    }

    @Test("the example of wire protocol 2.2 reads in full")
    func example() throws {
        let text = """
            {"minProtocol":4,"maxProtocol":4,
            "client":{"id":"cli","version":"2026.6.2","platform":"linux","mode":"cli","instanceId":"i-71",
              "displayName":"build box","deviceFamily":"Linux","modelIdentifier":"x1"},
            "role":"operator","scopes":["operator.write","operator.read","operator.write"],"caps":["tool-events"],
            "auth":{"token":"s3cret","deviceToken":"d","bootstrapToken":"b","password":""},
            "locale":"en-GB","userAgent":"openclaw-cli/2026.6.2",
            "device":{"id":"i","publicKey":"k","signature":"s","signedAt":1786000000000,"nonce":" n "}}
            """
        let params = try ConnectParams.parse(try JSONParser.parse(text))
        #expect(
            params
                == ConnectParams(
                    minProtocol: 4, maxProtocol: 4,
                    client: ClientInfo(
                        id: "cli", version: "2026.6.2", platform: "linux", mode: "cli", displayName: "build box",
                        deviceFamily: "Linux", modelIdentifier: "x1", instanceID: "i-71"),
                    scopes: ["operator.write", "operator.read", "operator.write"], caps: ["tool-events"],
                    auth: ConnectParams.Credentials(
                        token: "s3cret", deviceToken: "d", bootstrapToken: "b", password: ""),
                    device: ConnectParams.DeviceProof(
                        id: "i", publicKey: "k", signature: "s", signedAt: 1_786_000_000_000, nonce: " n ")))
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let params: JSON?

        init(_ testDescription: String, _ changes: [(String, JSON?)]) {
            self.testDescription = testDescription
            params = ConnectParamsTests.params(changes)
        }

        init(_ testDescription: String, params: JSON?) {
            self.testDescription = testDescription
            self.params = params
        }

        static func client(_ name: String, _ value: JSON?) -> Refused {
            Refused(
                "client.\(name) = \(value?.description ?? "absent")",
                [("client", .object(ConnectParamsTests.client([(name, value)])))])
        }

        static func device(_ name: String, _ value: JSON?) -> Refused {
            Refused(
                "device.\(name) = \(value?.description ?? "absent")",
                [("device", .object(ConnectParamsTests.device([(name, value)])))])
        }
    }

    static let refusedMembers: [Refused] = [
        Refused("params absent", params: nil), Refused("params null", params: .null),
        Refused("params a list", params: []), Refused("params a text", params: "connect"),
        Refused("params empty", params: [:]),
        Refused("minProtocol absent", [("minProtocol", nil)]),
        Refused("maxProtocol absent", [("maxProtocol", nil)]), Refused("minProtocol 0", [("minProtocol", 0)]),
        Refused("maxProtocol 0", [("maxProtocol", 0)]), Refused("minProtocol -1", [("minProtocol", -1)]),
        Refused("minProtocol 3.5", [("minProtocol", 3.5)]), Refused("maxProtocol text", [("maxProtocol", "4")]),
        Refused("maxProtocol true", [("maxProtocol", true)]), Refused("client absent", [("client", nil)]),
        Refused("client a text", [("client", "cli")]), Refused("client empty", [("client", [:])]),
        Refused("role empty", [("role", "")]), Refused("role a number", [("role", 1)]),
        Refused("scopes a text", [("scopes", "operator.read")]), Refused("scopes hold a number", [("scopes", [1])]),
        Refused("scopes hold an empty text", [("scopes", ["operator.read", ""])]),
        Refused("scopes hold null", [("scopes", [nil])]), Refused("caps an object", [("caps", [:])]),
        Refused("caps hold an empty text", [("caps", [""])]), Refused("auth a text", [("auth", "s3cret")]),
        Refused("auth a list", [("auth", ["s3cret"])]), Refused("auth.token a number", [("auth", ["token": 1])]),
        Refused("auth.password a list", [("auth", ["password": []])]),
        Refused("auth.deviceToken an object", [("auth", ["deviceToken": [:]])]),
        Refused("auth.bootstrapToken true", [("auth", ["bootstrapToken": true])]),
        Refused("device a text", [("device", "d")]), Refused("device a list", [("device", [])]),
        Refused("device empty", [("device", [:])]), Refused("resume a text", [("resume", "c")]),
        Refused("resume without seq", [("resume", ["connId": "c"])]),
        Refused("resume without connId", [("resume", ["seq": 1])]),
        Refused("resume.seq negative", [("resume", ["connId": "c", "seq": -1])]),
    ]

    static var refusedClients: [Refused] {
        var cases: [Refused] = []
        for name in ["id", "version", "platform", "mode"] {
            let values: [JSON?] = [nil, "", 1, []]
            cases += values.map { Refused.client(name, $0) }
        }
        for name in ["displayName", "deviceFamily", "modelIdentifier", "instanceId"] {
            cases += [.client(name, ""), .client(name, 1)]
        }
        for id in ["CLI", "Cli", "openclaw-cli", "ios-node", "moltbot", "openclaw-control-ui ", "gateway_client"] {
            cases.append(.client("id", .string(id)))
        }
        for mode in ["operator", "CLI", "daemon", "ui "] { cases.append(.client("mode", .string(mode))) }
        return cases
    }

    static var refusedDevices: [Refused] {
        var cases: [Refused] = []
        for name in ["id", "publicKey", "signature", "nonce"] {
            let values: [JSON?] = [nil, "", 1, []]
            cases += values.map { Refused.device(name, $0) }
        }
        let times: [JSON?] = [nil, "1786000000000", -1, 1.5, true]
        cases += times.map { Refused.device("signedAt", $0) }
        let grants: [JSON?] = [1, true, [:], [1], [""], ["a", nil]]
        return cases + grants.map { Refused.device("grant", $0) }
    }

    @Test(
        "what the schema forbids is refused with a reason", arguments: refusedMembers + refusedClients + refusedDevices)
    func refusal(_ refused: Refused) {
        let failure = #expect(throws: ConnectParams.Failure.self) { try ConnectParams.parse(refused.params) }
        guard case .invalid(let why) = failure else {
            Issue.record("expected invalid params, got \(String(describing: failure))")
            return
        }
        #expect(!why.isEmpty)
        let refusal = ConnectRefusal.invalidParams(why)
        #expect(refusal.error.code == .invalidRequest)
        #expect(refusal.error.message.hasPrefix("invalid connect params: "))
        #expect(refusal.close == GatewayClose(1008, refusal.error.message))
    }

    @Test(
        "a role other than operator or node has its own close reason",
        arguments: ["worker", "admin", "Operator", "nodes"])
    func role(_ name: String) {
        #expect(throws: ConnectParams.Failure.invalidRole(name)) { try Self.parse([("role", .string(name))]) }
        let refusal = ConnectRefusal.invalidRole(name)
        #expect(refusal.error.code == .invalidRequest)
        #expect(refusal.close == GatewayClose(1008, "invalid role"))
    }

    @Test("both roles are read")
    func roles() throws {
        #expect(try Self.parse([("role", "operator")]).role == .operator)
        #expect(try Self.parse([("role", "node")]).role == .node)
        #expect(try Self.parse([("role", nil)]).role == .operator)
    }

    static let documentedIDs = [
        "webchat-ui", "openclaw-control-ui", "openclaw-tui", "webchat", "cli", "gateway-client", "openclaw-macos",
        "openclaw-ios", "openclaw-android", "node-host", "test", "fingerprint", "openclaw-probe",
        "openclaw-browser-copilot", "openclaw-linux", "openclaw-watchos", "openclaw-worker",
    ]
    static let documentedModes = ["webchat", "cli", "ui", "backend", "node", "probe", "test", "worker"]

    @Test("every documented client id is known, and no other")
    func clientIDs() throws {
        #expect(ClientInfo.knownIDs == Set(Self.documentedIDs))
        for id in Self.documentedIDs {
            #expect(try Self.parse([("client", .object(Self.client([("id", .string(id))])))]).client.id == id)
        }
    }

    @Test("every documented client mode is known, and no other")
    func clientModes() throws {
        #expect(ClientInfo.knownModes == Set(Self.documentedModes))
        for mode in Self.documentedModes {
            #expect(try Self.parse([("client", .object(Self.client([("mode", .string(mode))])))]).client.mode == mode)
        }
    }

    @Test("unknown members are let through wherever they stand")
    func unknownMembers() throws {
        let extras: [(String, JSON?)] = [
            ("locale", "de"), ("userAgent", "x"), ("commands", ["a"]), ("permissions", ["camera": true]),
            ("pathEnv", "/bin"), ("modelCatalog", ["agentId": "main"]), ("computerUse", [:]), ("workerRuns", []),
            ("x", nil), ("caps", []),
        ]
        #expect(try Self.parse(extras) == ConnectParams.parse(Self.params()))
        let client = Self.client([("buildId", "b"), ("timeZone", "UTC"), ("x", ["y": [1]])])
        #expect(try Self.parse([("client", .object(client))]) == ConnectParams.parse(Self.params()))
        let auth: JSON = ["approvalRuntimeToken": "a", "agentRuntimeIdentityToken": "b", "x": 1]
        #expect(try Self.parse([("auth", auth)]).auth == ConnectParams.Credentials())
        let device = Self.device([("x", 1)])
        #expect(
            try Self.parse([("device", .object(device))]) == Self.parse([("device", .object(Self.device()))]))
    }

    @Test("auth may be absent, empty, or hold empty texts")
    func emptyAuth() throws {
        for auth: JSON? in [nil, [:], ["token": ""], ["token": nil], ["password": "", "deviceToken": ""]] {
            #expect(try Self.parse([("auth", auth)]).auth.isEmpty)
        }
        #expect(try Self.parse([("auth", ["password": "p"])]).auth.isEmpty == false)
    }

    @Test("the token that is signed is the first one present, even if it is empty; never the password")
    func signedToken() throws {
        func signed(_ auth: JSON) throws -> String { try Self.parse([("auth", auth)]).auth.signedToken }
        #expect(try signed(["token": "a", "deviceToken": "b", "bootstrapToken": "c", "password": "d"]) == "a")
        #expect(try signed(["deviceToken": "b", "bootstrapToken": "c", "password": "d"]) == "b")
        #expect(try signed(["bootstrapToken": "c", "password": "d"]) == "c")
        #expect(try signed(["password": "d"]) == "")
        #expect(try signed(["token": "", "deviceToken": "b"]) == "")
        #expect(try signed([:]) == "")
    }

    @Test("protocol numbers are any integers from 1 on", arguments: [1, 3, 4, 5, 99, 1_000_001, 1 << 40])
    func protocolNumbers(_ number: Int64) throws {
        let params = try Self.parse([("minProtocol", .integer(number)), ("maxProtocol", .integer(number))])
        #expect(params.minProtocol == number && params.maxProtocol == number)
    }

    @Test("signedAt is any integer from 0 on", arguments: [0, 1, 1_786_000_000_000, 1 << 53])
    func signedAt(_ time: Int64) throws {
        let device = Self.device([("signedAt", .integer(time))])
        #expect(try Self.parse([("device", .object(device))]).device?.signedAt == time)
    }

    // MARK: Spawn grants

    static func grants(_ grant: JSON?) throws(ConnectParams.Failure) -> [String]? {
        try parse([("device", .object(device([("grant", grant)])))]).device?.grants
    }

    @Test("a grant is one text or a list, root first")
    func grantForms() throws {
        #expect(try Self.grants(nil) == [])
        #expect(try Self.grants("a") == ["a"])
        #expect(try Self.grants([]) == [])
        #expect(try Self.grants(["a"]) == ["a"])
        #expect(try Self.grants(["root", "middle", "leaf"]) == ["root", "middle", "leaf"])
    }

    @Test("five grants are read, six refused")
    func grantCount() throws {
        let six: [JSON] = (1...6).map { .string("g\($0)") }
        #expect(try Self.grants(.array(Array(six.prefix(5))))?.count == 5)
        #expect(throws: ConnectParams.Failure.self) { try Self.grants(.array(six)) }
    }

    @Test("a grant of 4096 bytes is read, one of 4097 refused, alone or in a list")
    func grantBytes() throws {
        let fits = String(repeating: "é", count: 2048)
        #expect(try Self.grants(.string(fits)) == [fits])
        #expect(try Self.grants(["a", .string(fits)]) == ["a", fits])
        #expect(throws: ConnectParams.Failure.self) { try Self.grants(.string(fits + "x")) }
        #expect(throws: ConnectParams.Failure.self) { try Self.grants(["a", .string(fits + "x")]) }
    }

    @Test("resume names a connection and the last seq seen")
    func resume() throws {
        let params = try Self.parse([("resume", ["connId": "c-1", "seq": 7])])
        #expect(params.resume?.connID == "c-1")
        #expect(params.resume?.seq == 7)
    }
}
