internal import Wire

/// All derived devices that the gateway knows, with their chains. A value; nothing in it does I/O or reads a clock.
///
/// Looking up a device is O(1), judging it O(depth), revoking it O(descendants).
package struct LineageRegistry: Sendable {
    /// How long a worker may still hand in the result of a run that has ended.
    package static let reportingGraceMs: Int64 = 30_000
    /// How long an ended or revoked binding keeps its spawn id from being used again.
    package static let tombstoneMs: Int64 = 24 * 3_600_000 + 120_000

    package let rootDeviceID: String
    private var entries: [String: LineageEntry] = [:]
    private var childrenByIssuer: [String: Set<String>] = [:]
    private var childrenByAsker: [String: Set<String>] = [:]
    private var byBinding: [Binding: String] = [:]
    private var byRunToken: [[UInt8]: String] = [:]
    private var byRun: [String: String] = [:]
    private var bySession: [String: String] = [:]
    /// Runs that were given to a device elsewhere, by what it is going to present.
    private var placements: [Binding: String] = [:]

    private struct Binding: Hashable {
        let issuer: String
        let spawnID: String
    }

    package init(rootDeviceID: String) {
        self.rootDeviceID = rootDeviceID
    }

    package subscript(deviceID: String) -> LineageEntry? { entries[deviceID] }
    package func entry(forRun runID: String) -> LineageEntry? { byRun[runID].flatMap { entries[$0] } }
    /// The derived device that speaks for a session now.
    package func entry(forSession key: String) -> LineageEntry? { bySession[key].flatMap { entries[$0] } }
    package func entry(forRunToken digest: [UInt8]) -> LineageEntry? { byRunToken[digest].flatMap { entries[$0] } }
    package var all: some Collection<LineageEntry> { entries.values }

    package mutating func insert(_ entry: LineageEntry) {
        if let old = entries[entry.deviceID] { forget(old) }
        entries[entry.deviceID] = entry
        childrenByIssuer[entry.issuer, default: []].insert(entry.deviceID)
        if let asker = entry.asker { childrenByAsker[asker, default: []].insert(entry.deviceID) }
        byBinding[Binding(issuer: entry.issuer, spawnID: entry.spawnID)] = entry.deviceID
        if let digest = entry.runTokenDigest { byRunToken[digest] = entry.deviceID }
        if let runID = entry.runID { byRun[runID] = entry.deviceID }
        if !entry.isTurn { bySession[entry.sessionKey] = entry.deviceID }
    }

    private mutating func forget(_ entry: LineageEntry) {
        entries[entry.deviceID] = nil
        childrenByIssuer[entry.issuer]?.remove(entry.deviceID)
        if childrenByIssuer[entry.issuer]?.isEmpty == true { childrenByIssuer[entry.issuer] = nil }
        if let asker = entry.asker {
            childrenByAsker[asker]?.remove(entry.deviceID)
            if childrenByAsker[asker]?.isEmpty == true { childrenByAsker[asker] = nil }
        }
        // Another entry may have taken over a name meanwhile.
        let binding = Binding(issuer: entry.issuer, spawnID: entry.spawnID)
        if byBinding[binding] == entry.deviceID { byBinding[binding] = nil }
        if let digest = entry.runTokenDigest { byRunToken[digest] = nil }
        if let runID = entry.runID, byRun[runID] == entry.deviceID { byRun[runID] = nil }
        if bySession[entry.sessionKey] == entry.deviceID { bySession[entry.sessionKey] = nil }
    }

    /// Forgets a binding that could not be made durable, as if it had never been.
    package mutating func withdraw(runID: String) {
        if let entry = entry(forRun: runID) { forget(entry) }
    }

    package func binding(issuer: String, spawnID: String) -> GrantBinding? {
        guard let id = byBinding[Binding(issuer: issuer, spawnID: spawnID)], let entry = entries[id] else { return nil }
        let state: GrantBinding.State =
            switch entry.state {
            case .live: .live
            case .ended: .ended
            case .revoked: .revoked
            }
        return GrantBinding(subject: entry.deviceID, sessionKey: entry.grantSessionKey, state: state)
    }

    // MARK: - Runs elsewhere

    /// A run goes to a device that derives its key, and to no other.
    package mutating func place(runID: String, issuer: String, spawnID: String) {
        takeBack(runID: runID)
        placements[Binding(issuer: issuer, spawnID: spawnID)] = runID
    }

    package mutating func takeBack(runID: String) {
        placements = placements.filter { $0.value != runID }
    }

    /// What the gateway knows of the run that a grant is for, if it has given that run to the issuer.
    func placed(issuer: String, spawnID: String) -> LineageEntry? {
        placements[Binding(issuer: issuer, spawnID: spawnID)].flatMap { entry(forRun: $0) }
    }

    /// - Returns: the device that stood for the run until now.
    package mutating func bind(_ entry: LineageEntry) -> LineageEntry? {
        let before = entry.runID.flatMap { self.entry(forRun: $0) }
        if let before { forget(before) }
        insert(entry)
        return before
    }

    /// Judges a derived device by its run, every ancestor by key, and every asker on the way with its own lines.
    /// - Parameters:
    ///   - expiresAtMs: a later expiry that the device has just shown a grant for; nil for what is recorded.
    ///   - isPaired: whether a device that is not derived is still paired (``TrustState/isPaired(_:)``).
    package func liveness(
        of deviceID: String, expiresAtMs: Int64? = nil, nowMs: Int64, isPaired: (String) -> Bool
    ) -> Liveness {
        guard var entry = entries[deviceID] else { return .dead(.unknownIssuer, because: "no such derived device") }
        if let expiresAtMs { entry.expiresAtMs = expiresAtMs }
        var reporting = false
        switch entry.state {
        case .live: break
        case .revoked: return .dead(.runRevoked, because: "run \(entry.runID ?? "-")")
        case .ended(let atMs):
            guard nowMs < atMs + Self.reportingGraceMs else {
                return .dead(.runEnded, because: "run \(entry.runID ?? "-")")
            }
            reporting = true
        }
        if isExpired(entry, nowMs: nowMs) { return .dead(.expired, because: "run \(entry.runID ?? "-")") }
        if let dead = deadLine(above: entry, nowMs: nowMs, isPaired: isPaired) {
            // A run that was ended with its parent may say what it has all the same.
            guard reporting, case .dead(.issuerEnded, _) = dead else { return dead }
        }
        return reporting ? .reporting : .live
    }

    private func isExpired(_ entry: LineageEntry, nowMs: Int64) -> Bool {
        guard let expiresAtMs = entry.expiresAtMs else { return false }
        return nowMs > expiresAtMs + SpawnGrant.clockSkewSeconds * 1000
    }

    /// Walks up the line of keys above `entry`, and above every asker met on the way.
    private func deadLine(above entry: LineageEntry, nowMs: Int64, isPaired: (String) -> Bool) -> Liveness? {
        var lines = [entry]
        var askers: Set<String> = []
        while var current = lines.popLast() {
            var steps = 0
            while true {
                if let asker = current.asker, askers.insert(asker).inserted {
                    if let dead = deadDevice(asker, nowMs: nowMs, isPaired: isPaired) { return dead }
                    if let line = entries[asker] { lines.append(line) }
                }
                if current.issuer == rootDeviceID { break }
                if let dead = deadDevice(current.issuer, nowMs: nowMs, isPaired: isPaired) { return dead }
                guard let parent = entries[current.issuer] else { break }
                // A chain cannot be longer than the deepest claim allowed; the bound guards against a damaged store.
                steps += 1
                guard steps <= SpawnGrant.maxClaimedDepth else {
                    return .dead(.depthExceeded, because: "the chain has no root")
                }
                current = parent
            }
        }
        return nil
    }

    private func deadDevice(_ deviceID: String, nowMs: Int64, isPaired: (String) -> Bool) -> Liveness? {
        guard let entry = entries[deviceID] else {
            return isPaired(deviceID)
                ? nil : .dead(.issuerRevoked, because: "device \(deviceID.prefix(12))… is no longer paired")
        }
        switch entry.state {
        case .live: break
        case .revoked: return .dead(.issuerRevoked, because: entry.sessionKey)
        case .ended: return .dead(.issuerEnded, because: entry.sessionKey)
        }
        return isExpired(entry, nowMs: nowMs) ? .dead(.expired, because: entry.sessionKey) : nil
    }

    /// What an issuer may grant; nil for somebody we do not know. `paired`: the facts of a paired device.
    package func issuerFacts(
        of deviceID: String, nowMs: Int64, isPaired: (String) -> Bool, paired: (String) -> IssuerFacts?
    ) -> IssuerFacts? {
        guard let entry = entries[deviceID] else { return paired(deviceID) }
        let state: IssuerFacts.State =
            switch liveness(of: deviceID, nowMs: nowMs, isPaired: isPaired) {
            case .live: .live
            case .reporting: .ended
            case .dead(let verdict, _): verdict == .runRevoked || verdict == .issuerRevoked ? .revoked : .ended
            }
        return IssuerFacts(publicKey: entry.publicKey, scopes: entry.scopes, depth: entry.depth, state: state)
    }

    /// The device itself, if it is derived, and everything that descends from it by key or that it asked for.
    package func descendants(of deviceID: String) -> [LineageEntry] {
        var seen: Set<String> = [deviceID]
        var queue = [deviceID]
        var found: [LineageEntry] = []
        while let next = queue.popLast() {
            if let entry = entries[next] { found.append(entry) }
            let below = (childrenByIssuer[next] ?? []).union(childrenByAsker[next] ?? [])
            for child in below.sorted() where seen.insert(child).inserted { queue.append(child) }
        }
        return found
    }

    /// - Returns: the entry as it is now, to be stored; nil when there was nothing to change.
    package mutating func end(runID: String, nowMs: Int64) -> LineageEntry? {
        guard let id = byRun[runID], var entry = entries[id], entry.state == .live else { return nil }
        entry.state = .ended(atMs: nowMs)
        entries[id] = entry
        return entry
    }

    package mutating func revoke(deviceID: String, nowMs: Int64) -> LineageEntry? {
        guard var entry = entries[deviceID] else { return nil }
        if case .revoked = entry.state { return nil }
        entry.state = .revoked(atMs: nowMs)
        entries[deviceID] = entry
        return entry
    }

    /// A later expiry for a live binding.
    package mutating func renew(deviceID: String, expiresAtMs: Int64) -> LineageEntry? {
        guard var entry = entries[deviceID], entry.state == .live, let current = entry.expiresAtMs,
            expiresAtMs > current
        else { return nil }
        entry.expiresAtMs = expiresAtMs
        entries[deviceID] = entry
        return entry
    }

    /// Takes back an entry that could not be made durable.
    package mutating func remove(deviceID: String) {
        if let entry = entries[deviceID] { forget(entry) }
    }

    /// Drops tombstones that nobody needs any more.
    package mutating func purge(nowMs: Int64) -> [String] {
        let old = entries.values.filter { entry in
            switch entry.state {
            case .live:
                // Nobody renewed it, so nobody can act by it any more.
                entry.expiresAtMs.map { nowMs > $0 + Self.tombstoneMs } ?? false
                    && childrenByIssuer[entry.deviceID] == nil
            case .ended(let atMs), .revoked(let atMs):
                nowMs > atMs + Self.tombstoneMs && childrenByIssuer[entry.deviceID] == nil
            }
        }
        for entry in old { forget(entry) }
        return old.map(\.deviceID)
    }
}
