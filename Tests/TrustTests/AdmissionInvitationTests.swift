import Crypto
import JSON
import Testing
import Trust
import Wire

@Suite("Setup codes and enrolment tokens, wire protocol 4.3 and 4.4")
struct AdmissionInvitationTests {
    static let token = "invitation-token"

    private func invite(
        _ world: inout World, _ kind: Invitation.Kind = .enrolment, roles: [String] = ["operator"],
        scopes: ScopeSet = ScopeSet(.write), uses: Int = 1, lifeMs: Int64 = 60_000
    ) {
        world.state.invitations.put(
            Invitation(
                id: "i1", digest: World.digest(Self.token), kind: kind, roles: roles, scopes: scopes, usesLeft: uses,
                createdAtMs: world.nowMs, expiresAtMs: world.nowMs + lifeMs))
    }

    private func guest(_ number: UInt8 = 1, scopes: [String] = ["operator.write"]) throws -> Caller {
        Caller.sdk(try World.stranger(number)).with(scopes: scopes).from(.remote).with {
            $0.auth = ConnectParams.Credentials(bootstrapToken: Self.token)
        }
    }

    /// Takes up what a decision changed, as the gateway does.
    private func settle(_ world: inout World, _ decision: Decision) {
        for change in decision.changes {
            switch change {
            case .redeem(let digest, let pending, let roles, let via):
                let device = world.state.pairing.approve(pending, roles: roles, via: via, nowMs: world.nowMs)
                _ = world.state.invitations.redeem(digest, by: device.deviceID)
            case .issueToken(let id, let role, let scopes, let token, _):
                let record = DeviceToken(
                    role: role.rawValue, digest: World.digest(token ?? "other"), scopes: scopes,
                    createdAtMs: world.nowMs)
                _ = world.state.pairing.setToken(record, deviceID: id)
            default: break
            }
        }
    }

    @Test("an unattended device pairs itself from anywhere, and comes back with the token it was given")
    func enrols() throws {
        var world = try World()
        invite(&world)
        let guest = try guest()
        let decision = world.decide(guest)
        #expect(decision.admitted?.method == .bootstrapToken)
        #expect(decision.admitted?.scopes.names == ["operator.write"])
        #expect(decision.admitted?.dependsOnSharedSecret == false)
        #expect(decision.changes.map(ChangeKind.init) == [.redeem, .issueToken])
        settle(&world, decision)
        #expect(world.state.pairing.devices[guest.device?.deviceID ?? ""]?.approvedVia == "enrolment")
        #expect(world.decide(guest.with(deviceToken: World.freshToken)).admitted?.method == .deviceToken)
    }

    @Test("asking for more than the token gives is cut to what it gives; stock clients ask for admin by default")
    func clamps() throws {
        var world = try World()
        invite(&world, scopes: ScopeSet(.write))
        let decision = world.decide(try guest(scopes: ["operator.admin", "operator.read", "operator.pairing"]))
        #expect(Set(decision.admitted?.scopes.names ?? []) == ["operator.read", "operator.write"])
        settle(&world, decision)
        let record = world.state.pairing.devices.values.first
        #expect(record?.approvedScopes.covers(.admin) == false && record?.approvedScopes.covers(.pairing) == false)
    }

    @Test("so many devices and no more; one that was let in may come again, should the answer have been lost")
    func uses() throws {
        var world = try World()
        invite(&world, uses: 2)
        for number: UInt8 in [1, 2, 1] {
            let decision = world.decide(try guest(number))
            #expect(decision.admitted != nil, "device \(number)")
            #expect(decision.changes.contains { ChangeKind($0) == .issueToken }, "it has a token again")
            settle(&world, decision)
        }
        let third = world.decide(try guest(3))
        #expect(third.refusal?.error.details["code"] == "AUTH_BOOTSTRAP_TOKEN_INVALID")
        #expect(third.wrongCredentials.count == 1)
    }

