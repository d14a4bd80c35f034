import JSON
import Testing
import Trust
import Wire

@Suite("Derived devices: whose credential counts, design document sections 4 and 5")
struct AdmissionDerivedTests {
    static let places: [TransportFacts] = [.local, .remote, .forwarded]
    static let asked = ["operator.read", "operator.write"]

    @Test(
        "a live child with the shared token of its root is admitted without pairing, from anywhere", arguments: places)
    func sharedToken(_ place: TransportFacts) throws {
        var world = try World()
        let child = try world.spawn()
        let decision = world.decide(.cli(child).from(place))
        expectAdmitted(decision, scopes: Self.asked, method: .token)
        #expect(decision.admitted?.deviceID == child.deviceID)
        #expect(decision.admitted?.lineage == world.state.lineage[child.deviceID])
        #expect(decision.admitted?.isReportingOnly == false)
        #expect(decision.admitted?.principal == .sharedSecret)
        let rules = decision.trace.map(\.rule)
        for rule in [AdmissionRule.derivedIdentity, .lineageCredential, .lineageLive, .scopeLattice] {
            #expect(rules.contains(rule))
        }
        #expect(!rules.contains(.pairing))
    }

    @Test("so is everybody in a chain of depth 5", arguments: places)
    func chain(_ place: TransportFacts) throws {
        var world = try World()
        var parent = world.main
        for depth in 1...5 {
            parent = try world.spawn("c\(depth)", below: parent, depth: depth)
            expectAdmitted(world.decide(.backend(parent).from(place)), scopes: Self.asked, method: .token)
        }
    }

    @Test("its own run token admits it, in either field, and is not the shared secret", arguments: places)
    func runToken(_ place: TransportFacts) throws {
        var world = try World()
        let child = try world.spawn(runToken: "run-1")
        let inToken = world.decide(.cli(child).with(token: "run-1").from(place))
        expectAdmitted(inToken, scopes: Self.asked, method: .runToken)
        #expect(inToken.admitted?.dependsOnSharedSecret == false)
        let inDeviceToken = world.decide(.cli(child).with(deviceToken: "run-1").from(place))
        expectAdmitted(inDeviceToken, scopes: Self.asked, method: .runToken)
    }

    @Test("a child of a paired device's chain comes with that device's token", arguments: places)
    func rootDeviceToken(_ place: TransportFacts) throws {
        var world = try World()
        let laptop = try World.stranger()
        world.pair(laptop, token: "laptop-token")
        let principal = Principal.device(laptop.deviceID)
        let child = try world.spawn("c1", below: laptop, principal: principal, isRegistered: false)
        let grandchild = try world.spawn("c2", below: child, depth: 2, principal: principal)
        for device in [child, grandchild] {
            for caller in [
                Caller.cli(device).with(token: "laptop-token"), Caller.cli(device).with(deviceToken: "laptop-token"),
            ] {
                let decision = world.decide(caller.from(place))
                expectAdmitted(decision, scopes: Self.asked, method: .deviceToken)
                #expect(decision.admitted?.principal == principal)
            }
            expectRefused(world.decide(.cli(device).from(place)), .lineageCredential, "the owner's token is not theirs")
        }
    }

