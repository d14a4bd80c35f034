import JSON
import Testing
import Trust
import Wire

@Suite("Admission: what the owner configured, and nothing more")
struct AdmissionPolicyTests {
    static let asked = ["operator.read", "operator.write"]

    static func world(_ change: (inout World) throws -> Void) throws -> World {
        var world = try World()
        try change(&world)
        return world
    }

    // MARK: gateway.pairing.internalSpawnBypass

    @Test("without internalSpawnBypass a registered child is refused, and never enters the pairing store")
    func bypassOff() throws {
        var world = try World()
        world.policy.internalSpawnBypass = false
        let child = try world.spawn(runToken: "run-1")
        for place in [TransportFacts.local, .remote, .forwarded] {
            let decision = world.decide(.cli(child).from(place))
            #expect(decision.refusal?.error.details["code"]?.string == "SPAWN_GRANT_REFUSED")
            #expect(decision.refusal?.error.details["reason"]?.string == "bypass-off")
            #expect(decision.refusal?.hasRemedy == true)
            #expect(decision.changeKinds.isEmpty)
        }
    }

    @Test("a derived device is an operator")
    func derivedRole() throws {
        var world = try World()
        let child = try world.spawn()
        #expect(world.decide(.node(child).from(.remote)).refusal?.error.details["code"]?.string == "INVALID_ROLE")
    }

    @Test("without internalSpawnBypass a presented grant still admits")
    func bypassOffWithGrant() throws {
        var world = try World()
        world.policy.internalSpawnBypass = false
        let child = try world.spawn("c1")
        let chain = try GrantChain(world: world, length: 1)
        #expect(chain.leaf.deviceID == child.deviceID)
        expectAdmitted(
            world.decide(.cli(child).from(.remote).with { $0.grants = chain.texts }), scopes: Self.asked, method: .token
        )
        let presented = try world.spawn("c2", isRegistered: false)
        expectAdmitted(world.decide(.cli(presented).from(.remote)), scopes: Self.asked, method: .token)
    }

    @Test("internalSpawnBypass never trusts an id that a client supplies")
    func suppliedID() throws {
        var world = try World()
        let child = try world.spawn()
        // Somebody else's key under the child's id fails its proof; there is nothing else to say who one is.
        let caller = Caller.cli(child).from(.remote).with { $0.proofFailure = .deviceIDMismatch }
        expectRefused(
            world.decide(caller),
            .proof("DEVICE_AUTH_DEVICE_ID_MISMATCH", "device-id-mismatch", "device identity mismatch"))
        expectAdmitted(world.decide(.cli().from(.remote)), scopes: [], method: .token)
    }

    // MARK: loopbackExempt

    @Test("loopbackExempt: direct loopback with a proven secret needs no pairing, and leaves no record")
    func loopbackExempt() throws {
        let device = try World.stranger()
        for mode in [AdmissionPolicy.AuthMode.token, .password] {
            let world = try Self.world {
                $0.use(mode)
                $0.policy.loopbackExempt = true
                $0.policy.autoApproveLocal = false
            }
            let secret = mode == .token ? World.token : World.password
            let method: AuthMethod = mode == .token ? .token : .password
            expectAdmitted(world.decide(.cli(device).with(token: secret)), scopes: Self.asked, method: method)
            expectAdmitted(world.decide(.node(device).with(token: secret)), scopes: [], method: method)
            for place in [TransportFacts.remote, .forwarded] {
                expectRefused(world.decide(.cli(device).with(token: secret).from(place)), .pairing("not-paired"))
            }
            #expect(world.decide(.cli(device).with(token: "wrong")).refusal?.hasRemedy == true)
        }
    }

    @Test("loopbackExempt wants a secret: mode none has none")
    func loopbackExemptModeNone() throws {
        let world = try Self.world {
            $0.use(.none)
            $0.policy.loopbackExempt = true
            $0.policy.autoApproveLocal = false
        }
        expectRefused(world.decide(.cli(try World.stranger()).with(token: nil)), .pairing("not-paired"))
    }

