import JSON
import Testing
import Trust
import Wire

@Suite("Pending requests, tokens and the metadata pin, wire protocol 3.6, 4.4, 4.8 and 7.4")
struct AdmissionPairingTests {
    static let asked = ["operator.read", "operator.write"]

    /// Connects and keeps what the refusal leaves behind, as the gateway does.
    func knock(_ world: inout World, _ caller: Caller, freshID: String) -> (id: String, request: PendingPairing?) {
        world.freshRequestID = freshID
        let decision = world.decide(caller)
        let pending = decision.pendingRequest
        if let pending { _ = world.state.pairing.put(pending, nowMs: world.nowMs) }
        return (decision.refusal?.error.details["requestId"]?.string ?? "none", pending)
    }

    // MARK: Merging

    @Test("the same request keeps its id, a changed one gets a new id and the union of scopes")
    func merging() throws {
        var world = try World()
        let caller = Caller.cli(try World.stranger()).with(scopes: ["operator.read"]).from(.remote)
        let first = knock(&world, caller, freshID: "r1")
        #expect(first.id == "r1")
        world.nowMs += 1000
        let again = knock(&world, caller, freshID: "r2")
        #expect(again.id == "r1" && again.request?.createdAtMs == World.nowMs)
        let wider = knock(&world, caller.with(scopes: ["operator.write"]), freshID: "r3")
        #expect(wider.id == "r3" && wider.request?.createdAtMs == world.nowMs)
        #expect(Set(wider.request?.scopes.names ?? []) == ["operator.read", "operator.write"])
        #expect(world.state.pairing.pending(nowMs: world.nowMs).map(\.requestID) == ["r3"])
        // The refusal shows what this connection asked for; the request holds what it would get.
        let details = world.decide(caller.with(scopes: ["operator.write"])).refusal?.error.details
        #expect(details?["requestedScopes"] == ["operator.write"])
    }

    @Test("a request keeps its id for five minutes, to the millisecond")
    func life() throws {
        for (later, expected) in [(299_999, "r1"), (300_000, "r2"), (300_001, "r2")] as [(Int64, String)] {
            var world = try World()
            let caller = Caller.cli(try World.stranger()).from(.remote)
            _ = knock(&world, caller, freshID: "r1")
            world.nowMs += later
            #expect(knock(&world, caller, freshID: "r2").id == expected, "after \(later) ms")
        }
    }

    @Test("each device has its own request, and 256 of them at most wait")
    func bound() throws {
        var world = try World()
        var ids: Set<String> = []
        for number in 0..<300 {
            var seed = [UInt8](repeating: 0, count: 32)
            (seed[0], seed[1]) = (UInt8(number & 0xFF), UInt8(number >> 8))
            let device = try SigningIdentity(seed: seed)
            ids.insert(knock(&world, .cli(device).from(.remote), freshID: "r\(number)").id)
            world.nowMs += 1
        }
        #expect(ids.count == 300, "everybody is told a request id")
        let waiting = world.state.pairing.pending(nowMs: world.nowMs).map(\.requestID)
        #expect(waiting == (44..<300).map { "r\($0)" })
    }

