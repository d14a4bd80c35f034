import Trust
import Wire

/// Registry entries with readable ids: nothing here depends on keys.
struct LineageFixture {
    static let now: Int64 = 1_800_000_000_000
    static let root = "root"

    var registry = LineageRegistry(rootDeviceID: root)
    /// Devices with a pairing record.
    var paired: Set<String> = []

    static func entry(
        _ id: String, issuer: String, depth: Int = 1, asker: String? = nil, expiresAtMs: Int64? = nil,
        runToken: [UInt8]? = nil, state: LineageEntry.State = .live, spawnID: String? = nil, sessionKey: String? = nil,
        isGatewaySession: Bool = false
    ) -> LineageEntry {
        LineageEntry(
            deviceID: id, publicKey: [UInt8](id.utf8), issuer: issuer, spawnID: spawnID ?? "spawn-" + id,
            sessionKey: sessionKey ?? "agent:main:subagent:" + id, scopes: ScopeSet(.read, .write), depth: depth,
            principal: .sharedSecret, asker: asker, runID: isGatewaySession ? nil : "run-" + id, isRegistered: true,
            expiresAtMs: expiresAtMs, runTokenDigest: runToken, state: state)
    }

    mutating func add(
        _ id: String, issuer: String, depth: Int = 1, asker: String? = nil, expiresAtMs: Int64? = nil,
        state: LineageEntry.State = .live
    ) {
        registry.insert(
            Self.entry(id, issuer: issuer, depth: depth, asker: asker, expiresAtMs: expiresAtMs, state: state))
    }

    func liveness(_ id: String, at now: Int64 = now) -> Liveness {
        registry.liveness(of: id, nowMs: now, isPaired: paired.contains)
    }

    func verdict(_ id: String, at now: Int64 = now) -> GrantVerdict? {
        if case .dead(let verdict, _) = liveness(id, at: now) { verdict } else { nil }
    }

    /// A gateway session `d0` and below it `d1` … `d5`, each the child of the one before.
    static func chain() -> LineageFixture {
        var fixture = LineageFixture()
        fixture.registry.insert(entry("d0", issuer: root, depth: 0, isGatewaySession: true))
        for depth in 1...5 { fixture.add("d\(depth)", issuer: "d\(depth - 1)", depth: depth) }
        return fixture
    }
}