    // MARK: enforcePairing, requireForExternal

    @Test("enforcePairing false: nobody is asked to pair, everybody has to prove device and secret")
    func enforcePairingOff() throws {
        let world = try Self.world { $0.policy.enforcePairing = false }
        let device = try World.stranger()
        for place in [TransportFacts.local, .remote, .forwarded] {
            expectAdmitted(
                world.decide(.cli(device).with(scopes: ["operator.admin"]).from(place)), scopes: ["operator.admin"],
                method: .token)
            expectRefused(world.decide(.cli(device).with(token: "wrong").from(place)), .tokenMismatch)
            expectRefused(world.decide(.cli(device).with(token: nil).from(place)), .tokenMissing)
            expectRefused(
                world.decide(.cli(device).from(place).with { $0.proofFailure = .signatureInvalid }),
                .proof("DEVICE_AUTH_SIGNATURE_INVALID", "device-signature", "device signature invalid"))
        }
        expectRefused(world.decide(.node().from(.remote)), .deviceIdentityRequired)
    }

    @Test("requireForExternal false is that for remote peers only")
    func requireForExternal() throws {
        let world = try Self.world {
            $0.policy.requireForExternal = false
            $0.policy.autoApproveLocal = false
        }
        let device = try World.stranger()
        for place in [TransportFacts.remote, .forwarded] {
            expectAdmitted(world.decide(.cli(device).from(place)), scopes: Self.asked, method: .token)
            expectRefused(world.decide(.cli(device).with(token: "wrong").from(place)), .tokenMismatch)
            expectRefused(
                world.decide(.cli(device).from(place).with { $0.proofFailure = .nonceMismatch }),
                .proof("DEVICE_AUTH_NONCE_MISMATCH", "device-nonce-mismatch", "device nonce mismatch"))
        }
        expectRefused(world.decide(.cli(device)), .pairing("not-paired"))
    }

    @Test("a device that is paired is not worse off under an exemption than one that is not")
    func pairedUnderExemption() throws {
        let device = try World.stranger()
        let exemptions: [(TransportFacts, (inout AdmissionPolicy) -> Void)] = [
            (.local, { $0.loopbackExempt = true }), (.local, { $0.enforcePairing = false }),
            (.remote, { $0.enforcePairing = false }), (.remote, { $0.requireForExternal = false }),
        ]
        for (place, exempt) in exemptions {
            for platform in [nil, "darwin"] {
                var world = try World()
                world.policy.autoApproveLocal = false
                world.pair(device, scopes: ScopeSet(.read), platform: platform)
                let caller = Caller.cli(device).from(place)
                #expect(world.decide(caller).pendingRequest != nil)
                exempt(&world.policy)
                expectAdmitted(world.decide(caller), scopes: Self.asked, method: .token)
                #expect(world.decide(caller.with { $0.role = .node }).admitted?.role == .node)
            }
        }
    }

    @Test("exemptions do not revive a child whose lineage is dead")
    func exemptionsAndLineage() throws {
        var world = try World()
        let child = try world.spawn()
        _ = world.state.lineage.revoke(deviceID: child.deviceID, nowMs: World.nowMs)
        world.policy.enforcePairing = false
        world.policy.requireForExternal = false
        world.policy.loopbackExempt = true
        for place in [TransportFacts.local, .remote] {
            expectRefused(world.decide(.cli(child).from(place)), .lineage(.runRevoked))
        }
    }

    // MARK: Owner socket

