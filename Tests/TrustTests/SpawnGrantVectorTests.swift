import Crypto
import JSON
import Testing
import Trust
import Wire

/// What `spawn-grant.json` says about the gateway that judges its grants.
struct GrantVectorFile {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let grant: String
        let verdict: String
    }

    let checks: GrantChecks
    let issuers: [String: IssuerFacts]
    let bindings: [String: GrantBinding]
    let vectors: [Vector]
    let json: JSON

    static func load() throws -> GrantVectorFile {
        let json = try Vectors.load("spawn-grant")
        var issuers: [String: IssuerFacts] = [:]
        for (id, value) in try #require(json["issuers"]?.object).members {
            let state: IssuerFacts.State
            switch value["state"]?.string {
            case "live": state = .live
            case "ended": state = .ended
            case "revoked": state = .revoked
            default: throw GrantFailure(.malformed)
            }
            issuers[id] = IssuerFacts(
                publicKey: try #require(value["publicKey"]?.string.flatMap(Base64URL.decode)),
                scopes: ScopeSet(try #require(value["scopes"]?.array).compactMap(\.string)),
                depth: Int(try #require(value["depth"]?.integer)), state: state)
        }
        var bindings: [String: GrantBinding] = [:]
        for value in try #require(json["bindings"]?.array) {
            let issuer = try #require(value["iss"]?.string)
            let spawnID = try #require(value["jti"]?.string)
            bindings[issuer + " " + spawnID] = GrantBinding(
                subject: try #require(value["sub"]?.string), sessionKey: try #require(value["sid"]?.string),
                state: .live)
        }
        let vectors = try #require(json["grants"]?.array).map { value in
            Vector(
                testDescription: try #require(value["name"]?.string), grant: try #require(value["grant"]?.string),
                verdict: try #require(value["verdict"]?.string))
        }
        return GrantVectorFile(
            checks: GrantChecks(
                gatewayID: try #require(json["gatewayId"]?.string),
                nowSeconds: try #require(json["verifyAtUnixSeconds"]?.integer),
                maxSpawnDepth: Int(try #require(json["maxSpawnDepth"]?.integer))),
            issuers: issuers, bindings: bindings, vectors: vectors, json: json)
    }

    /// The whole judgement, as the gateway makes it.
    func judge(_ text: String, bindings: [String: GrantBinding]? = nil) -> GrantVerdict {
        do throws(GrantFailure) {
            let parsed = try ParsedGrant.parse(text)
            let issuer = issuers[parsed.grant.issuer]
            return checks.verdict(
                on: parsed.grant, isSignatureValid: issuer.map { parsed.isSigned(by: $0.publicKey) } ?? false,
                issuer: issuer,
                binding: (bindings ?? self.bindings)[parsed.grant.issuer + " " + parsed.grant.spawnID])
        } catch {
            return error.verdict
        }
    }
}

@Suite("Spawn grants: the known verdicts")
struct SpawnGrantVectorTests {
    @Test("each grant of the file gets the verdict of the file", arguments: try GrantVectorFile.load().vectors)
    func verdicts(_ vector: GrantVectorFile.Vector) throws {
        #expect(try GrantVectorFile.load().judge(vector.grant).rawValue == vector.verdict)
    }

    @Test("the file is whole, and its limits are ours")
    func constants() throws {
        let file = try GrantVectorFile.load()
        #expect(file.vectors.count == 36 && file.issuers.count == 5 && file.bindings.count == 1)
        #expect(file.json["clockSkewSeconds"] == .integer(SpawnGrant.clockSkewSeconds))
        #expect(file.json["maxLifeSeconds"] == .integer(SpawnGrant.maxLifeSeconds))
        #expect(file.json["maxGrantBytes"] == .integer(Int64(SpawnGrant.maxBytes)))
        #expect(SpawnGrant.maxBytes == ConnectParams.maxGrantBytes)
    }

    @Test("every truncation of the valid grant is refused")
    func truncations() throws {
        let file = try GrantVectorFile.load()
        let valid = try #require(file.vectors.first { $0.verdict == "valid" }).grant
        for length in 0..<valid.utf8.count {
            #expect(file.judge(String(valid.prefix(length))) == .malformed, "cut at \(length)")
            #expect(file.judge(String(valid.suffix(length))) == .malformed, "\(length) from the end")
        }
    }

    @Test("every change of one byte of the valid grant is refused")
    func mutations() throws {
        let file = try GrantVectorFile.load()
        let valid = Array(try #require(file.vectors.first { $0.verdict == "valid" }).grant.utf8)
        #expect(file.judge(String(decoding: valid, as: UTF8.self)) == .valid)
        for index in valid.indices {
            for replacement in [
                valid[index] ^ 0x01, valid[index] ^ 0x02, valid[index] ^ 0x04, valid[index] ^ 0x10, valid[index] ^ 0x20,
                valid[index] ^ 0x80, 0x00, UInt8(ascii: "A"), UInt8(ascii: "."), UInt8(ascii: "="), UInt8(ascii: "/"),
            ] where replacement != valid[index] {
                var changed = valid
                changed[index] = replacement
                let verdict = file.judge(String(decoding: changed, as: UTF8.self))
                #expect(verdict != .valid, "byte \(index) as \(replacement)")
            }
        }
    }

    @Test("every byte left out, doubled or added to the valid grant is refused")
    func insertions() throws {
        let file = try GrantVectorFile.load()
        let valid = Array(try #require(file.vectors.first { $0.verdict == "valid" }).grant.utf8)
        for index in valid.indices {
            var shorter = valid
            shorter.remove(at: index)
            #expect(file.judge(String(decoding: shorter, as: UTF8.self)) != .valid || shorter == valid)
            for byte in [valid[index], UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "=")] {
                var longer = valid
                longer.insert(byte, at: index)
                #expect(file.judge(String(decoding: longer, as: UTF8.self)) != .valid)
            }
        }
        for tail in ["=", ".", " ", "\n", "A", ".A", "\u{301}"] {
            #expect(file.judge(String(decoding: valid, as: UTF8.self) + tail) == .malformed)
        }
    }

    @Test("every verdict has a sentence, and every refusal a remedy", arguments: GrantVerdict.allCases)
    func texts(_ verdict: GrantVerdict) {
        #expect(!verdict.sentence.isEmpty)
        #expect(verdict.remedy.isEmpty == (verdict == .valid))
    }

    @Test("every verdict of the checks can be reached")
    func reachable() throws {
        let file = try GrantVectorFile.load()
        var reached = Set(file.vectors.map { file.judge($0.grant) })
        let valid = try ParsedGrant.parse(try #require(file.vectors.first { $0.verdict == "valid" }).grant)
        for state in [GrantBinding.State.ended, .revoked] {
            let binding = GrantBinding(
                subject: valid.grant.subject, sessionKey: valid.grant.sessionKey, state: state)
            reached.insert(
                file.checks.verdict(
                    on: valid.grant, isSignatureValid: true, issuer: file.issuers[valid.grant.issuer],
                    binding: binding))
        }
        // Who connects is only known to admission: AdmissionChainTests reaches the last one.
        #expect(reached == Set(GrantVerdict.allCases).subtracting([.wrongSubject]))
    }
}