    @Test("the request and the refusal tell the owner who asks for what")
    func contents() throws {
        var world = try World()
        let device = try World.stranger()
        let caller = Caller.app(device).from(.remote).with {
            $0.platform = "macOS"
            $0.deviceFamily = "Mac"
        }
        let pending = try #require(world.decide(caller).pendingRequest)
        #expect(pending.deviceID == device.deviceID && pending.role == "operator" && !pending.isRepair)
        #expect(
            pending.scopes.names == Self.asked && pending.clientID == "openclaw-macos" && pending.clientMode == "ui")
        #expect(pending.platform == "macOS" && pending.deviceFamily == "Mac" && pending.remoteIP == "172.18.0.3")
        #expect(DeviceIdentity.id(ofPublicKey: pending.publicKey) == device.deviceID)
        let fresh = try #require(world.decide(caller).refusal?.error.details)
        #expect(
            fresh["requestedRole"] == "operator" && fresh["requestedScopes"] == ["operator.read", "operator.write"])
        #expect(fresh["deviceId"]?.string == device.deviceID)
        #expect(fresh["approvedRoles"] == nil && fresh["approvedScopes"] == nil)
        world.pair(device, scopes: ScopeSet(.read))
        let upgrade = world.decide(caller)
        #expect(upgrade.pendingRequest?.isRepair == true)
        #expect(upgrade.refusal?.error.details["approvedRoles"] == ["operator"])
        #expect(upgrade.refusal?.error.details["approvedScopes"] == ["operator.read"])
    }

    // MARK: Silent approval and tokens

    @Test("silent approval approves the device with what it asked for, and issues the fresh token")
    func silentApproval() throws {
        let world = try World()
        let device = try World.stranger()
        let changes = world.decide(.cli(device)).changes
        guard case .approveSilently(let request)? = changes.first, changes.count == 2 else {
            Issue.record("\(changes)")
            return
        }
        #expect(request.deviceID == device.deviceID && request.scopes.names == Self.asked && request.role == "operator")
        #expect(
            changes[1]
                == .issueToken(
                    deviceID: device.deviceID, role: .operator, scopes: ScopeSet(.read, .write), token: World.freshToken
                ))
    }

    @Test("the issued token is accepted later, alone in auth.token and in auth.deviceToken")
    func issuedToken() throws {
        var world = try World()
        let device = try World.stranger()
        for change in world.decide(.cli(device)).changes {
            switch change {
            case .approveSilently(let request):
                _ = world.state.pairing.approve(request, via: "silent", nowMs: world.nowMs)
            case .issueToken(let id, let role, let scopes, let token?, nil):
                _ = world.state.pairing.setToken(
                    DeviceToken(
                        role: role.rawValue, digest: World.digest(token), scopes: scopes, createdAtMs: world.nowMs),
                    deviceID: id)
            default: Issue.record("\(change)")
            }
        }
        for place in [TransportFacts.local, .remote] {
            expectAdmitted(
                world.decide(.cli(device).with(token: World.freshToken).from(place)), scopes: Self.asked,
                method: .deviceToken)
            expectAdmitted(
                world.decide(.cli(device).with(deviceToken: World.freshToken).from(place)), scopes: Self.asked,
                method: .deviceToken)
            expectAdmitted(world.decide(.cli(device).from(place)), scopes: Self.asked, method: .token)
        }
    }

    @Test("a silent scope upgrade keeps what was approved before in the new token")
    func upgradeKeepsScopes() throws {
        var world = try World()
        let device = try World.stranger()
        world.pair(device, scopes: ScopeSet(.approvals))
        let changes = world.decide(.cli(device)).changes
        guard case .issueToken(_, _, let scopes, _, _)? = changes.last else {
            Issue.record("\(changes)")
            return
        }
        #expect(Set(scopes.names) == ["operator.approvals", "operator.read", "operator.write"])
    }

    @Test("a paired device whose token does not cover its request gets a new one, within what is approved")
    func tokenIssue() throws {
        var world = try World()
        let device = try World.stranger()
        world.pair(device)
        _ = world.state.pairing.setToken(
            DeviceToken(role: "operator", digest: World.digest("old"), scopes: ScopeSet(.read), createdAtMs: 0),
            deviceID: device.deviceID)
        let decision = world.decide(.cli(device).from(.remote))
        #expect(
            decision.changes == [
                .issueToken(
                    deviceID: device.deviceID, role: .operator, scopes: ScopeSet(.read, .write), token: World.freshToken
                )
            ])
        #expect(world.decide(.cli(device).with(scopes: ["operator.read"]).from(.remote)).changes.isEmpty)
    }

    @Test("approved by the owner, a device gets its token when it connects next")
    func unissuedToken() throws {
        var world = try World()
        let device = try World.stranger()
        world.pair(device)
        _ = world.state.pairing.setToken(
            DeviceToken(
                role: "operator", digest: DeviceToken.unissued, scopes: ScopeSet(.read, .write), createdAtMs: 0),
            deviceID: device.deviceID)
        expectAdmitted(
            world.decide(.cli(device).from(.remote)), scopes: Self.asked, method: .token, changes: [.issueToken])
    }

    // MARK: Metadata pin

    struct Pin: Sendable, CustomTestStringConvertible {
        var clientID = "cli"
        var mode = "cli"
        var pinned: (platform: String?, family: String?)
        var claimed: (platform: String, family: String?)
        var holds: Bool
        var testDescription: String {
            "\(clientID)/\(mode) pinned \(pinned) claims \(claimed): \(holds ? "holds" : "metadata-upgrade")"
        }

        init(
            _ clientID: String = "cli", _ mode: String = "cli", pinned: (String?, String?), claimed: (String, String?),
            _ holds: Bool
        ) {
            self.clientID = clientID
            self.mode = mode
            self.pinned = pinned
            self.claimed = claimed
            self.holds = holds
        }
    }

    static let pins: [Pin] = [
        Pin(pinned: ("linux", nil), claimed: ("linux", nil), true),
        Pin(pinned: ("Linux ", "Desktop"), claimed: (" LINUX", "desktop "), true),
        Pin(pinned: ("linux", nil), claimed: ("darwin", nil), false),
        Pin(pinned: (nil, nil), claimed: ("anything", "whatever"), true),
        Pin(pinned: (nil, "Mac"), claimed: ("linux", nil), false),
        Pin(pinned: (nil, "Mac"), claimed: ("linux", "Mac"), true),
        Pin(pinned: ("linux", "Mac"), claimed: ("linux", "PC"), false),
        Pin(pinned: ("linux", nil), claimed: ("linux", "PC"), true),
        Pin(pinned: ("linux", nil), claimed: (" ", nil), false),
        Pin(pinned: ("É", nil), claimed: ("é", nil), false),
        // Aliases of the node host, for the platform only.
        Pin("node-host", "node", pinned: ("darwin", nil), claimed: ("macos", nil), true),
        Pin("node-host", "node", pinned: ("macos", nil), claimed: ("darwin", nil), true),
        Pin("node-host", "node", pinned: ("win32", nil), claimed: ("Windows", nil), true),
        Pin("node-host", "node", pinned: ("windows", nil), claimed: ("win32", nil), true),
        Pin("node-host", "node", pinned: ("darwin", nil), claimed: ("windows", nil), false),
        Pin("node-host", "node", pinned: ("linux", "darwin"), claimed: ("linux", "macos"), false),
        Pin("node-host", "ui", pinned: ("darwin", nil), claimed: ("macos", nil), false),
        Pin("cli", "node", pinned: ("darwin", nil), claimed: ("macos", nil), false),
        // Phones are updated.
        Pin("openclaw-ios", "ui", pinned: ("ios 17.1", nil), claimed: ("iOS 18.0", nil), true),
        Pin("openclaw-ios", "ui", pinned: ("ios", nil), claimed: ("iPadOS 18", nil), true),
        Pin("openclaw-ios", "node", pinned: ("ios", nil), claimed: ("ios-18", nil), true),
        Pin("openclaw-ios", "ui", pinned: ("ios", nil), claimed: ("iosphere", nil), false),
        Pin("openclaw-ios", "ui", pinned: ("ios", nil), claimed: ("macos", nil), false),
        Pin("openclaw-ios", "ui", pinned: ("ios", "iPhone"), claimed: ("ios 18", "iPad"), false),
        Pin("openclaw-android", "ui", pinned: ("android 14", nil), claimed: ("Android 15", nil), true),
        Pin("openclaw-android", "node", pinned: ("android", nil), claimed: ("android15", nil), true),
        Pin("openclaw-android", "ui", pinned: ("android", nil), claimed: ("ios", nil), false),
        Pin("openclaw-macos", "ui", pinned: ("macos 14", nil), claimed: ("macos 15", nil), false),
    ]

    @Test("platform and family are pinned, but for the documented exceptions", arguments: pins)
    func pin(_ pin: Pin) throws {
        var world = try World()
        let device = try World.stranger()
        world.pair(device, platform: pin.pinned.platform, deviceFamily: pin.pinned.family)
        let caller = Caller(pin.clientID, pin.mode, device: device).from(.remote).with {
            $0.platform = pin.claimed.platform
            $0.deviceFamily = pin.claimed.family
        }
        for caller in [caller, caller.with(deviceToken: "the-device-token")] {
            let decision = world.decide(caller)
            if pin.holds {
                #expect(decision.admitted != nil && decision.changes.isEmpty)
            } else {
                expectRefused(decision, .pairing("metadata-upgrade"))
            }
        }
    }
}