    @Test("the owner's socket needs neither secret nor device, and gets what it asks for")
    func ownerSocket() throws {
        for mode in [AdmissionPolicy.AuthMode.none, .token, .password] {
            var world = try World()
            world.use(mode)
            world.policy.autoApproveLocal = false
            for token in [nil, "wrong"] {
                let caller = Caller.cli().with(token: token).with(scopes: ["operator.admin", "operator.pairing"])
                    .from(.ownerSocket)
                let decision = world.decide(caller)
                expectAdmitted(decision, scopes: ["operator.admin", "operator.pairing"], method: .ownerSocket)
                #expect(decision.admitted?.role == .operator && decision.admitted?.principal == .sharedSecret)
            }
        }
    }

    // MARK: Principals

    @Test("only what can be passed on becomes the principal of children")
    func principals() throws {
        let device = try World.stranger()
        var world = try World()
        world.pair(device)
        #expect(world.decide(.cli()).admitted?.principal == .sharedSecret)
        #expect(world.decide(.cli(device)).admitted?.principal == .sharedSecret)
        #expect(
            world.decide(.cli(device).with(deviceToken: "the-device-token")).admitted?.principal
                == .device(device.deviceID))
        world.use(.password)
        #expect(world.decide(.cli(device).with(password: World.password)).admitted?.principal == .unshared)
        world.use(.none)
        #expect(world.decide(.cli(device).with(token: nil)).admitted?.principal == .unshared)
    }

    // MARK: The five reports

    @Test(
        "2026.4.8 report: a cli with a new key each time is admitted on loopback with the right token, over ws and wss")
    func report202648() throws {
        let world = try World()
        for number: UInt8 in 1...20 {
            for isTLS in [true, false] {
                var facts = TransportFacts.local
                facts.isTLS = isTLS
                let caller = Caller.cli(try World.stranger(number)).from(facts)
                expectAdmitted(
                    world.decide(caller), scopes: Self.asked, method: .token, changes: [.approveSilently, .issueToken])
                expectRefused(world.decide(caller.with(token: "wrong")), .tokenMismatch)
            }
            expectRefused(
                world.decide(.cli(try World.stranger(number)).from(.forwarded)), .pairing("not-paired"))
        }
    }

    @Test("30740: a stranger with the right token and an unknown device is asked to pair, and can be approved")
    func report30740() throws {
        var world = try World()
        let stranger = try World.stranger()
        let caller = Caller.cli(stranger).from(.remote)
        let decision = world.decide(caller)
        expectRefused(decision, .pairing("not-paired"))
        let pending = try #require(decision.pendingRequest)
        let details = try #require(decision.refusal?.error.details)
        #expect(details["requestId"]?.string == pending.requestID)
        #expect(details["deviceId"]?.string == stranger.deviceID)
        #expect(details["remediationHint"]?.string?.contains(pending.requestID) == true)
        _ = world.state.pairing.put(pending, nowMs: world.nowMs)
        let found = try #require(world.state.pairing.pending(requestID: pending.requestID, nowMs: world.nowMs))
        _ = world.state.pairing.approve(found, via: "owner", nowMs: world.nowMs)
        _ = world.state.pairing.setToken(
            DeviceToken(
                role: "operator", digest: World.digest("t"), scopes: found.scopes, createdAtMs: world.nowMs),
            deviceID: stranger.deviceID)
        expectAdmitted(world.decide(caller), scopes: Self.asked, method: .token)
    }

    @Test("behind an unnamed proxy the remedy names the trustedProxies line")
    func trustedProxiesHint() throws {
        let world = try World()
        let caller = Caller.cli(try World.stranger())
        func hint(_ facts: TransportFacts) -> String {
            world.decide(caller.from(facts)).refusal?.error.details["remediationHint"]?.string ?? ""
        }
        #expect(hint(.forwarded).contains(#"gateway.trustedProxies: ["127.0.0.1"]"#))
        #expect(!hint(.remote).contains("trustedProxies"))
        var trusted = TransportFacts.forwarded
        trusted.peerIsTrustedProxy = true
        #expect(!hint(trusted).contains("trustedProxies"))
    }
}
