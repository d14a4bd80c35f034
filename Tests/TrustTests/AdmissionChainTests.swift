import Crypto
import Testing
import Trust
import Wire

@Suite("Presented spawn grants, design document section 5")
struct AdmissionChainTests {
    static let asked = ["operator.read", "operator.write"]
    static let places: [TransportFacts] = [.local, .remote, .forwarded]

    func present(
        _ world: World, _ chain: GrantChain, texts: [String]? = nil, by device: SigningIdentity? = nil,
        token: String = World.token
    ) -> Decision {
        let caller = Caller.cli(device ?? chain.leaf).with(token: token).from(.remote)
        return world.decide(caller.with { $0.grants = texts ?? chain.texts })
    }

    // MARK: Valid chains

    @Test("a valid chain of one to five grants admits its last child and commits each as a spawn", arguments: 1...5)
    func valid(_ length: Int) throws {
        let world = try World()
        let chain = try GrantChain(world: world, length: length)
        for place in Self.places {
            let caller = Caller.cli(chain.leaf).from(place).with { $0.grants = chain.texts }
            let decision = world.decide(caller)
            expectAdmitted(decision, scopes: Self.asked, method: .token, changes: [.presentSpawns])
            #expect(decision.changes == [.presentSpawns(chain.grants, principal: .sharedSecret)])
            #expect(decision.admitted?.lineage?.deviceID == chain.leaf.deviceID)
            #expect(decision.admitted?.lineage?.depth == length)
            #expect(decision.admitted?.lineage?.isRegistered == false)
        }
    }

    @Test("a chain below a paired device wants that device's token", arguments: 1...5)
    func pairedIssuer(_ length: Int) throws {
        var world = try World()
        let laptop = try World.stranger()
        world.pair(laptop, token: "laptop-token")
        let chain = try GrantChain(world: world, below: laptop, length: length)
        let caller = Caller.cli(chain.leaf).from(.remote).with { $0.grants = chain.texts }
        let decision = world.decide(caller.with(token: "laptop-token"))
        expectAdmitted(decision, scopes: Self.asked, method: .deviceToken, changes: [.presentSpawns])
        #expect(decision.changes == [.presentSpawns(chain.grants, principal: .device(laptop.deviceID))])
        expectRefused(world.decide(caller), .lineageCredential, "the owner's token is not of this lineage")
        expectRefused(world.decide(caller.with(token: nil)), .tokenMissing)
        expectRefused(world.decide(caller.with(token: "wrong")), .tokenMismatch)
    }

    @Test("what the gateway knows of a chain is walked over; only the rest is committed", arguments: 0...4)
    func partlyKnown(_ known: Int) throws {
        var world = try World()
        let chain = try GrantChain(world: world, length: 5)
        var parent = world.main
        for depth in stride(from: 1, through: known, by: 1) {
            parent = try world.spawn("c\(depth)", below: parent, depth: depth)
        }
        let decision = present(world, chain)
        #expect(decision.changes == [.presentSpawns(Array(chain.grants[known...]), principal: .sharedSecret)])
        // The known part need not be shown at all.
        let rest = present(world, chain, texts: Array(chain.texts[known...]))
        #expect(rest.changes == decision.changes)
    }

    @Test("a grant for a device that is known changes nothing")
    func known() throws {
        var world = try World()
        let child = try world.spawn("c1")
        let chain = try GrantChain(world: world, length: 1)
        expectAdmitted(present(world, chain, by: child), scopes: Self.asked, method: .token)
    }

    @Test("the scopes granted clamp what the presenting child asks for")
    func clamped() throws {
        let world = try World()
        let chain = try GrantChain(world: world, length: 1, scopes: ScopeSet(.read))
        let caller = Caller.cli(chain.leaf).from(.remote).with { $0.grants = chain.texts }
        expectAdmitted(
            world.decide(caller.with(scopes: ["operator.admin"])), scopes: ["operator.read"], method: .token,
            changes: [.presentSpawns])
    }

    // MARK: Signatures

