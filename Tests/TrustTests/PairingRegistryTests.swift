import Testing
import Trust
import Wire

@Suite("Pairing records, wire protocol 7.4 and 7.5")
struct PairingRegistryTests {
    static let now: Int64 = 1_800_000_000_000

    static func request(
        _ id: String, device: String = "d", role: String = "operator", scopes: [String] = ["operator.read"],
        at time: Int64 = now, platform: String = "linux"
    ) -> PendingPairing {
        PendingPairing(
            requestID: id, deviceID: device, publicKey: [UInt8](device.utf8), displayName: "box", platform: platform,
            deviceFamily: nil, clientID: "cli", clientMode: "cli", role: role, scopes: ScopeSet(scopes),
            remoteIP: "10.0.0.9", isRepair: false, createdAtMs: time)
    }

    /// Takes a request the way a connect does: merged, then put.
    static func arrive(_ registry: inout PairingRegistry, _ request: PendingPairing) -> PendingPairing {
        let merged = registry.merged(request, nowMs: request.createdAtMs)
        _ = registry.put(merged, nowMs: request.createdAtMs)
        return merged
    }

    @Test("the same request again keeps id and time, and refreshes what describes the device")
    func same() {
        var registry = PairingRegistry()
        _ = Self.arrive(&registry, Self.request("1", scopes: ["operator.read", "operator.write"]))
        let again = Self.arrive(
            &registry,
            Self.request("2", scopes: ["operator.write", "operator.read"], at: Self.now + 1000, platform: "macos"))
        #expect(again.requestID == "1" && again.createdAtMs == Self.now && again.platform == "macos")
        #expect(registry.pending(nowMs: Self.now + 1000) == [again])
    }

    @Test("a changed request gets a new id, a new time, and the union of scopes; the old one is gone")
    func changed() {
        var registry = PairingRegistry()
        let first = Self.arrive(&registry, Self.request("1", scopes: ["operator.read"]))
        let changed = registry.merged(
            Self.request("2", scopes: ["operator.write"], at: Self.now + 5), nowMs: Self.now + 5)
        #expect(changed.requestID == "2" && changed.createdAtMs == Self.now + 5)
        #expect(Set(changed.scopes.names) == ["operator.read", "operator.write"])
        #expect(registry.put(changed, nowMs: Self.now + 5) == [first])
        #expect(registry.pending(nowMs: Self.now + 5) == [changed])
        #expect(registry.pending(requestID: "1", nowMs: Self.now + 5) == nil)
        #expect(registry.pending(requestID: "2", nowMs: Self.now + 5) == changed)
        let role = registry.merged(Self.request("3", role: "node", scopes: [], at: Self.now + 9), nowMs: Self.now + 9)
        #expect(role.requestID == "3" && role.role == "node")
        let sameScopes = registry.merged(
            Self.request("4", role: "node", scopes: changed.scopes.names, at: Self.now + 9), nowMs: Self.now + 9)
        #expect(sameScopes.requestID == "4")
    }

    @Test("a request lives five minutes, to the millisecond; after that nothing is merged")
    func life() {
        #expect(PendingPairing.lifeMs == 300_000)
        var registry = PairingRegistry()
        _ = Self.arrive(&registry, Self.request("1"))
        for later: Int64 in [0, 299_999] {
            #expect(registry.pending(requestID: "1", nowMs: Self.now + later) != nil)
            #expect(registry.merged(Self.request("2", at: Self.now + later), nowMs: Self.now + later).requestID == "1")
        }
        for later: Int64 in [300_000, 300_001] {
            #expect(registry.pending(requestID: "1", nowMs: Self.now + later) == nil)
            let fresh = registry.merged(
                Self.request("2", scopes: ["operator.write"], at: Self.now + later), nowMs: Self.now + later)
            #expect(fresh.requestID == "2" && fresh.scopes.names == ["operator.write"])
        }
    }

    @Test("retries do not prolong a request's life")
    func retriesDoNotProlong() {
        var registry = PairingRegistry()
        for minute: Int64 in 0..<5 {
            let merged = Self.arrive(&registry, Self.request("r\(minute)", at: Self.now + minute * 60_000))
            #expect(merged.requestID == "r0" && merged.createdAtMs == Self.now)
        }
        #expect(Self.arrive(&registry, Self.request("late", at: Self.now + 300_000)).requestID == "late")
    }

    @Test("at most 256 requests wait; one more pushes the oldest out, never itself")
    func bound() {
        #expect(PendingPairing.maxPending == 256)
        var registry = PairingRegistry()
        for index in 0..<256 {
            let request = Self.request("r\(index)", device: "d\(index)", at: Self.now + Int64(index))
            #expect(registry.put(request, nowMs: Self.now + 256).isEmpty)
        }
        #expect(registry.pending(nowMs: Self.now + 256).count == 256)
        let oldestOfAll = Self.request("old", device: "old", at: Self.now - 1)
        #expect(registry.put(oldestOfAll, nowMs: Self.now + 256).map(\.requestID) == ["r0"])
        let next = Self.request("new", device: "new", at: Self.now + 300)
        #expect(registry.put(next, nowMs: Self.now + 300).map(\.requestID) == ["old"])
        #expect(registry.pending(nowMs: Self.now + 300).count == 256)
        // A device that is waiting already takes no further place.
        #expect(registry.put(Self.request("again", device: "d7"), nowMs: Self.now + 300).map(\.requestID) == ["r7"])
        #expect(registry.pending(nowMs: Self.now + 300).count == 256)
    }

