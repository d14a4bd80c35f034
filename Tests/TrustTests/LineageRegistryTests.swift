import Testing
import Trust
import Wire

@Suite("Lineage: registering, cascading, renewing, forgetting")
struct LineageRegistryTests {
    static let now = LineageFixture.now

    @Test("an entry is found by device, run, session and run token")
    func lookup() {
        var registry = LineageRegistry(rootDeviceID: LineageFixture.root)
        let entry = LineageFixture.entry("a", issuer: LineageFixture.root, runToken: [1, 2])
        registry.insert(entry)
        #expect(registry["a"] == entry && registry.entry(forRun: "run-a") == entry)
        #expect(registry.entry(forSession: "agent:main:subagent:a") == entry)
        #expect(registry.entry(forRunToken: [1, 2]) == entry)
        #expect(registry["b"] == nil && registry.entry(forRun: "a") == nil && registry.entry(forRunToken: []) == nil)
        #expect(Array(registry.all) == [entry])
    }

    @Test("inserting again replaces: an old run token is worth nothing")
    func replacement() {
        var registry = LineageRegistry(rootDeviceID: LineageFixture.root)
        registry.insert(LineageFixture.entry("a", issuer: LineageFixture.root, runToken: [1]))
        registry.insert(LineageFixture.entry("a", issuer: LineageFixture.root, runToken: [2]))
        #expect(registry.entry(forRunToken: [1]) == nil)
        #expect(registry.entry(forRunToken: [2])?.deviceID == "a")
        #expect(registry.all.count == 1)
    }

