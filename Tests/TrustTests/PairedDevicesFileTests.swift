import Crypto
import JSON
import Testing
import Wire

@testable import Trust

@Suite("devices/paired.json of OpenClaw, wire protocol 7.3")
struct PairedDevicesFileTests {
    static let now: Int64 = 1_800_000_000_000
    static let key = Array(repeating: UInt8(7), count: 32)
    static let id = DeviceIdentity.id(ofPublicKey: key)

    /// A record as the reference writes it, with some members changed; `nil` takes one away.
    static func record(_ changes: [(String, JSON?)] = []) -> JSON {
        var record = JSONObject([
            ("deviceId", .string(id)), ("publicKey", .string(Base64URL.encode(key))), ("displayName", "Ana's laptop"),
            ("platform", "linux"), ("deviceFamily", "Linux"), ("clientId", "cli"), ("clientMode", "cli"),
            ("role", "operator"), ("roles", ["operator"]), ("scopes", ["operator.read"]),
            ("approvedScopes", ["operator.read", "operator.write"]), ("remoteIp", "10.1.2.3"),
            ("tokens", ["operator": token()]), ("createdAtMs", 1_786_000_000_000),
            ("approvedAtMs", 1_786_000_000_001), ("lastSeenAtMs", 1_786_000_500_000), ("lastSeenReason", "connect"),
        ])
        for (name, value) in changes { record[name] = value }
        return .object(record)
    }

    static func token(_ changes: [(String, JSON?)] = []) -> JSON {
        var token = JSONObject([
            ("token", "secret"), ("role", "operator"), ("scopes", ["operator.read"]),
            ("createdAtMs", 1_786_000_000_000), ("lastUsedAtMs", 1_786_000_500_000),
        ])
        for (name, value) in changes { token[name] = value }
        return .object(token)
    }

    static func file(_ record: JSON, as name: String = id) throws -> PairedDevicesFile {
        try #require(PairedDevicesFile(.object(JSONObject([(name, record)])), nowMs: now))
    }

