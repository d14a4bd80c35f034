import Crypto
import JSON
import Testing
import Trust
import Wire

@Suite("Conditions of the rules of which one alone decides")
struct AdmissionConditionTests {
    @Test("dangerouslyDisableDeviceAuth lets nobody's device be ignored but that of a Control UI that is operator")
    func ignoredDevice() throws {
        var world = try World()
        world.policy.disableControlUIDeviceAuth = true
        let device = try World.stranger()
        let other = world.decide(Caller.sdk(device).from(.remote))
        #expect(other.refusal?.error.details["reason"] == "not-paired")
        let node = Caller.controlUI(device).ownPage().with { $0.role = .node }
        #expect(world.decide(node).trace.contains { $0.rule == .deviceProof && $0.verdict == .passed })
    }

    @Test("a local backend without a device keeps its scopes as operator without an Origin, and not otherwise")
    func localBackend() throws {
        var world = try World()
        #expect(world.decide(.backend()).admitted?.scopes.isEmpty == false)
        let node = world.decide(Caller.backend().with { $0.role = .node })
        #expect(node.refusal?.error.details["code"] == "DEVICE_IDENTITY_REQUIRED")
        world.policy.allowedOrigins = ["https://page.example"]
        let page = world.decide(Caller.backend().with { $0.facts.origin = "https://page.example" })
        #expect(page.admitted?.scopes.isEmpty == true)
    }

    @Test("two children of one parent are no chain")
    func siblings() throws {
        let world = try World()
        let texts = try ["a1", "b1"].map { id -> (String, SigningIdentity) in
            let child = try world.main.child(sessionKey: World.sessionKey(id), spawnID: id)
            let now = world.nowMs / 1000
            let grant = SpawnGrant(
                issuer: world.main.deviceID, subject: child.deviceID, audience: world.root.deviceID, issuedAt: now,
                notBefore: now, expiresAt: now + 60, spawnID: id, sessionKey: World.sessionKey(id),
                scopes: ScopeSet(.read), depth: 1, publicKey: child.key.publicKey)
            return (grant.signed(by: world.main), child)
        }
        func decide(_ grants: [String]) -> Decision {
            world.decide(Caller.cli(texts[1].1).from(.remote).with { $0.grants = grants })
        }
        expectRefused(decide(texts.map(\.0)), .lineage(.malformed))
        #expect(decide([texts[1].0]).admitted != nil)
    }

    @Test("the token of a root device that is revoked, or of another secret, is no credential of its children")
    func rootToken() throws {
        var world = try World()
        let laptop = try World.stranger()
        world.pair(laptop, token: "laptop-token")
        world.policy.secretGeneration = 2
        let child = try world.spawn("c1", below: laptop, principal: .device(laptop.deviceID), isRegistered: false)
        let caller = Caller.cli(child).with(token: "laptop-token").from(.remote)
        #expect(world.decide(caller).admitted != nil)
        let good = try #require(world.state.pairing.devices[laptop.deviceID]?.tokens["operator"])
        var stale = good
        stale.issuerGeneration = 1
        var revoked = good
        revoked.revokedAtMs = world.nowMs
        for token in [stale, revoked] {
            _ = world.state.pairing.setToken(token, deviceID: laptop.deviceID)
            let decision = world.decide(caller)
            #expect(decision.admitted == nil && decision.trace.last?.rule == .lineageCredential)
        }
    }

    @Test("an invitation is no secret: a native app that has moved and wants more is not upgraded by it")
    func movedApp() throws {
        var world = try World()
        let device = try World.stranger()
        world.pair(device, scopes: ScopeSet(.read), platform: "darwin")
        world.state.invitations.put(
            Invitation(
                id: "i", digest: World.digest("invited"), kind: .enrolment, roles: ["operator"],
                scopes: ScopeSet(.read),
                usesLeft: 1, createdAtMs: world.nowMs, expiresAtMs: world.nowMs + 1))
        let app = Caller.app(device).with(scopes: ["operator.admin"])
        let invited = app.with { $0.auth = ConnectParams.Credentials(bootstrapToken: "invited") }
        #expect(world.decide(invited).refusal?.error.details["reason"] == "scope-upgrade")
        #expect(world.decide(app).admitted?.scopes.covers(.admin) == true, "the shared secret on this host is one")
    }

    @Test("a grant that is none does not give its bearer a count of guesses of its own")
    func forgedGrant() throws {
        let world = try World()
        let chain = try GrantChain(world: world, length: 1)
        func name(_ texts: [String]) -> String? {
            world.decide(Caller.cli(chain.leaf).from(.remote).with { $0.grants = texts }).limiterClient
        }
        #expect(name(chain.texts) == "device:\(chain.leaf.deviceID)")
        #expect(name(chain.forged(0, by: chain.leaf)) == "172.18.0.3")
        #expect(name(["x"]) == "172.18.0.3")
        #expect(name([]) == "172.18.0.3")
    }

    @Test("a device token is for a role that is approved, and a page's is bound to the secret that issued it")
    func deviceTokens() throws {
        func decide(_ change: (inout PairedDevice) -> Void) throws -> Decision {
            var world = try World()
            world.policy.secretGeneration = 2
            let device = try World.stranger()
            world.pair(device)
            var record = try #require(world.state.pairing.devices[device.deviceID])
            change(&record)
            world.state.pairing.restore(record)
            return world.decide(Caller.cli(device).with(deviceToken: "the-device-token").from(.remote))
        }
        #expect(try decide { _ in }.admitted?.method == .deviceToken)
        #expect(try decide { $0.roles = ["node"] }.trace.last?.fact.contains("role-missing") == true)
        for page: @Sendable (inout PairedDevice) -> Void in [
            { $0.clientID = "openclaw-control-ui" }, { $0.clientID = "webchat-ui" }, { $0.clientMode = "webchat" },
        ] {
            #expect(try decide(page).trace.last?.fact.contains("legacy-browser-token") == true)
        }
    }

    @Test("deviceAutoApprove is for users of the proxy, not for whoever has the secret")
    func autoApprove() throws {
        var world = try World()
        world.policy.identity.autoApproveScopes = ScopeSet(.read, .write)
        world.policy.allowedOrigins = ["https://page.example"]
        let page = Caller.controlUI(try World.stranger()).from(.remote).with {
            $0.facts.origin = "https://page.example"
        }
        #expect(world.decide(page).refusal?.error.details["reason"] == "not-paired")
    }
}
