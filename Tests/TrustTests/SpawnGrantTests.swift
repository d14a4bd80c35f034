import Crypto
import JSON
import Testing
import Trust
import Wire

@Suite("Spawn grants: form, limits, order of checks")
struct SpawnGrantTests {
    static let now: Int64 = 1_800_000_000
    static let spawnID = "0f0e0d0c-0b0a-4908-8706-050403020100"
    static let gatewayID = String(repeating: "9a", count: 32)

    let issuer: SigningIdentity
    let child: SigningIdentity
    let grant: SpawnGrant
    let facts: IssuerFacts

    init() throws {
        issuer = try SigningIdentity(seed: [UInt8](repeating: 1, count: 32))
        let sessionKey = "agent:main:subagent:" + Self.spawnID
        child = try issuer.child(sessionKey: sessionKey, spawnID: Self.spawnID)
        grant = SpawnGrant(
            issuer: issuer.deviceID, subject: child.deviceID, audience: Self.gatewayID, issuedAt: Self.now,
            notBefore: Self.now, expiresAt: Self.now + 3600, spawnID: Self.spawnID, sessionKey: sessionKey,
            scopes: ScopeSet(.read, .write), depth: 1, publicKey: child.key.publicKey)
        facts = IssuerFacts(publicKey: issuer.key.publicKey, scopes: ScopeSet(.write), depth: 0, state: .live)
    }

    func parse(_ changes: [(String, JSON?)]) throws(GrantFailure) -> SpawnGrant {
        try ParsedGrant.parse(GrantForge.sign(grant, changing: changes, by: issuer)).grant
    }

    func checks(at now: Int64 = now, maxSpawnDepth: Int = 5) -> GrantChecks {
        GrantChecks(gatewayID: Self.gatewayID, nowSeconds: now, maxSpawnDepth: maxSpawnDepth)
    }

    func verdict(
        on grant: SpawnGrant, at now: Int64 = now, maxSpawnDepth: Int = 5, isSignatureValid: Bool = true,
        issuer: IssuerFacts?, binding: GrantBinding? = nil
    ) -> GrantVerdict {
        checks(at: now, maxSpawnDepth: maxSpawnDepth).verdict(
            on: grant, isSignatureValid: isSignatureValid, issuer: issuer, binding: binding)
    }

    // MARK: Signing

    @Test("a signed grant parses back equal, and only its issuer's key verifies it")
    func roundTrip() throws {
        var variants: [SpawnGrant] = []
        for depth in [1, 5, 64] {
            for scopes in [ScopeSet(.read), ScopeSet(.read, .write), ScopeSet(["operator.admin", "canvas"])] {
                for kind in ["subagent", "acp"] {
                    var variant = grant
                    variant.depth = depth
                    variant.scopes = scopes
                    variant.sessionKey = "agent:ops-1_x:\(kind):\(Self.spawnID)"
                    variants.append(variant)
                }
            }
        }
        for variant in variants {
            let text = variant.signed(by: issuer)
            let parsed = try ParsedGrant.parse(text)
            #expect(parsed.grant == variant)
            #expect(parsed.isSigned(by: issuer.key.publicKey))
            #expect(!parsed.isSigned(by: child.key.publicKey))
            #expect(variant.agentID == "ops-1_x")
            #expect(text.utf8.count <= SpawnGrant.maxBytes)
        }
    }

    @Test("signing is deterministic, and the valid vector comes out byte for byte")
    func deterministic() throws {
        #expect(grant.signed(by: issuer) == grant.signed(by: issuer))
        let file = try GrantVectorFile.load()
        let vector = try #require(file.vectors.first { $0.testDescription == "valid" })
        let identities = try DerivedIdentityTests.vectors()
        let seed = try #require(identities.first { $0.testDescription == "main session of the gateway" }).childSeed
        let main = try SigningIdentity(seed: seed)
        #expect(try ParsedGrant.parse(vector.grant).grant.signed(by: main) == vector.grant)
    }

    // MARK: Claims