    @Test("everything that there is here is taken, and of the token its digest")
    func whole() throws {
        let file = try Self.file(Self.record())
        #expect(file.remarks == [])
        let device = try #require(file.devices.first)
        #expect(
            device
                == PairedDevice(
                    deviceID: Self.id, publicKey: Self.key, displayName: "Ana's laptop", platform: "linux",
                    deviceFamily: "Linux", clientID: "cli", clientMode: "cli", roles: ["operator"],
                    approvedScopes: ScopeSet(.read, .write), approvedVia: "import", remoteIP: "10.1.2.3",
                    createdAtMs: 1_786_000_000_000, approvedAtMs: 1_786_000_000_001, lastSeenAtMs: 1_786_000_500_000,
                    tokens: [
                        "operator": DeviceToken(
                            role: "operator", digest: SHA256.digest(Array("secret".utf8)), scopes: ScopeSet(.read),
                            createdAtMs: 1_786_000_000_000, lastUsedAtMs: 1_786_000_500_000)
                    ]))
        #expect(device.isEffective(.operator))
    }

    @Test("scopes count where approvedScopes is absent, and only there")
    func scopes() throws {
        func approved(_ changes: [(String, JSON?)]) throws -> [String]? {
            try Self.file(Self.record(changes)).devices.first?.approvedScopes.names
        }
        #expect(try approved([("approvedScopes", nil)]) == ["operator.read"])
        #expect(try approved([("approvedScopes", .null)]) == ["operator.read"])
        #expect(try approved([("approvedScopes", []), ("scopes", ["operator.admin"]), ("tokens", nil)]) == [])
        #expect(try approved([("approvedScopes", "operator.admin")]) == nil)
        #expect(try approved([("approvedScopes", nil), ("scopes", nil)]) == nil)
    }

    @Test("the key may be written in either base64 or as PEM", arguments: 0..<3)
    func keys(form: Int) throws {
        let text = [Base64URL.encode(Self.key), Base64.encode(Self.key), Ed25519PEM.publicKeyPEM(Self.key)][form]
        #expect(try Self.file(Self.record([("publicKey", .string(text))])).devices.first?.publicKey == Self.key)
    }

    @Test("an older record has one role and no times")
    func older() throws {
        let file = try Self.file(
            Self.record([("roles", nil), ("createdAtMs", nil), ("approvedAtMs", nil), ("lastSeenAtMs", nil)]))
        let device = try #require(file.devices.first)
        #expect(device.roles == ["operator"])
        #expect(device.createdAtMs == Self.now && device.approvedAtMs == Self.now && device.lastSeenAtMs == nil)
    }

    @Test(
        "a damaged record is left out and named; the one beside it is taken",
        arguments: [
            ("publicKey", nil, "no Ed25519 key"), ("publicKey", "AAAA", "no Ed25519 key"),
            ("publicKey", 7, "publicKey is no short text"),
            ("publicKey", .string(Base64URL.encode([UInt8](repeating: 8, count: 32))), "not that of its publicKey"),
            ("deviceId", "somebody", "not that of its publicKey"), ("roles", [], "no role"),
            ("roles", ["worker"], "no role"), ("roles", "operator", "roles is no list"),
            ("roles", ["operator", 1], "roles is no list"), ("approvedScopes", [1], "approvedScopes is no list"),
            ("approvedScopes", ["operator.read": true], "approvedScopes is no list"),
            ("tokens", "secret", "tokens is no object"), ("createdAtMs", "yesterday", "createdAtMs is no time"),
            ("approvedAtMs", -1, "approvedAtMs is no time"), ("displayName", ["x"], "displayName is no short text"),
            ("displayName", .string(String(repeating: "x", count: 1025)), "displayName is no short text"),
        ] as [(String, JSON?, String)])
    func damaged(member: String, value: JSON?, why: String) throws {
        let other = [UInt8](repeating: 9, count: 32)
        let good = DeviceIdentity.id(ofPublicKey: other)
        let document = JSONObject([
            (Self.id, Self.record([(member, value)])),
            (good, Self.record([("deviceId", nil), ("publicKey", .string(Base64URL.encode(other)))])),
        ])
        let file = try #require(PairedDevicesFile(.object(document), nowMs: Self.now))
        #expect(file.devices.map(\.deviceID) == [good])
        let damage = try #require(file.remarks.first { $0.isDamage })
        #expect(damage.what == "device \(Self.id)")
        #expect(damage.why.contains(why), "\(damage.why)")
    }

    @Test("a record under another name than its own is damaged, and so is one that is no object")
    func names() throws {
        let misplaced = try Self.file(Self.record(), as: "somebody")
        #expect(misplaced.devices.isEmpty && misplaced.remarks.map(\.what) == ["device somebody"])
        let list = try Self.file([1, 2])
        #expect(list.devices.isEmpty && list.remarks.first?.why == "is no object")
    }

    @Test(
        "a damaged token is left out, and the device stays without an effective role",
        arguments: [
            ("token", nil, "has no token"), ("token", "", "has no token"), ("token", 1, "token is no short text"),
            ("role", "node", "another role"), ("scopes", nil, "has no scopes"),
            ("scopes", ["operator.admin"], "never approved"), ("revokedAtMs", "yes", "revokedAtMs is no time"),
            ("revokedAtMs", true, "revokedAtMs is no time"), ("createdAtMs", [], "createdAtMs is no time"),
        ] as [(String, JSON?, String)])
    func damagedToken(member: String, value: JSON?, why: String) throws {
        let file = try Self.file(Self.record([("tokens", ["operator": Self.token([(member, value)])])]))
        let device = try #require(file.devices.first)
        #expect(device.tokens.isEmpty && !device.isEffective(.operator))
        #expect(file.remarks.map(\.isDamage) == [true])
        #expect(file.remarks.first?.why.contains(why) == true, "\(file.remarks)")
    }

    @Test("a revoked token stays revoked, at whatever time", arguments: [0, 1_786_000_400_000] as [Int64])
    func revoked(atMs: Int64) throws {
        let token = Self.token([("revokedAtMs", .integer(atMs))])
        let device = try #require(try Self.file(Self.record([("tokens", ["operator": token])])).devices.first)
        #expect(device.tokens["operator"]?.revokedAtMs == atMs)
        #expect(!device.isEffective(.operator))
        #expect(throws: DeviceToken.Failure.tokenRevoked) {
            _ = try DeviceToken.verify(
                SHA256.digest(Array("secret".utf8)), of: device, role: .operator, requested: ScopeSet(.read),
                generation: nil)
        }
    }

    @Test(
        "a token bound to the other gateway's secret is void under any secret of ours, and that is said",
        arguments: [["kind": "shared-gateway-auth", "generation": 3], ["generation": "abc"], "odd"] as [JSON])
    func bound(issuer: JSON) throws {
        let file = try Self.file(Self.record([("tokens", ["operator": Self.token([("issuer", issuer)])])]))
        let device = try #require(file.devices.first)
        #expect(file.remarks.count == 1 && file.remarks.first?.isDamage == false)
        for generation in [nil, 0, 3, Int64.max] {
            #expect(throws: DeviceToken.Failure.issuerGenerationStale) {
                _ = try DeviceToken.verify(
                    SHA256.digest(Array("secret".utf8)), of: device, role: .operator, requested: ScopeSet(.read),
                    generation: generation)
            }
        }
    }

    @Test("roles that there are not here are left out and named")
    func unknownRole() throws {
        let file = try Self.file(Self.record([("roles", ["operator", "worker"])]))
        #expect(file.devices.first?.roles == ["operator"])
        #expect(file.remarks.map(\.what) == ["role worker of device \(Self.id)"])
    }

    @Test("what is no object of records is no such file", arguments: [[], "x", .null, 1] as [JSON])
    func noFile(document: JSON) {
        #expect(PairedDevicesFile(document, nowMs: Self.now) == nil)
    }
}
