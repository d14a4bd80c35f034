import Testing
import Trust
import Wire

@Suite("Spawn grants: what the gateway knows decides")
struct GrantChecksTests {
    let forge: SpawnGrantTests
    var grant: SpawnGrant { forge.grant }
    var facts: IssuerFacts { forge.facts }

    init() throws { forge = try SpawnGrantTests() }

    func facts(
        scopes: ScopeSet = ScopeSet(.write), depth: Int = 0, state: IssuerFacts.State = .live
    ) -> IssuerFacts {
        IssuerFacts(publicKey: facts.publicKey, scopes: scopes, depth: depth, state: state)
    }

    func binding(
        subject: String? = nil, sessionKey: String? = nil, state: GrantBinding.State = .live
    ) -> GrantBinding {
        GrantBinding(subject: subject ?? grant.subject, sessionKey: sessionKey ?? grant.sessionKey, state: state)
    }

    @Test("a grant may start a minute early by our clock, and a second more is too early")
    func notBefore() {
        let start = grant.notBefore
        #expect(forge.verdict(on: grant, at: start, issuer: facts) == .valid)
        #expect(forge.verdict(on: grant, at: start - 59, issuer: facts) == .valid)
        #expect(forge.verdict(on: grant, at: start - 60, issuer: facts) == .valid)
        #expect(forge.verdict(on: grant, at: start - 61, issuer: facts) == .notYetValid)
    }

    @Test("a grant may be used for a minute after its end, and a second more is too late")
    func expiry() {
        let end = grant.expiresAt
        #expect(forge.verdict(on: grant, at: end, issuer: facts) == .valid)
        #expect(forge.verdict(on: grant, at: end + 59, issuer: facts) == .valid)
        #expect(forge.verdict(on: grant, at: end + 60, issuer: facts) == .valid)
        #expect(forge.verdict(on: grant, at: end + 61, issuer: facts) == .expired)
    }

    @Test("clocks at the ends of their range do not trap", arguments: [0, 1, Int64.max, Int64.max - 60, Int64.min])
    func extremeClocks(_ now: Int64) {
        #expect(forge.verdict(on: grant, at: now, issuer: facts) != .valid)
    }

    @Test("depth is one more than the issuer's, and at most the limit", arguments: 1...64)
    func depth(_ depth: Int) {
        var deeper = grant
        deeper.depth = depth
        let exact = facts(depth: depth - 1)
        #expect(forge.verdict(on: deeper, maxSpawnDepth: depth, issuer: exact) == .valid)
        #expect(forge.verdict(on: deeper, maxSpawnDepth: depth + 1, issuer: exact) == .valid)
        #expect(forge.verdict(on: deeper, maxSpawnDepth: depth - 1, issuer: exact) == .depthExceeded)
        #expect(forge.verdict(on: deeper, maxSpawnDepth: 64, issuer: facts(depth: depth)) == .depthMismatch)
        #expect(forge.verdict(on: deeper, maxSpawnDepth: 64, issuer: facts(depth: depth - 2)) == .depthMismatch)
    }

    @Test(
        "no grant goes beyond its issuer",
        arguments: [
            (["operator.read"], ["operator.write"], true), (["operator.write"], ["operator.read"], false),
            (["operator.read", "operator.write"], ["operator.write"], true),
            (["operator.admin"], ["operator.read", "operator.write"], false),
            (["operator.approvals"], ["operator.write"], false), (["operator.approvals"], ["operator.admin"], true),
            (["canvas"], ["operator.admin"], false), (["canvas"], ["canvas"], true), (["operator.read"], [], false),
        ])
    func scopes(_ granted: [String], _ held: [String], _ isCovered: Bool) {
        var changed = grant
        changed.scopes = ScopeSet(granted)
        #expect(
            forge.verdict(on: changed, issuer: facts(scopes: ScopeSet(held)))
                == (isCovered ? .valid : .scopeEscalation))
    }

    @Test("an issuer that has ended or was revoked issues nothing")
    func issuerState() {
        #expect(forge.verdict(on: grant, issuer: facts(state: .ended)) == .issuerEnded)
        #expect(forge.verdict(on: grant, issuer: facts(state: .revoked)) == .issuerRevoked)
    }

    @Test("first use binds: the same child may come again, another is a conflict, an ended one is over")
    func bindings() {
        func verdict(_ binding: GrantBinding) -> GrantVerdict {
            forge.verdict(on: grant, issuer: facts, binding: binding)
        }
        #expect(verdict(binding()) == .valid)
        #expect(verdict(binding(subject: grant.issuer)) == .jtiConflict)
        #expect(verdict(binding(sessionKey: "agent:other:subagent:" + grant.spawnID)) == .jtiConflict)
        #expect(verdict(binding(subject: grant.issuer, state: .ended)) == .jtiConflict)
        #expect(verdict(binding(state: .ended)) == .runEnded)
        #expect(verdict(binding(state: .revoked)) == .runRevoked)
    }

    @Test("checks run in the documented order: each fault hides those after it")
    func order() {
        var faulty = grant
        faulty.audience = String(repeating: "0", count: 64)
        faulty.depth = 9
        faulty.scopes = ScopeSet(.admin)
        let late = faulty.expiresAt + 61
        let over = binding(state: .revoked)
        func verdict(_ grant: SpawnGrant, _ issuer: IssuerFacts?, at now: Int64, signed: Bool = true) -> GrantVerdict {
            forge.verdict(on: grant, at: now, isSignatureValid: signed, issuer: issuer, binding: over)
        }
        let dead = facts(state: .revoked)
        #expect(verdict(faulty, nil, at: late, signed: false) == .unknownIssuer)
        #expect(verdict(faulty, dead, at: late, signed: false) == .badSignature)
        #expect(verdict(faulty, dead, at: late) == .wrongAudience)
        faulty.audience = grant.audience
        #expect(verdict(faulty, dead, at: late) == .expired)
        #expect(verdict(faulty, dead, at: faulty.notBefore - 61) == .notYetValid)
        #expect(verdict(faulty, dead, at: faulty.notBefore) == .depthMismatch)
        #expect(verdict(faulty, facts(depth: 8, state: .revoked), at: faulty.notBefore) == .depthExceeded)
        faulty.depth = 1
        #expect(verdict(faulty, dead, at: faulty.notBefore) == .scopeEscalation)
        faulty.scopes = grant.scopes
        #expect(verdict(faulty, dead, at: faulty.notBefore) == .issuerRevoked)
        #expect(verdict(faulty, facts, at: faulty.notBefore) == .runRevoked)
    }
}
