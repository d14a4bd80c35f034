import Testing

@testable import Store

@Suite("What is loaded, read and purged")
struct SnapshotTests {
    private let directory = TemporaryDirectory()
    private let minute: Int64 = 60_000

    private func grant(_ id: String, _ state: GrantRecord.State, tombstone: Int64?) -> StoreOperation {
        var grant = Sample.plainGrant
        grant.childDeviceId = id
        grant.state = state
        grant.tombstoneUntilMs = tombstone
        return .putGrant(grant)
    }

    private func run(_ id: String, endedAt: Int64?) -> StoreOperation {
        var run = Sample.plainRun
        run.runId = id
        run.endedAtMs = endedAt
        return .putRun(run)
    }

    private func result(_ id: String, acknowledgedAt: Int64?) -> StoreOperation {
        var result = Sample.plainResult
        result.runId = id
        result.acknowledgedAtMs = acknowledgedAt
        return .putResult(result)
    }

    private func session(_ key: String, archivedAt: Int64?) -> StoreOperation {
        var session = Sample.plainSession
        session.key = key
        session.sessionId = key
        session.archivedAtMs = archivedAt
        return .putSession(session)
    }

    @Test("the start loads what is live, to the millisecond")
    func live() async throws {
        let store = try SQLiteStore(path: directory.database)
        let now: Int64 = 100 * 24 * 60 * minute
        var (young, old) = (Sample.pending, Sample.pending)
        (young.requestId, young.createdAtMs) = ("young", now - 5 * minute + 1)
        (old.requestId, old.createdAtMs) = ("old", now - 5 * minute)
        var (fresh, stale) = (Sample.idempotency, Sample.idempotency)
        (fresh.key, fresh.createdAtMs) = ("fresh", now - 24 * 60 * minute + 1)
        (stale.key, stale.createdAtMs) = ("stale", now - 24 * 60 * minute)
        try await store.commit([
            grant("live", .live, tombstone: nil), grant("ended", .ended, tombstone: now + 1),
            grant("revoked", .revoked, tombstone: now + 1), grant("gone", .ended, tombstone: now),
            grant("forgotten", .ended, tombstone: nil), run("running", endedAt: nil), run("done", endedAt: now),
            result("waiting", acknowledgedAt: nil), result("delivered", acknowledgedAt: now),
            session("open", archivedAt: nil),
            session("archived", archivedAt: now), .putPending(young), .putPending(old), .putIdempotency(fresh),
            .putIdempotency(stale), .putDevice(Sample.device), .putDeviceToken(Sample.token),
            .putRevocation(Sample.revocation),
            .putMeta(Sample.meta),
        ])
        let snapshot = try store.load(nowMs: now)
        #expect(Set(snapshot.grants.map(\.childDeviceId)) == ["live", "ended", "revoked"])
        #expect(snapshot.runs.map(\.runId) == ["running"])
        #expect(snapshot.sessions.map(\.key) == ["open"])
        #expect(snapshot.pendingPairings.map(\.requestId) == ["young"])
        #expect(snapshot.idempotency.map(\.key) == ["fresh"])
        #expect(snapshot.devices.count == 1 && snapshot.deviceTokens.count == 1)
        #expect(snapshot.revocations.count == 1)
        #expect(snapshot.meta.map(\.key) == ["instance"])
        #expect(try store.load().runs.count == 1)
        #expect(try store.run(runId: "done")?.endedAtMs == now)
        #expect(try store.result(runId: "delivered")?.acknowledgedAtMs == now)
        #expect(try store.session(key: "archived") != nil)
        #expect(try store.session(key: "none") == nil)
    }

    @Test("a start can leave out sessions that nothing live refers to")
    func activeSessions() async throws {
        let store = try SQLiteStore(path: directory.database)
        var (run, ended, grant, result) = (Sample.plainRun, Sample.plainRun, Sample.plainGrant, Sample.plainResult)
        (run.sessionKey, run.requesterKey) = ("child", "parent")
        (ended.runId, ended.sessionKey, ended.endedAtMs) = ("ended", "idle", 1)
        grant.sessionKey = "granted"
        result.requesterKey = "requester"
        try await store.commit(
            ["child", "parent", "granted", "requester", "idle"].map { session($0, archivedAt: nil) }
                + [.putRun(run), .putRun(ended), .putGrant(grant), .putResult(result)])
        let active = try store.load(nowMs: 0, sessions: .active).sessions.map(\.key)
        #expect(Set(active) == ["child", "parent", "granted", "requester"])
        #expect(try store.load(nowMs: 0).sessions.count == 5)
    }

    @Test("sessions are listed by pages, the latest first", arguments: 1...8)
    func pages(_ limit: Int) async throws {
        let store = try SQLiteStore(path: directory.database)
        let updated: [Int64] = [5, 1, 5, 3, 5, 2]
        try await store.commit(
            updated.enumerated().map { number, updatedAtMs in
                var record = Sample.session(number)
                record.updatedAtMs = updatedAtMs
                return .putSession(record)
            } + [session("archived", archivedAt: 1)])
        var (listed, last) = ([String](), SessionRecord?.none)
        while let page = try? store.sessions(after: last, limit: limit), let end = page.last {
            #expect(page.count <= limit)
            listed += page.map(\.key)
            last = end
        }
        #expect(listed == [4, 2, 0, 3, 5, 1].map { "session-\($0)" })
    }

    @Test("the first acknowledgement of a result counts")
    func acknowledgement() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([result("r", acknowledgedAt: nil)])
        try await store.commit([.acknowledgeResult(runId: "r", atMs: 5), .acknowledgeResult(runId: "r", atMs: 9)])
        #expect(try store.result(runId: "r")?.acknowledgedAtMs == 5)
    }

    @Test("purging removes what is over since before the time, and nothing that is live")
    func purge() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([
            grant("live", .live, tombstone: 1), grant("old", .ended, tombstone: 9),
            grant("young", .revoked, tombstone: 10),
            run("running", endedAt: nil), run("old", endedAt: 9), run("undelivered", endedAt: 9),
            run("young", endedAt: 10),
            result("undelivered", acknowledgedAt: nil), result("old", acknowledgedAt: 9),
            result("young", acknowledgedAt: 10),
            session("open", archivedAt: nil), session("old", archivedAt: 9), session("young", archivedAt: 10),
            .appendTranscript(Sample.row("old")), .appendTranscript(Sample.row("open")),
            .putPending(Sample.pending), .putIdempotency(Sample.idempotency), .putRevocation(Sample.revocation),
        ])
        try await store.commit(PurgeSubject.allCases.map { .purge($0, beforeMs: 10) })
        let reader = try Connection(path: directory.database, busyTimeoutMs: 1000)
        #expect(try Set(reader.records(of: GrantRecord.self).map(\.childDeviceId)) == ["live", "young"])
        #expect(try Set(reader.records(of: RunRecord.self).map(\.runId)) == ["running", "undelivered", "young"])
        #expect(try Set(reader.records(of: ResultRecord.self).map(\.runId)) == ["undelivered", "young"])
        #expect(try Set(reader.records(of: SessionRecord.self).map(\.key)) == ["open", "young"])
        #expect(try await store.rows("old") == [])
        #expect(try await store.rows("open").count == 1)
        #expect(try reader.records(of: PendingPairingRecord.self) == [])
        #expect(try reader.records(of: IdempotencyRecord.self) == [])
        #expect(try reader.records(of: RevocationRecord.self) == [])
    }
}