    @Test("only a signed grant vouches for the key of the next", arguments: 1...5)
    func vouching(_ length: Int) throws {
        let world = try World()
        let chain = try GrantChain(world: world, length: length)
        func signed(_ texts: [String], rootKey: [UInt8]? = world.main.key.publicKey) -> [Bool] {
            PresentedGrant.verify(texts) { $0 == world.main.deviceID ? rootKey : nil }.map(\.isSignatureValid)
        }
        #expect(signed(chain.texts) == Array(repeating: true, count: length))
        #expect(signed(chain.texts, rootKey: nil) == Array(repeating: false, count: length))
        let forger = try World.stranger()
        for index in 0..<length {
            let expected = (0..<length).map { $0 < index }
            #expect(signed(chain.forged(index, by: forger)) == expected)
            var unreadable = chain.texts
            unreadable[index] = "x"
            #expect(signed(unreadable) == expected)
        }
        #expect(signed([]).isEmpty)
    }

    // MARK: Faults, at every place in the chain

    static let positions: [(Int, Int)] = (1...5).flatMap { length in (0..<length).map { (length, $0) } }

    @Test("a forged grant is refused wherever it stands", arguments: positions)
    func forged(_ length: Int, _ index: Int) throws {
        let world = try World()
        let chain = try GrantChain(world: world, length: length)
        for forger in [try World.stranger(), chain.leaf] {
            expectRefused(present(world, chain, texts: chain.forged(index, by: forger)), .lineage(.badSignature))
        }
    }

    @Test("an expired grant is refused wherever it stands", arguments: positions)
    func expired(_ length: Int, _ index: Int) throws {
        let world = try World()
        let now = world.nowMs / 1000
        let chain = try GrantChain(world: world, length: length).changing(index) {
            $0.issuedAt = now - 3600
            $0.notBefore = now - 3600
            $0.expiresAt = now - 61
        }
        expectRefused(present(world, chain), .lineage(.expired))
        expectAdmitted(
            present(world, chain.changing(index) { $0.expiresAt = now - 60 }), scopes: Self.asked, method: .token,
            changes: [.presentSpawns])
    }

    @Test("a grant that is not valid yet is refused wherever it stands", arguments: positions)
    func notYetValid(_ length: Int, _ index: Int) throws {
        let world = try World()
        let chain = try GrantChain(world: world, length: length).changing(index) {
            $0.notBefore = world.nowMs / 1000 + 61
        }
        expectRefused(present(world, chain), .lineage(.notYetValid))
    }

    @Test("a grant beyond its issuer's scopes is refused wherever it stands", arguments: positions)
    func widened(_ length: Int, _ index: Int) throws {
        let world = try World()
        let chain = try GrantChain(world: world, length: length)
        for scopes in [ScopeSet(.admin), ScopeSet(.read, .pairing), ScopeSet(["operator.read", "canvas"])] {
            expectRefused(present(world, chain.changing(index) { $0.scopes = scopes }), .lineage(.scopeEscalation))
        }
        let narrowed = try GrantChain(world: world, length: length, scopes: ScopeSet(.read))
        guard index > 0 else { return }
        expectRefused(
            present(world, narrowed.changing(index) { $0.scopes = ScopeSet(.write) }), .lineage(.scopeEscalation))
    }

    @Test("who may only read spawns nothing, by presenting a grant either", arguments: [1, 2])
    func readOnlyIssuer(_ length: Int) throws {
        var world = try World()
        let issuer = try World.stranger(7)
        world.pair(issuer, scopes: ScopeSet(.read))
        let chain = try GrantChain(world: world, below: issuer, length: length, scopes: ScopeSet(.read))
        func presented(_ world: World) -> Decision {
            world.decide(
                Caller.sdk(chain.leaf).with(token: "the-device-token").from(.remote).with { $0.grants = chain.texts })
        }
        expectRefused(presented(world), .lineage(.scopeEscalation))
        world.pair(issuer, scopes: ScopeSet(.write))
        #expect((presented(world).admitted != nil) == (length == 1), "a child that may only read spawns nothing either")
    }

    @Test("a grant for another gateway is refused wherever it stands", arguments: positions)
    func otherGateway(_ length: Int, _ index: Int) throws {
        let world = try World()
        let other = try World.stranger(9).deviceID
        let chain = try GrantChain(world: world, length: length).changing(index) { $0.audience = other }
        expectRefused(present(world, chain), .lineage(.wrongAudience))
    }

    @Test("a grant of another depth is refused wherever it stands", arguments: positions)
    func depth(_ length: Int, _ index: Int) throws {
        let world = try World()
        let chain = try GrantChain(world: world, length: length)
        for difference in [-1, 1] where chain.grants[index].depth + difference > 0 {
            expectRefused(
                present(world, chain.changing(index) { $0.depth += difference }), .lineage(.depthMismatch))
        }
    }

