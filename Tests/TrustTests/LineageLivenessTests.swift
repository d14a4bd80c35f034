import Testing
import Trust
import Wire

@Suite("Lineage: who may act now, design document sections 4 and 5")
struct LineageLivenessTests {
    static let now = LineageFixture.now

    @Test("everybody in an untouched chain of depth 5 is live", arguments: 0...5)
    func live(_ depth: Int) {
        #expect(LineageFixture.chain().liveness("d\(depth)") == .live)
    }

    @Test("a device that nobody spawned is dead")
    func unknown() {
        #expect(LineageFixture.chain().verdict("d6") == .unknownIssuer)
        #expect(LineageFixture.chain().verdict("") == .unknownIssuer)
        #expect(LineageFixture.chain().verdict(LineageFixture.root) == .unknownIssuer)
    }

    @Test("revoking one refuses it and all below it, at once and for good, and nobody above", arguments: 0...5)
    func revokedAncestor(_ revoked: Int) {
        var fixture = LineageFixture.chain()
        #expect(fixture.registry.revoke(deviceID: "d\(revoked)", nowMs: Self.now) != nil)
        for depth in 0...5 {
            let expected: GrantVerdict? = depth < revoked ? nil : depth == revoked ? .runRevoked : .issuerRevoked
            for later: Int64 in [0, 1, 29_999, 30_000, 86_400_000] {
                #expect(fixture.verdict("d\(depth)", at: Self.now + later) == expected)
            }
        }
    }

    @Test("ending one refuses all below it at once, and itself after its grace", arguments: 1...5)
    func endedAncestor(_ ended: Int) {
        var fixture = LineageFixture.chain()
        #expect(fixture.registry.end(runID: "run-d\(ended)", nowMs: Self.now) != nil)
        for depth in 0...5 where depth != ended {
            #expect(fixture.verdict("d\(depth)") == (depth < ended ? nil : .issuerEnded))
        }
        #expect(fixture.liveness("d\(ended)") == .reporting)
        #expect(fixture.verdict("d\(ended)", at: Self.now + 30_000) == .runEnded)
    }

    @Test("an expired one refuses itself and all below it", arguments: 1...5)
    func expiredAncestor(_ expired: Int) {
        var fixture = LineageFixture.chain()
        fixture.add("d\(expired)", issuer: "d\(expired - 1)", depth: expired, expiresAtMs: Self.now)
        let lastMoment = Self.now + 60_000
        for depth in 0...5 {
            #expect(fixture.liveness("d\(depth)", at: lastMoment) == .live)
            #expect(fixture.verdict("d\(depth)", at: lastMoment + 1) == (depth < expired ? nil : .expired))
        }
    }