    @Test("issuer and spawn id are bound to the first child")
    func bindings() {
        var registry = LineageRegistry(rootDeviceID: LineageFixture.root)
        registry.insert(LineageFixture.entry("a", issuer: "p"))
        let key = "agent:main:subagent:a"
        #expect(
            registry.binding(issuer: "p", spawnID: "spawn-a")
                == GrantBinding(subject: "a", sessionKey: key, state: .live))
        #expect(registry.binding(issuer: "q", spawnID: "spawn-a") == nil)
        #expect(registry.binding(issuer: "p", spawnID: "spawn-b") == nil)
        _ = registry.end(runID: "run-a", nowMs: Self.now)
        #expect(registry.binding(issuer: "p", spawnID: "spawn-a")?.state == .ended)
        _ = registry.revoke(deviceID: "a", nowMs: Self.now)
        #expect(registry.binding(issuer: "p", spawnID: "spawn-a")?.state == .revoked)
    }

    @Test("forgetting one entry leaves what another holds under the same names")
    func sharedNames() {
        var registry = LineageRegistry(rootDeviceID: LineageFixture.root)
        let session = "agent:main:main"
        registry.insert(
            LineageFixture.entry("old", issuer: "p", state: .ended(atMs: 0), spawnID: "s", sessionKey: session))
        registry.insert(LineageFixture.entry("new", issuer: "p", spawnID: "s", sessionKey: session))
        #expect(registry.entry(forSession: session)?.deviceID == "new")
        #expect(registry.purge(nowMs: Self.now) == ["old"])
        #expect(registry.entry(forSession: session)?.deviceID == "new")
        #expect(registry.binding(issuer: "p", spawnID: "s")?.subject == "new")
    }

    // MARK: State

    @Test("ending and revoking happen once, and a revocation is final")
    func states() {
        var fixture = LineageFixture.chain()
        #expect(fixture.registry.end(runID: "run-d5", nowMs: 1)?.state == .ended(atMs: 1))
        #expect(fixture.registry.end(runID: "run-d5", nowMs: 2) == nil)
        #expect(fixture.registry["d5"]?.state == .ended(atMs: 1))
        #expect(fixture.registry.revoke(deviceID: "d5", nowMs: 3)?.state == .revoked(atMs: 3))
        #expect(fixture.registry.revoke(deviceID: "d5", nowMs: 4) == nil)
        #expect(fixture.registry.end(runID: "run-d5", nowMs: 5) == nil)
        #expect(fixture.registry["d5"]?.state == .revoked(atMs: 3))
        #expect(fixture.registry.end(runID: "none", nowMs: 1) == nil)
        #expect(fixture.registry.revoke(deviceID: "none", nowMs: 1) == nil)
    }

    @Test("a later expiry renews a live entry; nothing else does")
    func renewal() {
        var fixture = LineageFixture()
        fixture.add("a", issuer: LineageFixture.root, expiresAtMs: 1000)
        fixture.add("forever", issuer: LineageFixture.root)
        #expect(fixture.registry.renew(deviceID: "a", expiresAtMs: 1000) == nil)
        #expect(fixture.registry.renew(deviceID: "a", expiresAtMs: 999) == nil)
        #expect(fixture.registry.renew(deviceID: "a", expiresAtMs: 1001)?.expiresAtMs == 1001)
        #expect(fixture.registry["a"]?.expiresAtMs == 1001)
        #expect(fixture.registry.renew(deviceID: "forever", expiresAtMs: .max) == nil)
        #expect(fixture.registry.renew(deviceID: "none", expiresAtMs: .max) == nil)
        _ = fixture.registry.end(runID: "run-a", nowMs: 1)
        #expect(fixture.registry.renew(deviceID: "a", expiresAtMs: 2000) == nil)
        fixture.add("b", issuer: LineageFixture.root, expiresAtMs: 1000)
        _ = fixture.registry.revoke(deviceID: "b", nowMs: 1)
        #expect(fixture.registry.renew(deviceID: "b", expiresAtMs: 2000) == nil)
    }

    // MARK: Cascades

    @Test("descendants follow keys and askers, transitively, each once")
    func descendants() {
        var fixture = LineageFixture.chain()
        fixture.paired = ["phone"]
        fixture.add("x", issuer: "d0", asker: "phone")
        fixture.add("y", issuer: "x", depth: 2)
        fixture.add("z", issuer: "d0", asker: "y")
        fixture.add("both", issuer: "y", depth: 3, asker: "phone")
        func ids(_ id: String) -> [String] { fixture.registry.descendants(of: id).map(\.deviceID).sorted() }
        #expect(ids("d3") == ["d3", "d4", "d5"])
        #expect(ids("d0") == ["both", "d0", "d1", "d2", "d3", "d4", "d5", "x", "y", "z"])
        #expect(ids("phone") == ["both", "x", "y", "z"])
        #expect(ids("x") == ["both", "x", "y", "z"])
        #expect(ids("z") == ["z"])
        #expect(ids("nobody").isEmpty)
        #expect(ids(LineageFixture.root).count == 10)
    }

    @Test("descendants of a loop end")
    func descendantLoop() {
        var fixture = LineageFixture()
        fixture.add("a", issuer: "b", asker: "b")
        fixture.add("b", issuer: "a", asker: "a")
        #expect(Set(fixture.registry.descendants(of: "a").map(\.deviceID)) == ["a", "b"])
    }

    @Test("revoking every descendant refuses each of them by its own state")
    func cascade() {
        var fixture = LineageFixture.chain()
        for entry in fixture.registry.descendants(of: "d2") {
            _ = fixture.registry.revoke(deviceID: entry.deviceID, nowMs: Self.now)
        }
        for depth in 2...5 { #expect(fixture.verdict("d\(depth)") == .runRevoked) }
        #expect(fixture.liveness("d1") == .live)
    }

    // MARK: Tombstones

    @Test("an ended or revoked binding stays for 24 h and 120 s, to the millisecond", arguments: [false, true])
    func tombstone(_ isRevoked: Bool) {
        var fixture = LineageFixture()
        fixture.add("a", issuer: LineageFixture.root)
        if isRevoked {
            _ = fixture.registry.revoke(deviceID: "a", nowMs: Self.now)
        } else {
            _ = fixture.registry.end(runID: "run-a", nowMs: Self.now)
        }
        let life: Int64 = 24 * 3_600_000 + 120_000
        #expect(LineageRegistry.tombstoneMs == life)
        for later in [0, life - 1, life] {
            #expect(fixture.registry.purge(nowMs: Self.now + later).isEmpty)
            #expect(fixture.registry.binding(issuer: LineageFixture.root, spawnID: "spawn-a") != nil)
        }
        #expect(fixture.registry.purge(nowMs: Self.now + life + 1) == ["a"])
        #expect(fixture.registry.binding(issuer: LineageFixture.root, spawnID: "spawn-a") == nil)
        #expect(fixture.registry["a"] == nil && fixture.registry.entry(forRun: "run-a") == nil)
        #expect(fixture.registry.entry(forSession: "agent:main:subagent:a") == nil)
    }

    @Test("live entries are never purged, nor are parents before their children")
    func parents() {
        var fixture = LineageFixture.chain()
        let muchLater = Self.now + 10 * LineageRegistry.tombstoneMs
        #expect(fixture.registry.purge(nowMs: muchLater).isEmpty)
        for depth in 1...3 { _ = fixture.registry.end(runID: "run-d\(depth)", nowMs: Self.now) }
        #expect(fixture.registry.purge(nowMs: muchLater).isEmpty, "d4 and d5 live below them")
        #expect(fixture.verdict("d5", at: muchLater) == .issuerEnded)
        for depth in 4...5 { _ = fixture.registry.end(runID: "run-d\(depth)", nowMs: Self.now) }
        var purged: [String] = []
        for _ in 1...5 { purged += fixture.registry.purge(nowMs: muchLater) }
        #expect(purged == ["d5", "d4", "d3", "d2", "d1"])
        #expect(fixture.liveness("d0", at: muchLater) == .live)
        #expect(fixture.registry.descendants(of: "d0").map(\.deviceID) == ["d0"])
    }
}