    @Test("a text that is no grant is refused wherever it stands", arguments: positions)
    func malformed(_ length: Int, _ index: Int) throws {
        let world = try World()
        let chain = try GrantChain(world: world, length: length)
        for text in ["", "x", chain.texts[index] + ".", String(chain.texts[index].dropLast())] {
            var texts = chain.texts
            texts[index] = text
            expectRefused(present(world, chain, texts: texts), .lineage(.malformed))
        }
    }

    @Test("a chain from an issuer that nobody knows is refused", arguments: 1...5)
    func unknownIssuer(_ length: Int) throws {
        let world = try World()
        let chain = try GrantChain(world: world, below: try World.stranger(), length: length)
        expectRefused(present(world, chain), .lineage(.unknownIssuer))
        // Nor may a chain begin in the middle, or at the gateway's root, which signs no grants for strangers.
        let known = try GrantChain(world: world, length: 5)
        expectRefused(present(world, known, texts: Array(known.texts.dropFirst())), .lineage(.unknownIssuer))
        expectRefused(present(world, known, texts: known.texts.reversed()), .lineage(.unknownIssuer))
        let ofRoot = try GrantChain(world: world, below: world.root, length: length)
        expectRefused(present(world, ofRoot), .lineage(.unknownIssuer))
    }

    @Test("whoever presents a chain must be its last child", arguments: 1...5)
    func wrongSubject(_ length: Int) throws {
        let world = try World()
        let chain = try GrantChain(world: world, length: length)
        var presenters = [try World.stranger()]
        presenters += chain.identities.dropLast()
        for presenter in presenters {
            expectRefused(present(world, chain, by: presenter), .lineage(.wrongSubject))
        }
    }

    @Test("the depth limit counts for presented chains: at the limit yes, one below no", arguments: 1...5)
    func depthLimit(_ length: Int) throws {
        var world = try World()
        let chain = try GrantChain(world: world, length: length)
        world.policy.maxSpawnDepth = length
        #expect(present(world, chain).admitted != nil)
        world.policy.maxSpawnDepth = length - 1
        expectRefused(present(world, chain), .lineage(.depthExceeded))
    }

    @Test("an issuer that was revoked or has ended issues nothing any more")
    func deadIssuer() throws {
        var world = try World()
        let parent = try world.spawn("p1")
        let chain = try GrantChain(world: world, below: parent, length: 1).changing(0) { $0.depth = 2 }
        #expect(present(world, chain).admitted != nil)
        var ended = world
        _ = ended.state.lineage.end(runID: "p1", nowMs: World.nowMs)
        expectRefused(present(ended, chain), .lineage(.issuerEnded))
        var revoked = world
        _ = revoked.state.lineage.revoke(deviceID: parent.deviceID, nowMs: World.nowMs)
        expectRefused(present(revoked, chain), .lineage(.issuerRevoked))
        var above = world
        _ = above.state.lineage.revoke(deviceID: world.main.deviceID, nowMs: World.nowMs)
        expectRefused(present(above, chain), .lineage(.issuerRevoked))
        let laptop = try World.stranger()
        var paired = world
        paired.pair(laptop, token: nil)
        expectRefused(
            present(paired, try GrantChain(world: paired, below: laptop, length: 1)), .lineage(.issuerRevoked))
    }

    // MARK: Bindings

    @Test("a grant that names an existing session is refused, whoever issued it", arguments: 1...5)
    func existingSession(_ length: Int) throws {
        var world = try World()
        let laptop = try World.stranger()
        world.pair(laptop, token: "laptop-token")
        // The session of c<length> exists already, below the gateway's main session.
        _ = try world.spawn("c\(length)", runToken: "run")
        let chain = try GrantChain(world: world, below: laptop, length: length)
        expectRefused(present(world, chain, token: "laptop-token"), .lineage(.jtiConflict))
        for state in ["ended", "revoked"] {
            var over = world
            let victim = try #require(over.state.lineage.entry(forSession: World.sessionKey("c\(length)")))
            _ =
                state == "ended"
                ? over.state.lineage.end(runID: "c\(length)", nowMs: World.nowMs)
                : over.state.lineage.revoke(deviceID: victim.deviceID, nowMs: World.nowMs)
            expectRefused(
                present(over, chain, token: "laptop-token"), .lineage(.jtiConflict), "\(state) sessions keep their name"
            )
        }
    }