    @Test("its time ends to the millisecond", arguments: [(59_999, true), (60_000, false)] as [(Int64, Bool)])
    func expires(_ laterMs: Int64, _ isGood: Bool) throws {
        var world = try World()
        invite(&world)
        world.nowMs += laterMs
        #expect((world.decide(try guest()).admitted != nil) == isGood)
    }

    @Test("it is for its role only")
    func role() throws {
        var world = try World()
        invite(&world, roles: ["node"], scopes: .none)
        #expect(world.decide(try guest()).refusal?.error.details["code"] == "AUTH_BOOTSTRAP_TOKEN_INVALID")
        let node = Caller.node(try World.stranger()).from(.remote).with {
            $0.auth = ConnectParams.Credentials(bootstrapToken: Self.token)
        }
        #expect(world.decide(node).admitted?.role == .node)
    }

    @Test("without a device it is nothing")
    func deviceless() throws {
        var world = try World()
        invite(&world)
        let decision = world.decide(try guest().with { $0.device = nil })
        #expect(decision.refusal?.error.details["code"] == "DEVICE_IDENTITY_REQUIRED")
    }

    @Test("a wrong one does not spoil a right shared secret; a right one comes first")
    func besideSharedSecret() throws {
        var world = try World()
        invite(&world)
        let both = try guest().with {
            $0.auth = ConnectParams.Credentials(token: World.token, bootstrapToken: Self.token)
        }
        #expect(world.decide(both).admitted?.method == .bootstrapToken)
        let wrong = both.with { $0.auth = ConnectParams.Credentials(token: World.token, bootstrapToken: "wrong") }
        // The stranger is a stranger with the secret: it has to be approved.
        #expect(world.decide(wrong).refusal?.error.details["code"] == "PAIRING_REQUIRED")
    }

    @Test("a mobile setup code: a scopeless node gets its own token and one for its operator")
    func setupCode() throws {
        var world = try World()
        invite(&world, .setupCode, roles: Invitation.mobileRoles, scopes: Invitation.mobileScopes)
        let phone = Caller.node(try World.stranger()).from(.remote).with {
            $0.auth = ConnectParams.Credentials(bootstrapToken: Self.token)
        }
        let decision = world.decide(phone)
        #expect(decision.admitted?.role == .node && decision.admitted?.scopes.isEmpty == true)
        let issued = decision.changes.compactMap { change -> (Role, [String])? in
            if case .issueToken(_, let role, let scopes, _, _) = change { (role, scopes.names) } else { nil }
        }
        #expect(issued.map(\.0) == [.node, .operator])
        #expect(issued.map(\.1) == [[], Invitation.mobileScopes.names])
        settle(&world, decision)
        #expect(world.state.pairing.devices.values.first?.roles == ["node", "operator"])
        #expect(world.state.pairing.devices.values.first?.approvedVia == "bootstrap")
        // Another phone with the same code is refused.
        let other = phone.with { $0.device = try? World.stranger(2) }
        #expect(world.decide(other).refusal?.error.details["code"] == "AUTH_BOOTSTRAP_TOKEN_INVALID")
    }