    /// Name, what the child sends, what it is told.
    struct Wrong: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let auth: ConnectParams.Credentials
        let expected: ExpectedRefusal
    }

    static let wrong: [Wrong] = [
        Wrong(testDescription: "nothing", auth: ConnectParams.Credentials(), expected: .tokenMissing),
        Wrong(testDescription: "an empty token", auth: ConnectParams.Credentials(token: ""), expected: .tokenMissing),
        Wrong(
            testDescription: "a wrong token", auth: ConnectParams.Credentials(token: "wrong"), expected: .tokenMismatch),
        Wrong(
            testDescription: "another run's token", auth: ConnectParams.Credentials(token: "run-2"),
            expected: .lineageCredential),
        Wrong(
            testDescription: "its own child's run token", auth: ConnectParams.Credentials(token: "run-3"),
            expected: .lineageCredential),
        Wrong(
            testDescription: "somebody else's device token", auth: ConnectParams.Credentials(token: "laptop-token"),
            expected: .lineageCredential),
        Wrong(
            testDescription: "somebody else's device token, as such",
            auth: ConnectParams.Credentials(deviceToken: "laptop-token"), expected: .lineageCredential),
        Wrong(
            testDescription: "another run's token as device token",
            auth: ConnectParams.Credentials(deviceToken: "run-2"),
            expected: .lineageCredential),
    ]

    @Test(
        "any other credential is refused, from everywhere, and leaves no trace in the pairing store", arguments: wrong)
    func wrongCredential(_ wrong: Wrong) throws {
        var world = try World()
        let child = try world.spawn("c1", runToken: "run-1")
        _ = try world.spawn("c2", runToken: "run-2")
        _ = try world.spawn("c3", below: child, depth: 2, runToken: "run-3")
        world.pair(try World.stranger(), token: "laptop-token")
        for place in Self.places {
            let decision = world.decide(Caller.cli(child).from(place).with { $0.auth = wrong.auth })
            expectRefused(decision, wrong.expected)
        }
    }

    @Test("the password is not passed on: a child needs its run token")
    func passwordMode() throws {
        var world = try World()
        world.use(.password)
        let child = try world.spawn(runToken: "run-1")
        for place in Self.places {
            expectRefused(
                world.decide(.cli(child).with(password: World.password).from(place)), .lineageCredential)
            expectAdmitted(
                world.decide(.cli(child).with(token: "run-1").from(place)), scopes: Self.asked, method: .runToken)
        }
    }

    @Test("in mode none the run token admits as well")
    func modeNone() throws {
        var world = try World()
        world.use(.none)
        let child = try world.spawn(principal: .unshared, runToken: "run-1")
        for place in Self.places {
            expectAdmitted(
                world.decide(.cli(child).with(token: "run-1").from(place)), scopes: Self.asked, method: .runToken)
        }
    }

    @Test("a principal with nothing to pass on: only the run token counts")
    func unshared() throws {
        var world = try World()
        let child = try world.spawn(principal: .unshared, runToken: "run-1")
        expectRefused(world.decide(.cli(child).from(.remote)), .lineageCredential)
        expectAdmitted(
            world.decide(.cli(child).with(token: "run-1").from(.remote)), scopes: Self.asked, method: .runToken)
    }

    @Test("the root device's token counts no more once it is revoked, replaced, or the device is gone")
    func rootDeviceTokenGone() throws {
        var world = try World()
        let laptop = try World.stranger()
        world.pair(laptop, token: "laptop-token")
        let child = try world.spawn(
            below: laptop, principal: .device(laptop.deviceID), runToken: "run-1", isRegistered: false)
        var revoked = world
        _ = revoked.state.pairing.setToken(
            DeviceToken(
                role: "operator", digest: World.digest("laptop-token"), scopes: ScopeSet(.write), createdAtMs: 0,
                revokedAtMs: World.nowMs), deviceID: laptop.deviceID)
        var rotated = world
        rotated.pair(laptop, token: "new-token")
        var gone = world
        _ = gone.state.pairing.remove(deviceID: laptop.deviceID)
        for world in [revoked, rotated, gone] {
            let decision = world.decide(.cli(child).with(token: "laptop-token").from(.remote))
            #expect(decision.refusal?.hasRemedy == true && decision.changes.isEmpty)
        }
        // Who has revoked a device or removed it ends its children, whatever token they hold.
        for world in [revoked, gone] {
            expectRefused(
                world.decide(.cli(child).with(token: "run-1").from(.remote)), .lineage(.issuerRevoked))
        }
    }

    // MARK: Run tokens in other hands

    @Test("a run token with a key of its own is refused everywhere and not paired", arguments: places)
    func runTokenWithForeignKey(_ place: TransportFacts) throws {
        var world = try World()
        _ = try world.spawn(runToken: "run-1")
        let stranger = try World.stranger()
        for caller in [
            Caller.cli(stranger).with(token: "run-1"), .backend(stranger).with(token: "run-1"),
            .cli(stranger).with(deviceToken: "run-1"), .tui(stranger).with(token: "run-1"),
        ] {
            expectRefused(
                world.decide(
                    caller.with {
                        $0.clientID = "cli"; $0.mode = "cli"
                    }.from(place)), .lineageCredential)
            #expect(world.decide(caller.from(place)).refusal?.error.details["code"] == "AUTH_LINEAGE_CREDENTIAL")
        }
        world.pair(stranger)
        expectRefused(world.decide(.cli(stranger).with(token: "run-1").from(place)), .lineageCredential)
    }

    @Test("a run token is never shared auth: without a device it is a wrong token", arguments: places)
    func runTokenWithoutDevice(_ place: TransportFacts) throws {
        var world = try World()
        _ = try world.spawn(runToken: "run-1")
        expectRefused(world.decide(.cli().with(token: "run-1").from(place)), .tokenMismatch)
        expectRefused(world.decide(.backend().with(token: "run-1").from(place)), .tokenMismatchOfOthers)
        expectRefused(world.decide(.cli().with(deviceToken: "run-1").from(place)), .deviceIdentityRequired)
    }

    @Test("no exemption takes a run token for a secret", arguments: places)
    func runTokenAndExemptions(_ place: TransportFacts) throws {
        var world = try World()
        _ = try world.spawn(runToken: "run-1")
        world.policy.loopbackExempt = true
        world.policy.enforcePairing = false
        world.policy.requireForExternal = false
        expectRefused(world.decide(.cli(try World.stranger()).with(token: "run-1").from(place)), .lineageCredential)
    }

    // MARK: Scopes

    @Test(
        "scopes are what is asked and granted, by the lattice",
        arguments: [
            (["operator.read", "operator.write"], ["operator.read", "operator.write"]),
            (["operator.read"], ["operator.read"]),
            ([], []), (["operator.admin"], ["operator.read", "operator.write"]),
            (["operator.approvals", "operator.read"], ["operator.read"]), (["operator.pairing"], []), (["canvas"], []),
            (["operator.write", "operator.admin", "operator.read"], ["operator.write", "operator.read"]),
            (
                [
                    "operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing",
                    "operator.talk.secrets",
                ], ["operator.read", "operator.write"]
            ),
        ] as [([String], [String])])
    func clamping(_ asked: [String], _ granted: [String]) throws {
        var world = try World()
        let child = try world.spawn()
        expectAdmitted(
            world.decide(.cli(child).with(scopes: asked).from(.remote)), scopes: granted, method: .token)
        let reader = try world.spawn("reader", scopes: ScopeSet(.read))
        let decision = world.decide(.cli(reader).with(scopes: asked).from(.remote))
        #expect(decision.admitted.map { ScopeSet(.read).covers($0.scopes) } == true)
    }

    // MARK: Liveness

    @Test("a child is refused after its parent was revoked", arguments: places)
    func revokedParent(_ place: TransportFacts) throws {
        var world = try World()
        let child = try world.spawn("c1")
        let grandchild = try world.spawn("c2", below: child, depth: 2, runToken: "run-2")
        _ = world.state.lineage.revoke(deviceID: child.deviceID, nowMs: World.nowMs)
        expectRefused(world.decide(.cli(child).from(place)), .lineage(.runRevoked))
        expectRefused(world.decide(.cli(grandchild).from(place)), .lineage(.issuerRevoked))
        expectRefused(
            world.decide(.cli(grandchild).with(token: "run-2").from(place)), .lineage(.issuerRevoked))
    }

    @Test("a child is refused after its parent ended or expired, or its asker was removed")
    func otherDeaths() throws {
        var world = try World()
        let phone = try World.stranger()
        world.pair(phone)
        let child = try world.spawn("c1", expiresAtMs: World.nowMs + 1000)
        let grandchild = try world.spawn("c2", below: child, depth: 2)
        let asked = try world.spawn("c3", asker: phone.deviceID)
        let below = try world.spawn("c4", below: asked, depth: 2)
        expectAdmitted(world.decide(.cli(below).from(.remote)), scopes: Self.asked, method: .token)
        _ = world.state.pairing.remove(deviceID: phone.deviceID)
        expectRefused(world.decide(.cli(asked).from(.remote)), .lineage(.issuerRevoked))
        expectRefused(world.decide(.cli(below).from(.remote)), .lineage(.issuerRevoked))
        var later = world
        later.nowMs += 61_000
        expectAdmitted(later.decide(.cli(grandchild).from(.remote)), scopes: Self.asked, method: .token)
        later.nowMs += 1
        expectRefused(later.decide(.cli(child).from(.remote)), .lineage(.expired))
        expectRefused(later.decide(.cli(grandchild).from(.remote)), .lineage(.expired))
        _ = world.state.lineage.end(runID: "c1", nowMs: World.nowMs)
        expectRefused(world.decide(.cli(grandchild).from(.remote)), .lineage(.issuerEnded))
    }

    @Test("for 30 s after its run has ended a child may connect to report, and for nothing else")
    func reporting() throws {
        var world = try World()
        let child = try world.spawn("c1", runToken: "run-1")
        _ = world.state.lineage.end(runID: "c1", nowMs: World.nowMs)
        for (later, isAdmitted) in [(0, true), (29_999, true), (30_000, false)] as [(Int64, Bool)] {
            world.nowMs = World.nowMs + later
            for token in [World.token, "run-1"] {
                let decision = world.decide(.cli(child).with(token: token).from(.remote))
                if isAdmitted {
                    #expect(decision.admitted?.isReportingOnly == true)
                } else {
                    expectRefused(decision, .lineage(.runEnded))
                }
            }
        }
        world.nowMs = World.nowMs + 1
        _ = world.state.lineage.revoke(deviceID: child.deviceID, nowMs: world.nowMs)
        expectRefused(world.decide(.cli(child).from(.remote)), .lineage(.runRevoked), "no grace after a revocation")
    }

    @Test("the credential is judged before the lineage: without a token nobody learns of a run")
    func credentialFirst() throws {
        var world = try World()
        let child = try world.spawn()
        _ = world.state.lineage.revoke(deviceID: child.deviceID, nowMs: World.nowMs)
        expectRefused(world.decide(.cli(child).with(token: "wrong").from(.remote)), .tokenMismatch)
    }
}