    @Test("a run that has ended may report for 30 s, to the millisecond")
    func grace() {
        var fixture = LineageFixture.chain()
        _ = fixture.registry.end(runID: "run-d5", nowMs: Self.now)
        #expect(LineageRegistry.reportingGraceMs == 30_000)
        for later: Int64 in [0, 1, 29_999] { #expect(fixture.liveness("d5", at: Self.now + later) == .reporting) }
        for later: Int64 in [30_000, 30_001] { #expect(fixture.verdict("d5", at: Self.now + later) == .runEnded) }
    }

    @Test("there is no grace after a revocation, of the run itself or of anybody above it")
    func noGraceAfterRevocation() {
        var itself = LineageFixture.chain()
        _ = itself.registry.end(runID: "run-d5", nowMs: Self.now)
        _ = itself.registry.revoke(deviceID: "d5", nowMs: Self.now + 1)
        #expect(itself.verdict("d5", at: Self.now + 2) == .runRevoked)
        var above = LineageFixture.chain()
        _ = above.registry.end(runID: "run-d5", nowMs: Self.now)
        _ = above.registry.revoke(deviceID: "d2", nowMs: Self.now + 1)
        #expect(above.verdict("d5", at: Self.now + 2) == .issuerRevoked)
    }

    @Test("an expired run does not report either")
    func noGraceAfterExpiry() {
        var fixture = LineageFixture.chain()
        fixture.add(
            "d5", issuer: "d4", depth: 5, expiresAtMs: Self.now - 60_001, state: .ended(atMs: Self.now))
        #expect(fixture.verdict("d5") == .expired)
    }

    // MARK: Paired devices at the top

    @Test("a chain below a paired device lives as long as its pairing")
    func pairedIssuer() {
        var fixture = LineageFixture()
        fixture.paired = ["laptop"]
        fixture.add("a", issuer: "laptop")
        fixture.add("b", issuer: "a", depth: 2)
        #expect(fixture.liveness("a") == .live && fixture.liveness("b") == .live)
        fixture.paired = []
        #expect(fixture.verdict("a") == .issuerRevoked && fixture.verdict("b") == .issuerRevoked)
    }

    // MARK: Askers

    @Test("a run is refused when who asked for it is no longer paired", arguments: 1...5)
    func askerRemoved(_ asked: Int) {
        var fixture = LineageFixture.chain()
        fixture.paired = ["phone"]
        fixture.add("d\(asked)", issuer: "d\(asked - 1)", depth: asked, asker: "phone")
        for depth in 0...5 { #expect(fixture.liveness("d\(depth)") == .live) }
        fixture.paired = []
        for depth in 0...5 {
            #expect(fixture.verdict("d\(depth)") == (depth < asked ? nil : .issuerRevoked))
        }
    }

    @Test("an asker that is derived itself must be live: not revoked, ended or expired")
    func derivedAsker() {
        func fixture(_ change: (inout LineageFixture) -> Void) -> LineageFixture {
            var fixture = LineageFixture.chain()
            fixture.add("asker", issuer: "d0", expiresAtMs: Self.now + 3_600_000)
            fixture.add("asked", issuer: "d1", depth: 2, asker: "asker")
            fixture.add("below", issuer: "asked", depth: 3)
            change(&fixture)
            return fixture
        }
        #expect(fixture { _ in }.liveness("below") == .live)
        let revoked = fixture { _ = $0.registry.revoke(deviceID: "asker", nowMs: Self.now) }
        #expect(revoked.verdict("asked") == .issuerRevoked && revoked.verdict("below") == .issuerRevoked)
        #expect(revoked.liveness("d1") == .live)
        let ended = fixture { _ = $0.registry.end(runID: "run-asker", nowMs: Self.now) }
        #expect(ended.verdict("asked") == .issuerEnded && ended.verdict("below") == .issuerEnded)
        let expired = fixture { _ in }
        #expect(expired.liveness("below", at: Self.now + 3_660_000) == .live)
        #expect(expired.verdict("below", at: Self.now + 3_660_001) == .expired)
    }

    @Test("an asker's own lines count as well: its parents by key, and who asked for it")
    func lineOfAsker() {
        var fixture = LineageFixture.chain()
        fixture.paired = ["laptop", "phone"]
        fixture.add("parent", issuer: "laptop")
        fixture.add("asker", issuer: "parent", depth: 2, asker: "phone")
        fixture.add("asked", issuer: "d1", depth: 2, asker: "asker")
        #expect(fixture.liveness("asked") == .live)
        var revoked = fixture
        _ = revoked.registry.revoke(deviceID: "parent", nowMs: Self.now)
        #expect(revoked.verdict("asked") == .issuerRevoked)
        var laptopGone = fixture
        laptopGone.paired = ["phone"]
        #expect(laptopGone.verdict("asked") == .issuerRevoked)
        var phoneGone = fixture
        phoneGone.paired = ["laptop"]
        #expect(phoneGone.verdict("asked") == .issuerRevoked)
    }

    @Test(
        "lines that loop in a damaged store end in a refusal",
        arguments: [
            [("a", "b", nil), ("b", "a", nil)], [("a", "a", nil)], [("a", "b", "c"), ("b", "c", "a"), ("c", "a", "b")],
        ] as [[(String, String, String?)]])
    func loops(_ links: [(String, String, String?)]) {
        var fixture = LineageFixture()
        for (id, issuer, asker) in links { fixture.add(id, issuer: issuer, asker: asker) }
        for (id, _, _) in links { #expect(fixture.verdict(id) != nil) }
    }

    @Test("askers that ask for each other end, and do not hide a revocation")
    func askerLoop() {
        var fixture = LineageFixture.chain()
        fixture.add("a", issuer: "d0", asker: "b")
        fixture.add("b", issuer: "d0", asker: "a")
        #expect(fixture.liveness("a") == .live && fixture.liveness("b") == .live)
        _ = fixture.registry.revoke(deviceID: "b", nowMs: Self.now)
        #expect(fixture.verdict("a") == .issuerRevoked)
    }

    @Test("a ladder of forty askers is judged in one walk, not in 2^40")
    func ladder() {
        var fixture = LineageFixture.chain()
        fixture.add("a0", issuer: "d0")
        fixture.add("b0", issuer: "d0")
        for step in 1...40 {
            fixture.add("a\(step)", issuer: "a\(step - 1)", depth: step, asker: "b\(step - 1)")
            fixture.add("b\(step)", issuer: "b\(step - 1)", depth: step, asker: "a\(step - 1)")
        }
        #expect(fixture.liveness("a40") == .live)
        _ = fixture.registry.revoke(deviceID: "b0", nowMs: Self.now)
        #expect(fixture.verdict("a40") == .issuerRevoked)
    }

    // MARK: As issuer

    @Test("what an issuer may grant follows its state")
    func issuerFacts() {
        var fixture = LineageFixture.chain()
        let device = IssuerFacts(publicKey: [1], scopes: ScopeSet(.read), depth: 0, state: .live)
        func facts(_ id: String, at now: Int64 = Self.now) -> IssuerFacts? {
            fixture.registry.issuerFacts(of: id, nowMs: now, isPaired: { _ in false }) { $0 == "laptop" ? device : nil }
        }
        #expect(facts("laptop") == device)
        #expect(facts("nobody") == nil && facts(LineageFixture.root) == nil)
        #expect(
            facts("d3")
                == IssuerFacts(publicKey: Array("d3".utf8), scopes: ScopeSet(.read, .write), depth: 3, state: .live))
        _ = fixture.registry.end(runID: "run-d3", nowMs: Self.now)
        #expect(facts("d3")?.state == .ended, "a run that only reports issues nothing")
        #expect(facts("d4")?.state == .ended)
        _ = fixture.registry.revoke(deviceID: "d1", nowMs: Self.now)
        #expect(facts("d1")?.state == .revoked && facts("d2")?.state == .revoked)
        #expect(facts("d0")?.state == .live)
    }
}