    @Test("it opens what it says and nothing else: no exemption, no old approval, no other platform")
    func nothingElse() throws {
        var world = try World()
        invite(&world, scopes: ScopeSet(.read), uses: 9)
        let backend = Caller.backend(try World.stranger(2)).with(scopes: ["operator.admin"]).with {
            $0.auth = ConnectParams.Credentials(bootstrapToken: Self.token)
        }
        #expect(world.decide(backend).admitted?.scopes.covers(.write) == false)
        world.policy.enforcePairing = false
        world.policy.requireForExternal = false
        #expect(world.decide(try guest(3, scopes: ["operator.admin"])).admitted?.scopes.covers(.write) == false)
        // A device that was approved for more, and whose token was narrowed since.
        let known = try World.stranger(4)
        world.pair(known, scopes: ScopeSet(.admin))
        let narrowed = world.decide(try guest(4, scopes: ["operator.admin"]))
        #expect(narrowed.admitted?.scopes.covers(.write) == false)
        for case .issueToken(_, _, let scopes, _, _) in narrowed.changes { #expect(!scopes.covers(.write)) }
        settle(&world, narrowed)
        let again = world.decide(try guest(4, scopes: ["operator.admin"]))
        #expect(again.admitted?.scopes.covers(.write) == false, "nor when it comes again")
        let moved = try World.stranger(5)
        world.pair(moved, scopes: ScopeSet(.read), platform: "darwin")
        world.policy.enforcePairing = true
        world.policy.requireForExternal = true
        #expect(
            world.decide(try guest(5, scopes: ["operator.read"])).refusal?.error.details["reason"] == "metadata-upgrade"
        )
    }

    @Test("a device that was removed or revoked does not come back by what it has used", arguments: [1, 5])
    func removed(_ uses: Int) throws {
        for isRemoved in [true, false] {
            var world = try World()
            invite(&world, uses: uses)
            let guest = try guest()
            settle(&world, world.decide(guest))
            let id = try #require(guest.device?.deviceID)
            if isRemoved {
                _ = world.state.pairing.remove(deviceID: id)
            } else {
                var token = try #require(world.state.pairing.devices[id]?.tokens["operator"])
                token.revokedAtMs = world.nowMs
                _ = world.state.pairing.setToken(token, deviceID: id)
            }
            #expect(world.decide(guest).admitted == nil, "removed: \(isRemoved)")
        }
    }

    @Test(
        "a paired device that uses a setup code gets what the code says and has used it",
        arguments: [ScopeSet(.read), ScopeSet(.admin), Invitation.mobileScopes])
    func setupCodeOfPaired(_ approved: ScopeSet) throws {
        var world = try World()
        invite(&world, .setupCode, roles: Invitation.mobileRoles, scopes: Invitation.mobileScopes)
        let device = try World.stranger()
        world.pair(device, scopes: approved)
        let guest = Caller.sdk(device).with(scopes: ["operator.write"]).from(.remote).with {
            $0.auth = ConnectParams.Credentials(bootstrapToken: Self.token)
        }
        let decision = world.decide(guest)
        #expect(Set(decision.admitted?.scopes.names ?? []) == ["operator.read", "operator.write"])
        for case .issueToken(_, let role, let scopes, _, _) in decision.changes {
            #expect(role == .node ? scopes.isEmpty : scopes == Invitation.mobileScopes)
        }
        settle(&world, decision)
        let record = try #require(world.state.pairing.devices[device.deviceID])
        #expect(Set(record.roles) == ["node", "operator"])
        #expect(approved.union(Invitation.mobileScopes).covers(record.approvedScopes), "nothing beyond both")
        #expect(world.state.invitations[World.digest(Self.token)]?.usesLeft == 0)
        // Nobody else may use it after that, and this device only in case that it has lost the answer.
        let other = guest.with { $0.device = try? World.stranger(2) }
        #expect(world.decide(other).refusal?.error.details["code"] == "AUTH_BOOTSTRAP_TOKEN_INVALID")
        #expect(world.decide(guest).changes.map(ChangeKind.init) == [.issueToken])
    }

    @Test("a setup code is not for more than it says")
    func setupCodeBeyond() throws {
        var world = try World()
        invite(&world, .setupCode, roles: Invitation.mobileRoles, scopes: Invitation.mobileScopes)
        let decision = world.decide(try guest(scopes: ["operator.admin"]))
        #expect(decision.refusal?.error.details["code"] == "AUTH_BOOTSTRAP_TOKEN_INVALID")
    }
}