    @Test("a grant that takes the run id of another run is refused, under whatever agent")
    func existingRun() throws {
        var world = try World()
        _ = try world.spawn("c1", runToken: "run")
        let laptop = try World.stranger()
        world.pair(laptop, token: "laptop-token")
        let chain = try GrantChain(world: world, below: laptop, length: 1)
        let otherAgent = chain.changing(0) { $0.sessionKey = "agent:other:acp:c1" }
        expectRefused(present(world, otherAgent, token: "laptop-token"), .lineage(.jtiConflict))
    }

    @Test("two grants of one chain may not name the same session")
    func sameSessionTwice() throws {
        let world = try World()
        let chain = try GrantChain(world: world, length: 2).changing(1) {
            $0.spawnID = "c1"
            $0.sessionKey = World.sessionKey("c1")
        }
        expectRefused(present(world, chain), .lineage(.jtiConflict))
    }

    @Test("issuer and spawn id are bound to the first child and session")
    func binding() throws {
        var world = try World()
        _ = try world.spawn("c1")
        let chain = try GrantChain(world: world, length: 1)
        let other = try World.stranger()
        let rebound = chain.changing(0) {
            $0.subject = other.deviceID
            $0.publicKey = other.key.publicKey
        }
        expectRefused(present(world, rebound, by: other), .lineage(.jtiConflict))
    }

    // MARK: Renewal

    @Test("the same binding with a later expiry renews, also after the old one has passed")
    func renewal() throws {
        var world = try World()
        let expiry = world.nowMs + 3_600_000
        let child = try world.spawn("c1", expiresAtMs: expiry)
        let later = try GrantChain(world: world, length: 1, lifeSeconds: 7200)
        let renewed = TrustChange.renewGrant(deviceID: child.deviceID, expiresAtMs: world.nowMs + 7_200_000)
        #expect(present(world, later).changes == [renewed])
        world.nowMs = expiry + 60_001
        expectRefused(world.decide(.cli(child).from(.remote)), .lineage(.expired))
        let decision = present(world, later)
        #expect(decision.admitted != nil && decision.changes == [renewed])
    }

    @Test("nothing else renews: not the same expiry, another spawn id, another issuer, a forged or a wide grant")
    func noRenewal() throws {
        var world = try World()
        let child = try world.spawn("c1", expiresAtMs: world.nowMs + 3_600_000)
        let same = try GrantChain(world: world, length: 1)
        let later = try GrantChain(world: world, length: 1, lifeSeconds: 7200)
        let laptop = try World.stranger()
        world.pair(laptop)
        let otherSpawn = later.changing(0) {
            $0.spawnID = "other"
            $0.sessionKey = World.sessionKey("other")
        }
        var byLaptop = later.grants[0]
        byLaptop.issuer = laptop.deviceID
        let attempts = [
            same.texts, otherSpawn.texts, [byLaptop.signed(by: laptop)], later.forged(0, by: laptop), ["x"],
            later.changing(0) { $0.scopes = ScopeSet(.admin) }.texts,
            later.changing(0) { $0.audience = laptop.deviceID }.texts, later.changing(0) { $0.depth = 2 }.texts,
        ]
        for (number, texts) in attempts.enumerated() {
            expectAdmitted(
                present(world, later, texts: texts, by: child), scopes: Self.asked, method: .token, "\(number)")
        }
        world.nowMs += 3_660_001
        for texts in attempts {
            expectRefused(present(world, later, texts: texts, by: child), .lineage(.expired))
        }
    }

    @Test("a run that has ended or was revoked is not renewed")
    func noRenewalAfterEnd() throws {
        var world = try World()
        let child = try world.spawn("c1")
        let later = try GrantChain(world: world, length: 1, lifeSeconds: 7200)
        _ = world.state.lineage.end(runID: "c1", nowMs: World.nowMs)
        let reporting = present(world, later)
        #expect(reporting.admitted?.isReportingOnly == true && reporting.changes.isEmpty)
        world.nowMs += 30_000
        expectRefused(present(world, later), .lineage(.runEnded))
        _ = world.state.lineage.revoke(deviceID: child.deviceID, nowMs: world.nowMs)
        expectRefused(present(world, later), .lineage(.runRevoked))
    }
}
