import Foundation
import Testing

@testable import Store

@Suite("What the writer does while nobody waits")
struct ChoreTests {
    private let directory = TemporaryDirectory()

    private func count(_ table: String) throws -> Int64 {
        let reader = try Connection(readingFrom: directory.database, busyTimeoutMs: 1000)
        return try Schema.integer("SELECT count(*) FROM \(table)", reader)
    }

    private func becomes(_ expected: Int64, _ table: String) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try count(table) != expected {
            guard ContinuousClock.now < deadline else {
                Issue.record("\(table) has \(try count(table)) rows instead of \(expected)")
                return
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("rows of a deleted transcript are removed, and those of no other")
    func garbage() async throws {
        let store = try SQLiteStore(path: directory.database)
        let rows = Int64(Chores.rowsInStep * 3 + 1)
        try await store.commit((0..<rows).map { .appendTranscript(Sample.row("gone", "\($0)")) })
        try await store.commit([.appendTranscript(Sample.row("stays")), .deleteTranscript(sessionId: "gone")])
        #expect(try await store.rows("gone") == [])
        try await becomes(1, "transcript")
        try await becomes(1, "transcripts")
        #expect(try await store.rows("stays").count == 1)
    }

    @Test("what was left at the end of a process goes on at the next start")
    func garbageOfBefore() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit((0..<500).map { .appendTranscript(Sample.row("gone", "\($0)")) })
        store.close()
        let connection = try Connection(path: directory.database, busyTimeoutMs: 1000)
        try connection.execute("UPDATE transcripts SET session_id = NULL")
        let again = try SQLiteStore(path: directory.database)
        try await becomes(0, "transcript")
        again.close()
    }

    @Test("a purge of very many records ends, and keeps what is young", arguments: PurgeSubject.allCases)
    func purges(_ subject: PurgeSubject) async throws {
        let store = try SQLiteStore(path: directory.database)
        let old = Chores.rowsInStep * 3
        let (table, operations) = Self.records(subject, old: old)
        try await store.commit(operations)
        #expect(try count(table) == Int64(old + 2))
        try await store.commit([.purge(subject, beforeMs: 10)])
        #expect(try count(table) < Int64(old + 2))
        try await becomes(2, table)
        // Commits are served meanwhile and afterwards.
        try await store.commit([.putMeta(Sample.meta)])
        #expect(try count(table) == 2)
    }

    /// Old ones, and two that have to stay.
    private static func records(_ subject: PurgeSubject, old: Int) -> (table: String, [StoreOperation]) {
        let times: [Int64] = Array(repeating: 9, count: old) + [10, 11]
        func each(_ make: (String, Int64) -> [StoreOperation]) -> [StoreOperation] {
            times.enumerated().flatMap { make("\($0)", $1) }
        }
        switch subject {
        case .tombstones:
            return (
                "grants",
                each { id, time in
                    var grant = Sample.plainGrant
                    (grant.childDeviceId, grant.state, grant.tombstoneUntilMs) = (id, .ended, time)
                    return [.putGrant(grant)]
                }
            )
        case .pendingPairings:
            return (
                "pending_pairings",
                each { id, time in
                    var pending = Sample.plainPending
                    (pending.requestId, pending.createdAtMs) = (id, time)
                    return [.putPending(pending)]
                }
            )
        case .idempotencyKeys:
            return (
                "idempotency",
                each { id, time in
                    [.putIdempotency(IdempotencyRecord(scope: "spawn", key: id, value: [], createdAtMs: time))]
                }
            )
        case .acknowledgedResults:
            return (
                "results",
                each { id, time in
                    var result = Sample.plainResult
                    (result.runId, result.acknowledgedAtMs) = (id, time)
                    return [.putResult(result)]
                }
            )
        case .endedRuns:
            return (
                "runs",
                each { id, time in
                    var run = Sample.plainRun
                    (run.runId, run.endedAtMs) = (id, time)
                    return [.putRun(run)]
                }
            )
        case .archivedSessions:
            return (
                "sessions",
                each { id, time in
                    var session = Sample.plainSession
                    (session.key, session.sessionId, session.archivedAtMs) = (id, id, time)
                    return [.putSession(session), .appendTranscript(Sample.row(id))]
                }
            )
        case .transcriptArchives:
            return (
                "transcript",
                each { id, time in
                    [
                        .appendTranscript(Sample.row(id)),
                        .archiveTranscript(
                            sessionId: id, sessionKey: "key", agentId: "main", reason: .reset, atMs: time),
                    ]
                }
            )
        case .cronRuns:
            return (
                "cron_runs",
                each { id, time in
                    [
                        .putCronRun(
                            CronRunRecord(id: id, jobId: "job", status: "ok", scheduledMs: 1, finishedAtMs: time))
                    ]
                }
            )
        case .revocations:
            return (
                "revocations",
                each { id, time in
                    [.putRevocation(RevocationRecord(deviceId: id, reason: "lost", atMs: time))]
                }
            )
        }
    }

    @Test("a session's purge leaves a transcript that is archived by itself")
    func archivedTwice() async throws {
        let store = try SQLiteStore(path: directory.database)
        var session = Sample.plainSession
        (session.sessionId, session.archivedAtMs) = ("kept", 1)
        try await store.commit([
            .putSession(session), .appendTranscript(Sample.row("kept")),
            .archiveTranscript(sessionId: "kept", sessionKey: "key", agentId: "main", reason: .deleted, atMs: 50),
            .purge(.archivedSessions, beforeMs: 10),
        ])
        #expect(try store.session(key: session.key) == nil)
        #expect(try await store.rows("kept").count == 1)
        try await store.commit([.purge(.transcriptArchives, beforeMs: 51)])
        #expect(try await store.rows("kept") == [])
        #expect(try await store.ask(.archives(sessionKey: "key")) == .archives([]))
    }

    @Test("the log is copied while commits go on, begins anew, and is gone in the end")
    func log() async throws {
        let store = try SQLiteStore(path: directory.database)
        let body = [UInt8](repeating: 7, count: 1 << 18)
        // 160 MiB in all.
        for number in 0..<640 {
            try await store.commit([
                .appendTranscript(
                    TranscriptRecord(
                        sessionId: "s", role: "user", body: body, timestampMs: 1, messageId: "\(number)"))
            ])
            if number % 50 == 49 { try await store.commit([.deleteTranscript(sessionId: "s")]) }
        }
        let log = directory.database + "-wal"
        let size = try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int ?? 0
        #expect(size < 100 << 20)
        store.close()
        #expect(!FileManager.default.fileExists(atPath: log))
    }
}

@Suite("When the log is copied")
struct CheckpointPlanTests {
    struct Look: Sendable {
        let logPages: Int
        let isIdle: Bool
        let step: CheckpointPlan.Step