@Suite("Device tokens, wire protocol 4.3 and 4.4")
struct DeviceTokenTests {
    private func decide(_ change: (inout DeviceToken, inout World) -> Void, scopes: [String] = ["operator.read"]) throws
        -> Decision
    {
        var world = try World()
        let device = try World.stranger()
        world.pair(device)
        var token = try #require(world.state.pairing.devices[device.deviceID]?.tokens["operator"])
        change(&token, &world)
        _ = world.state.pairing.setToken(token, deviceID: device.deviceID)
        return world.decide(Caller.cli(device).with(deviceToken: "the-device-token").with(scopes: scopes).from(.remote))
    }

    @Test("a revoked or rotated token, and one of another secret, is refused with its reason in the walk")
    func refused() throws {
        let cases: [(String, (inout DeviceToken, inout World) -> Void)] = [
            ("token-revoked", { token, _ in token.revokedAtMs = 1 }),
            ("token-mismatch", { token, _ in token.digest = World.digest("another") }),
            ("token-missing", { token, _ in token.digest = DeviceToken.unissued }),
            (
                "issuer-generation-stale",
                { token, world in
                    token.issuerGeneration = 1
                    world.policy.secretGeneration = 2
                }
            ),
        ]
        for (reason, change) in cases {
            let decision = try decide(change)
            #expect(decision.refusal?.error.details["code"] == "AUTH_DEVICE_TOKEN_MISMATCH", "\(reason)")
            #expect(decision.trace.last?.fact.contains(reason) == true, "\(String(describing: decision.trace.last))")
        }
        let same = try decide { token, world in
            token.issuerGeneration = 2
            world.policy.secretGeneration = 2
        }
        #expect(same.admitted?.method == .deviceToken)
        let narrow = try decide({ _, _ in }, scopes: ["operator.pairing"])
        #expect(narrow.refusal?.error.details["code"] == "AUTH_SCOPE_MISMATCH")
    }

    @Test("what quotes a client is cut, in the walk and in the log")
    func longFacts() throws {
        let world = try World()
        let page = Caller.controlUI().from(.local).with {
            $0.facts.origin = "https://" + String(repeating: "o", count: 9_000)
        }
        let decision = world.decide(page)
        #expect(decision.admitted == nil && decision.trace.allSatisfy { $0.fact.utf8.count < 300 })
        #expect(decision.trace.last?.fact.hasPrefix("https://ooo") == true && decision.summary.utf8.count < 2_000)
    }

    @Test("a page that pairs itself gets a token that it can use")
    func invitedBrowser() throws {
        var world = try World()
        world.policy.secretGeneration = 7
        world.state.invitations.put(
            Invitation(
                id: "i", digest: World.digest("invited"), kind: .enrolment, roles: ["operator"],
                scopes: ScopeSet(.read),
                usesLeft: 1, createdAtMs: world.nowMs, expiresAtMs: world.nowMs + 1))
        let page = Caller.controlUI(try World.stranger()).with {
            $0.facts.origin = "http://127.0.0.1:18789"
            $0.auth = ConnectParams.Credentials(bootstrapToken: "invited")
        }
        let generations = world.decide(page).changes.compactMap { change -> Int64? in
            if case .issueToken(_, _, _, _, let generation) = change { generation } else { nil }
        }
        #expect(generations == [7])
    }

    @Test("a page's token lives as long as the secret, and one from before that is refused")
    func browsers() throws {
        var world = try World()
        world.policy.secretGeneration = 7
        let page = Caller.controlUI(try World.stranger()).with { $0.facts.origin = "http://127.0.0.1:18789" }
        let first = world.decide(page)
        let generations = first.changes.compactMap { change -> Int64? in
            if case .issueToken(_, _, _, _, let generation) = change { generation } else { nil }
        }
        #expect(generations == [7])
        let native = world.decide(Caller.cli(try World.stranger(2)))
        #expect(
            !native.changes.contains { change in
                if case .issueToken(_, _, _, _, .some) = change { true } else { false }
            })
    }
}