    @Test("expired requests make room before living ones do")
    func expiredFirst() {
        var registry = PairingRegistry()
        for index in 0..<256 { _ = registry.put(Self.request("r\(index)", device: "d\(index)"), nowMs: Self.now) }
        let later = Self.now + 300_000
        #expect(registry.put(Self.request("new", device: "new", at: later), nowMs: later).count == 256)
        #expect(registry.pending(nowMs: later).map(\.requestID) == ["new"])
    }

    @Test("pending requests are listed oldest first")
    func listing() {
        var registry = PairingRegistry()
        for (id, time) in [("c", 3), ("a", 1), ("b", 2)] as [(String, Int64)] {
            registry.restore(Self.request(id, device: id, at: Self.now + time))
        }
        #expect(registry.pending(nowMs: Self.now + 3).map(\.requestID) == ["a", "b", "c"])
    }

    @Test("approving adds roles and scopes, takes over the description and ends the request")
    func approval() {
        var registry = PairingRegistry()
        let first = Self.arrive(&registry, Self.request("1"))
        let device = registry.approve(first, via: "owner", nowMs: Self.now + 10)
        #expect(device.roles == ["operator"] && device.approvedScopes.names == ["operator.read"])
        #expect(device.approvedVia == "owner" && device.createdAtMs == Self.now + 10)
        #expect(registry.pending(nowMs: Self.now + 10).isEmpty && registry.devices["d"] == device)
        let token = DeviceToken(role: "operator", digest: [1], scopes: ScopeSet(.read), createdAtMs: Self.now)
        #expect(registry.setToken(token, deviceID: "d")?.tokens["operator"] == token)
        #expect(registry.setToken(token, deviceID: "none") == nil)
        let second = Self.arrive(
            &registry, Self.request("2", scopes: ["operator.write"], at: Self.now + 20, platform: "macos"))
        let upgraded = registry.approve(second, via: "silent", nowMs: Self.now + 30)
        #expect(upgraded.roles == ["operator"] && upgraded.platform == "macos")
        #expect(Set(upgraded.approvedScopes.names) == ["operator.read", "operator.write"])
        #expect(upgraded.createdAtMs == Self.now + 10 && upgraded.approvedAtMs == Self.now + 30)
        #expect(upgraded.tokens["operator"] == token)
        let node = registry.approve(Self.request("3", role: "node", scopes: []), via: "owner", nowMs: Self.now + 40)
        #expect(node.roles == ["operator", "node"])
    }

    @Test("a role counts when it is approved and has a token that is not revoked")
    func effectiveRoles() {
        var registry = PairingRegistry()
        _ = registry.approve(Self.request("1"), via: "owner", nowMs: Self.now)
        #expect(registry.devices["d"]?.isEffective(.operator) == false)
        var token = DeviceToken(role: "operator", digest: [1], scopes: .none, createdAtMs: Self.now)
        _ = registry.setToken(token, deviceID: "d")
        #expect(registry.devices["d"]?.isEffective(.operator) == true)
        #expect(registry.devices["d"]?.isEffective(.node) == false)
        token.role = "node"
        _ = registry.setToken(token, deviceID: "d")
        #expect(registry.devices["d"]?.isEffective(.node) == false, "a token alone does not make a role")
        token.role = "operator"
        token.revokedAtMs = Self.now
        _ = registry.setToken(token, deviceID: "d")
        #expect(registry.devices["d"]?.isEffective(.operator) == false)
    }

    @Test("a device with no effective role stands for nobody any more")
    func standing() {
        var state = TrustState(lineage: LineageRegistry(rootDeviceID: "root"), pairing: PairingRegistry())
        #expect(!state.isPaired("d"))
        _ = state.pairing.approve(Self.request("1"), via: "owner", nowMs: Self.now)
        var token = DeviceToken(role: "operator", digest: [1], scopes: .none, createdAtMs: Self.now)
        _ = state.pairing.setToken(token, deviceID: "d")
        #expect(state.isPaired("d"))
        #expect(state.issuerFacts(of: "d", nowMs: Self.now)?.state == .live)
        token.revokedAtMs = Self.now
        _ = state.pairing.setToken(token, deviceID: "d")
        #expect(!state.isPaired("d"))
        #expect(state.issuerFacts(of: "d", nowMs: Self.now)?.state == .revoked)
    }

    @Test("removing a device removes its record, its tokens and its request")
    func removal() {
        var registry = PairingRegistry()
        let device = registry.approve(Self.request("1"), via: "owner", nowMs: Self.now)
        _ = Self.arrive(&registry, Self.request("2", scopes: ["operator.admin"]))
        registry.noteSeen(deviceID: "d", usingTokenOf: nil, nowMs: Self.now + 7)
        #expect(registry.devices["d"]?.lastSeenAtMs == Self.now + 7)
        #expect(registry.remove(deviceID: "d")?.deviceID == device.deviceID)
        #expect(registry.devices.isEmpty && registry.pending(nowMs: Self.now).isEmpty)
        #expect(registry.remove(deviceID: "d") == nil && registry.removePending(deviceID: "d") == nil)
    }
}