        init(_ logPages: Int, _ isIdle: Bool, _ step: CheckpointPlan.Step) {
            (self.logPages, self.isIdle, self.step) = (logPages, isIdle, step)
        }
    }

    static let sequences: [[Look]] = [
        // The other thread has copied, the writer copies the small rest, and the log begins anew.
        [
            Look(3999, true, .none), Look(4000, true, .onOtherThread), Look(4100, false, .none),
            Look(4256, true, .onWriter), Look(5, true, .none), Look(4004, true, .onOtherThread),
        ],
        // A larger rest is the other thread's too.
        [Look(4000, true, .onOtherThread), Look(4257, true, .onOtherThread), Look(4300, true, .onWriter)],
        // Somebody reads: the log cannot begin anew, and is not looked at with each commit.
        [
            Look(4000, true, .onOtherThread), Look(4001, true, .onWriter), Look(4002, true, .none),
            Look(8000, true, .none), Look(8001, true, .onOtherThread),
        ],
        // Neither waits for the other thread.
        [Look(4000, true, .onOtherThread), Look(9000, false, .none), Look(16_384, true, .onWriter)],
        [Look(20_000, true, .onOtherThread), Look(25_000, true, .onWriter), Look(25_001, true, .none)],
        // A log that began anew while the other thread was at work.
        [Look(4000, true, .onOtherThread), Look(2, false, .none), Look(4002, true, .onOtherThread)],
    ]

    @Test("after each transaction the next step follows from the log's length", arguments: sequences)
    func steps(_ looks: [Look]) {
        var plan = CheckpointPlan()
        for look in looks {
            #expect(
                plan.step(logPages: look.logPages, isOtherThreadIdle: look.isIdle) == look.step,
                "at \(look.logPages) pages")
        }
    }
}