    @Test(
        "a claim that is missing or of another type is malformed",
        arguments: [
            "iss", "sub", "aud", "iat", "nbf", "exp", "jti", "sid", "scope", "depth", "cnf",
        ])
    func claimTypes(_ name: String) {
        let wrong: [JSON?] = [nil, .null, true, [], [:], 1.5, "", "x", .integer(-1)]
        // Any text without spaces is a scope.
        for value in wrong where name != "scope" || value != "x" {
            #expect(throws: GrantFailure(.malformed), "\(name) = \(String(describing: value))") {
                try parse([(name, value)])
            }
        }
    }

    @Test("ids are 64 lower-case hex digits", arguments: ["iss", "sub", "aud"])
    func ids(_ name: String) {
        let id = String(repeating: "ab", count: 32)
        for wrong in [id.uppercased(), id + "0", String(id.dropLast()), " " + id.dropFirst(), id.dropLast() + "g"] {
            #expect(throws: GrantFailure(.malformed)) { try parse([(name, .string(wrong))]) }
        }
    }

    @Test("times are integers that a clock can show", arguments: ["iat", "nbf", "exp"])
    func times(_ name: String) {
        for wrong: JSON in [.string("\(Self.now)"), .double(1_800_000_000.5), .integer(.max), .integer(.min), -1] {
            #expect(throws: GrantFailure(.malformed)) { try parse([(name, wrong)]) }
        }
    }

    @Test("life of exactly 24 h is allowed, a second more is malformed")
    func life() throws {
        let limit = SpawnGrant.maxLifeSeconds
        #expect(try parse([("exp", .integer(Self.now + limit))]).expiresAt == Self.now + limit)
        #expect(throws: GrantFailure(.malformed)) { try parse([("exp", .integer(Self.now + limit + 1))]) }
        // Neither an early issue nor a late start stretches it.
        #expect(throws: GrantFailure(.malformed)) {
            try parse([("iat", .integer(Self.now - 1)), ("exp", .integer(Self.now + limit))])
        }
        #expect(throws: GrantFailure(.malformed)) {
            try parse([("nbf", .integer(Self.now - 1)), ("exp", .integer(Self.now + limit))])
        }
    }

    @Test("exp is after nbf")
    func expiryAfterStart() throws {
        #expect(try parse([("exp", .integer(Self.now + 1))]).expiresAt == Self.now + 1)
        for exp in [Self.now, Self.now - 1] {
            #expect(throws: GrantFailure(.malformed)) { try parse([("exp", .integer(exp))]) }
        }
    }

    @Test("the depth that can be claimed is 1 to 64")
    func claimedDepth() throws {
        for depth: Int64 in [1, 2, 64] { #expect(try parse([("depth", .integer(depth))]).depth == Int(depth)) }
        for depth: JSON in [0, -1, 65, .integer(.max), .integer(.min), "1", .double(1.5)] {
            #expect(throws: GrantFailure(.malformed)) { try parse([("depth", depth)]) }
        }
    }

    @Test(
        "sid is agent:<id>:(subagent|acp):<jti>",
        arguments: [
            "main", "agent:main:main", "agent:main:subagent", "agent:main:subagent:", "agent::subagent:J",
            "agent:Main:acp:J",
            "agent:main:cron:J", "Agent:main:acp:J", "agent:main:subagent:J:subagent:J", "agent:main:subagent:J ",
            " agent:main:subagent:J", "agent:main:subagent:K", "agent:main:Subagent:J", "agent:main:acp:subagent:J",
        ])
    func sessionKeys(_ pattern: String) {
        let key = pattern.replacing("J", with: Self.spawnID).replacing("K", with: "other")
        #expect(throws: GrantFailure(.malformed)) { try parse([("sid", .string(key))]) }
    }

    @Test("jti is a short plain id")
    func spawnIDs() throws {
        for id in ["a", "0", "A-z-9", String(repeating: "x", count: 64)] {
            #expect(try parse([("jti", .string(id)), ("sid", .string("agent:main:acp:" + id))]).spawnID == id)
        }
        for id in ["", String(repeating: "x", count: 65), "a:b", "a b", "a.b", "a_b", "é", "a/b", "a\n"] {
            #expect(throws: GrantFailure(.malformed)) {
                try parse([("jti", .string(id)), ("sid", .string("agent:main:acp:" + id))])
            }
        }
    }

    @Test("scope is a list with single spaces")
    func scope() throws {
        #expect(try parse([("scope", "operator.read")]).scopes.names == ["operator.read"])
        for scope in [" ", " operator.read", "operator.read ", "operator.read  operator.write"] {
            #expect(throws: GrantFailure(.malformed)) { try parse([("scope", .string(scope))]) }
        }
    }

    @Test("the key is an Ed25519 JWK of 32 bytes that hashes to sub")
    func key() {
        let x = Base64URL.encode(child.key.publicKey)
        let malformed: [JSON] = [
            [:], ["jwk": [:]], ["jwk": ["kty": "EC", "crv": "Ed25519", "x": .string(x)]],
            ["jwk": ["kty": "OKP", "crv": "X25519", "x": .string(x)]], ["jwk": ["kty": "OKP", "crv": "Ed25519"]],
            ["jwk": ["kty": "OKP", "crv": "Ed25519", "x": .string(x + "=")]],
            ["jwk": ["kty": "OKP", "crv": "Ed25519", "x": .string(String(x.dropLast(2)))]],
            ["jwk": ["kty": "OKP", "crv": "Ed25519", "x": .string(Hex.encode(child.key.publicKey))]],
            ["jwk": .string(x)], ["jkt": .string(x)],
        ]
        for cnf in malformed { #expect(throws: GrantFailure(.malformed)) { try parse([("cnf", cnf)]) } }
        let foreign = Base64URL.encode(issuer.key.publicKey)
        #expect(throws: GrantFailure(.keyMismatch)) {
            try parse([("cnf", ["jwk": ["kty": "OKP", "crv": "Ed25519", "x": .string(foreign)]])])
        }
    }

    @Test("unknown claims and header members are ignored, crit and repeats are not")
    func extensions() throws {
        let claims = JSON.object(GrantForge.claims(of: grant)).description
        #expect(try parse([("x", ["y": [1, nil]]), ("amr", [])]) == grant)
        let kid = #"{"alg":"EdDSA","typ":"spawn-grant+jwt","kid":"k"}"#
        #expect(try ParsedGrant.parse(GrantForge.sign(header: kid, claims: claims, by: issuer)).grant == grant)
        for header in [
            #"{"alg":"EdDSA","typ":"spawn-grant+jwt","crit":[]}"#,
            #"{"alg":"EdDSA","typ":"spawn-grant+jwt","crit":null}"#,
            #"{"alg":"EdDSA","alg":"EdDSA","typ":"spawn-grant+jwt"}"#, #"{"alg":"EdDSA"}"#,
            #"{"typ":"spawn-grant+jwt"}"#,
            #"{"alg":1,"typ":"spawn-grant+jwt"}"#, "[]", "null", "", "{", #"{"alg":"EdDSA","typ":"spawn-grant+jwt"} x"#,
            #"{"alg":"EdDSA","\u0061lg":"EdDSA","typ":"spawn-grant+jwt"}"#,
        ] {
            #expect(throws: GrantFailure(.malformed), "\(header)") {
                try ParsedGrant.parse(GrantForge.sign(header: header, claims: claims, by: issuer))
            }
        }
        let twice = claims.dropLast() + #","scope":"operator.admin"}"#
        #expect(throws: GrantFailure(.malformed)) {
            try ParsedGrant.parse(GrantForge.sign(claims: String(twice), by: issuer))
        }
        let inner = claims.replacing(#""kty":"OKP""#, with: #""kty":"OKP","kty":"OKP""#)
        #expect(throws: GrantFailure(.malformed)) { try ParsedGrant.parse(GrantForge.sign(claims: inner, by: issuer)) }
    }

    @Test("the form is judged in order: structure, alg, typ, claims, key")
    func formOrder() {
        let bad = #"{"iss":1}"#
        func verdict(_ header: String, _ claims: String) -> GrantVerdict? {
            do throws(GrantFailure) {
                _ = try ParsedGrant.parse(GrantForge.sign(header: header, claims: claims, by: issuer))
                return nil
            } catch {
                return error.verdict
            }
        }
        #expect(verdict(#"{"alg":"HS256","typ":"JWT"}"#, "[]") == .malformed)
        #expect(verdict(#"{"alg":"HS256","typ":"JWT"}"#, bad) == .unsupportedAlgorithm)
        #expect(verdict(#"{"alg":"EdDSA","typ":"JWT"}"#, bad) == .wrongType)
        #expect(verdict(GrantForge.header, bad) == .malformed)
        for algorithm in ["none", "eddsa", "Ed25519", "HS256", "RS256", "ES256"] {
            #expect(verdict(#"{"alg":""# + algorithm + #"","typ":"spawn-grant+jwt"}"#, bad) == .unsupportedAlgorithm)
        }
        for type in ["JWT", "spawn-grant", "Spawn-Grant+JWT", "application/spawn-grant+jwt"] {
            #expect(verdict(#"{"alg":"EdDSA","typ":""# + type + #""}"#, bad) == .wrongType)
        }
    }

    @Test("a grant of 4096 bytes is read, one of 4097 is malformed")
    func size() throws {
        let fits = try #require(GrantForge.sign(grant, bytes: 4096, by: issuer))
        let over = try #require(GrantForge.sign(grant, bytes: 4097, by: issuer))
        try #require(fits.utf8.count == 4096 && over.utf8.count == 4097)
        #expect(try ParsedGrant.parse(fits).grant == grant)
        #expect(try ParsedGrant.parse(fits).isSigned(by: issuer.key.publicKey))
        #expect(throws: GrantFailure(.malformed)) { try ParsedGrant.parse(over) }
    }

    @Test("nested, empty and binary texts are malformed and never stop the parser")
    func hostile() {
        let deep = String(repeating: "[", count: 2000) + String(repeating: "]", count: 2000)
        let texts = [
            "", ".", "..", "...", "a.b.c", "....", "\u{0}.\u{0}.\u{0}", "é.é.é", String(repeating: ".", count: 4096),
            String(repeating: "A", count: 4096), "AA.AA.AA", "e30.e30.e30",
        ]
        for text in texts { #expect(throws: GrantFailure(.malformed)) { try ParsedGrant.parse(text) } }
        let nested = #"{"x":"# + deep.prefix(1200) + "}"
        #expect(throws: GrantFailure(.malformed)) {
            try ParsedGrant.parse(GrantForge.sign(claims: String(nested), by: issuer))
        }
    }
}
