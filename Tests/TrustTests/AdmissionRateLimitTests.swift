import Crypto
import JSON
import Testing
import Trust
import Wire

@Suite("Who is judged during a lockout")
struct AdmissionRateLimitTests {
    static let address = TransportFacts.remote.clientAddress ?? ""

    /// A gateway that has locked out the address of `TransportFacts.remote`.
    private func lockedWorld() throws -> World {
        var world = try World()
        for word in 0..<10 {
            _ = world.state.limiter.failed(
                Self.address, digests: [SHA256.digest([UInt8(word)])], nowMs: world.nowMs - 1_000)
        }
        return world
    }

    @Test(
        "a stranger is refused unexamined, with a right token as with a wrong one",
        arguments: [World.token, "wrong", nil])
    func stranger(_ token: String?) throws {
        let world = try lockedWorld()
        for caller in [
            Caller.cli(), Caller.cli(try World.stranger()), Caller.controlUI(try World.stranger()).ownPage(),
        ] {
            let decision = world.decide(caller.with(token: token).from(.remote))
            let error = decision.refusal?.error
            // A page of another origin is refused for that first.
            guard error?.details["code"] != "CONTROL_UI_ORIGIN_NOT_ALLOWED" else { continue }
            #expect(error?.details["code"] == "AUTH_RATE_LIMITED")
            #expect(error?.details["recommendedNextStep"] == "wait_then_retry")
            #expect(error?.retryable == true && error?.retryAfterMs == 299_000)
            #expect(
                decision.refusal?.close.reason == "unauthorized: too many failed authentication attempts (retry later)")
            #expect(decision.wrongCredentials.isEmpty && decision.changes.isEmpty)
            #expect(!decision.trace.contains { $0.rule == .sharedAuth }, "no credential is looked at")
        }
    }

    @Test("a paired device, a live child and a child with a valid grant are judged as ever")
    func known() throws {
        var world = try lockedWorld()
        let paired = try World.stranger(7)
        world.pair(paired)
        let child = try world.spawn()
        for caller in [Caller.cli(paired).with(token: "the-device-token"), Caller.sdk(child)] {
            #expect(world.decide(caller.from(.remote)).admitted != nil)
        }
        let wrong = world.decide(Caller.cli(paired).with(token: "wrong").from(.remote))
        #expect(wrong.refusal?.error.details["code"] == "AUTH_TOKEN_MISMATCH")
        #expect(wrong.wrongCredentials == [SHA256.digest(Array("wrong".utf8))])
    }

    @Test("an ended child, and one whose key somebody else claims, are strangers")
    func dead() throws {
        var world = try lockedWorld()
        let child = try world.spawn()
        _ = world.state.lineage.revoke(deviceID: child.deviceID, nowMs: world.nowMs)
        #expect(
            world.decide(Caller.sdk(child).from(.remote)).refusal?.error.details["code"] == "AUTH_RATE_LIMITED")
        var impostor = Caller.sdk(try world.spawn("c2")).from(.remote)
        impostor.proofFailure = .signatureInvalid
        #expect(world.decide(impostor).refusal?.error.details["code"] == "AUTH_RATE_LIMITED")
    }

    @Test("a known device that guesses locks out itself, and a wrong secret counts beside a right device token")
    func knownGuesser() throws {
        var world = try World()
        let device = try World.stranger(7)
        world.pair(device)
        for number in 0..<10 {
            let caller = Caller.cli(device).from(.remote).with {
                $0.auth = ConnectParams.Credentials(token: "guess \(number)", deviceToken: "the-device-token")
            }
            let decision = world.decide(caller)
            #expect(decision.admitted != nil && decision.wrongCredentials.count == 1)
            let client = try #require(decision.limiterClient)
            #expect(client == "device:\(device.deviceID)")
            _ = world.state.limiter.failed(client, digests: decision.wrongCredentials, nowMs: world.nowMs)
        }
        let locked = world.decide(Caller.cli(device).from(.remote))
        #expect(locked.refusal?.error.details["code"] == "AUTH_RATE_LIMITED")
        #expect(
            world.decide(Caller.sdk(try World.stranger()).from(.remote)).refusal?.error.details["code"]
                == "PAIRING_REQUIRED")
    }

    @Test("a device whose token was revoked is a stranger, and a user whom Tailscale knows is none")
    func revokedAndTailscale() throws {
        var world = try lockedWorld()
        let revoked = try World.stranger(8)
        world.pair(revoked, token: nil)
        #expect(world.decide(Caller.cli(revoked).from(.remote)).refusal?.error.details["code"] == "AUTH_RATE_LIMITED")
        world.policy.identity.allowTailscale = true
        for number in 0..<10 {
            _ = world.state.limiter.failed(
                "unattributed via 127.0.0.1", digests: [SHA256.digest([UInt8(number)])], nowMs: world.nowMs)
        }
        let facts = TransportFacts(
            isDirectLocal: false, hasForwardingHeaders: true, peerIsLoopback: true,
            headers: AdmissionIdentityTests.serve, tailscale: .login("ana@example.com"), peer: "127.0.0.1",
            clientAddress: "127.0.0.1", origin: "https://gw.tail.ts.net", host: "gw.tail.ts.net")
        let page = Caller.controlUI(try World.stranger()).from(facts)
        #expect(world.decide(page.with(token: nil)).admitted?.method == .tailscale)
        #expect(world.decide(page).refusal?.error.details["code"] == "AUTH_RATE_LIMITED")
    }

    @Test("only wrong credentials are guesses: not missing, not misplaced, not narrow ones")
    func guesses() throws {
        var world = try World()
        let device = try World.stranger()
        world.pair(device, scopes: ScopeSet(.read))
        let child = try world.spawn(runToken: "run-token")
        _ = child
        let cases: [(Caller, Int)] = [
            (.cli().with(token: nil), 0), (.cli().with(token: ""), 0), (.cli().with(token: "wrong"), 1),
            (.cli(device).with(deviceToken: "wrong"), 1), (.cli(device).with(token: "run-token"), 0),
            (.cli(device).with(deviceToken: "the-device-token").with(scopes: ["operator.admin"]), 0),
            (
                .cli(device).with { $0.auth = .init(token: "a", deviceToken: "c", bootstrapToken: "d", password: "b") },
                4
            ),
            (.cli(device).with { $0.auth = .init(bootstrapToken: "wrong") }, 1),
        ]
        for (caller, count) in cases {
            let decision = world.decide(caller.from(.remote))
            #expect(decision.admitted == nil && decision.wrongCredentials.count == count, "\(caller.auth)")
        }
    }
}
