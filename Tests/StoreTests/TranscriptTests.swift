import Testing

@testable import Store

@Suite("Transcripts")
struct TranscriptTests {
    private let directory = TemporaryDirectory()

    private func page(_ store: SQLiteStore, _ query: StoreQuery) async throws -> (seqs: [Int64], hasMore: Bool) {
        switch try await store.ask(query) {
        case .transcript(let page), .transcriptStart(let page): return (page.rows.map(\.seq), page.hasMore)
        case let other:
            Issue.record("\(other)")
            return ([], false)
        }
    }

    @Test("rows are numbered by the core or by the store, and come back as they were appended")
    func numbering() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit((1...5).map { .appendTranscript(Sample.row("s", "\($0)")) })
        try await store.commit([.appendTranscript(Sample.row("t", "x"))])
        try await store.commit([
            .appendTranscript(Sample.row("s", "nine", seq: 9)), .appendTranscript(Sample.row("s", "ten")),
        ])
        let rows = try await store.rows("s")
        #expect(rows.map(\.seq) == [1, 2, 3, 4, 5, 9, 10])
        #expect(rows[5] == Sample.row("s", "nine", seq: 9))
        #expect(rows[0].runId == nil)
        #expect(try await store.rows("t").map(\.seq) == [1])
        #expect(try await store.rows("none") == [])
    }

    @Test("a copy has the rows of its moment under the same numbers, and lives for itself")
    func copy() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit((1...5).map { .appendTranscript(Sample.row("s", "\($0)")) })
        try await store.commit([
            .copyTranscript(from: "s", to: "t"), .appendTranscript(Sample.row("t", "six")),
            .copyTranscript(from: "none", to: "u"),
        ])
        try await store.commit([.appendTranscript(Sample.row("s", "later"))])
        #expect(try await store.rows("t").map(\.messageId) == ["1", "2", "3", "4", "5", "six"])
        #expect(try await store.rows("t").map(\.seq) == [1, 2, 3, 4, 5, 6])
        #expect(try await store.rows("u") == [])
        try await store.commit([.deleteTranscript(sessionId: "s")])
        #expect(try await store.rows("t").count == 6)
    }

    @Test("a taken number or message id is a conflict, and nothing of its commit is applied")
    func conflicts() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([.appendTranscript(Sample.row("s", "a")), .appendTranscript(Sample.row("t", "b"))])
        for taken in [Sample.row("s", "new", seq: 1), Sample.row("s", "a"), Sample.row("s", "a", seq: 7)] {
            await #expect(throws: StoreError.self) {
                try await store.commit([.appendTranscript(Sample.row("s", "before")), .appendTranscript(taken)])
            }
        }
        await #expect(throws: StoreError.revisionConflict(record: "transcript row 1, message new of s")) {
            try await store.commit([.appendTranscript(Sample.row("s", "new", seq: 1))])
        }
        #expect(try await store.rows("s").map(\.messageId) == ["a"])
    }

    @Test("the newest rows come in ascending order, with word of older ones")
    func paging() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit((1...7).map { .appendTranscript(Sample.row("s", "\($0)")) })
        let expected: [(StoreQuery, [Int64], Bool)] = [
            (.transcript(sessionId: "s", limit: 7), [1, 2, 3, 4, 5, 6, 7], false),
            (.transcript(sessionId: "s", limit: 6), [2, 3, 4, 5, 6, 7], true),
            (.transcript(sessionId: "s", beforeSeq: 3, limit: 2), [1, 2], false),
            (.transcript(sessionId: "s", beforeSeq: 3, limit: 1), [2], true),
            (.transcript(sessionId: "s", beforeSeq: 1, limit: 9), [], false),
            (.transcript(sessionId: "s", limit: 0), [], false), (.transcript(sessionId: "s", limit: -1), [], false),
            (.transcriptStart(sessionId: "s", limit: 2), [1, 2], true),
            (.transcriptStart(sessionId: "s", limit: 7), [1, 2, 3, 4, 5, 6, 7], false),
            (.transcriptStart(sessionId: "none", limit: 7), [], false),
        ]
        for (query, seqs, hasMore) in expected {
            let found = try await page(store, query)
            #expect(found.seqs == seqs && found.hasMore == hasMore, "\(query)")
        }
    }

    @Test("bytes limit a page, but one row always comes", arguments: [0, 9, 10, 19, 20, 29, 30, 31])
    func bytes(_ maxBytes: Int) async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit((1...3).map { .appendTranscript(Sample.row("s", "number \($0) 1")) })
        let count = min(max(maxBytes / 10, 1), 3)
        let newest = try await page(store, .transcript(sessionId: "s", limit: 9, maxBytes: maxBytes))
        #expect(newest.seqs == Array(Int64(4 - count)...3) && newest.hasMore == (count < 3))
        let oldest = try await page(store, .transcriptStart(sessionId: "s", limit: 9, maxBytes: maxBytes))
        #expect(oldest.seqs == Array(1...Int64(count)) && oldest.hasMore == (count < 3))
    }

    @Test("tails of many sessions, single messages and records are found")
    func others() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit(
            ["a", "b"].flatMap { session in
                (1...3).map { .appendTranscript(Sample.row(session, "\(session)\($0)")) }
            } + [.putSession(Sample.session), .putRun(Sample.run), .putResult(Sample.result)])
        guard case .transcriptTails(let tails) = try await store.ask(.transcriptTails(["a", "b", "c"], limit: 2)) else {
            Issue.record("no tails")
            return
        }
        #expect(tails.mapValues { $0.rows.map(\.messageId) } == ["a": ["a2", "a3"], "b": ["b2", "b3"], "c": []])
        #expect(tails.mapValues(\.hasMore) == ["a": true, "b": true, "c": false])
        guard case .message(let message) = try await store.ask(.message(sessionId: "a", messageId: "a2")) else {
            Issue.record("no message")
            return
        }
        #expect(message?.seq == 2)
        #expect(try await store.ask(.message(sessionId: "b", messageId: "a2")) == .message(nil))
        let session = try #require(try store.session(key: Sample.session.key))
        #expect(try await store.ask(.session(key: session.key)) == .session(session))
        #expect(try await store.ask(.sessions(limit: 5)) == .sessions([]))
        #expect(try await store.ask(.run(runId: "run")) == .run(store.run(runId: "run")))
        #expect(try await store.ask(.results(runIds: ["none"])) == .results([]))
    }

    private func archive(_ id: String, _ reason: TranscriptArchiveRecord.Reason, _ atMs: Int64) -> StoreOperation {
        .archiveTranscript(sessionId: id, sessionKey: "key", agentId: "main", reason: reason, atMs: atMs)
    }

    @Test("an archived transcript is still read by its session id; the first archiving counts")
    func archives() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([
            .appendTranscript(Sample.row("old")), archive("old", .reset, 1), archive("empty", .reset, 2),
            .appendTranscript(Sample.row("new")), archive("new", .deleted, 3), archive("old", .deleted, 9),
        ])
        #expect(try await store.rows("old").count == 1)
        let listed = [("new", TranscriptArchiveRecord.Reason.deleted, Int64(3)), ("old", .reset, 1)].map {
            TranscriptArchiveRecord(sessionId: $0, sessionKey: "key", agentId: "main", reason: $1, archivedAtMs: $2)
        }
        #expect(try await store.ask(.archives(sessionKey: "key")) == .archives(listed))
        #expect(try await store.ask(.archives(sessionKey: "other")) == .archives([]))
        try await store.commit([.deleteTranscript(sessionId: "old")])
        #expect(try await store.rows("old") == [])
        #expect(try await store.ask(.archives(sessionKey: "key")) == .archives([listed[0]]))
    }

    @Test("a deleted session id starts anew")
    func deletion() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([.appendTranscript(Sample.row("s", "a")), .appendTranscript(Sample.row("s", "b"))])
        try await store.commit([.deleteTranscript(sessionId: "s"), .appendTranscript(Sample.row("s", "a"))])
        #expect(try await store.rows("s").map(\.seq) == [1])
        try await store.commit([.deleteTranscript(sessionId: "s"), .deleteTranscript(sessionId: "s")])
        #expect(try await store.rows("s") == [])
    }

    @Test("compaction keeps the newest rows and archives the others", arguments: 0...7)
    func compaction(_ keepLast: Int) async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit((1...5).map { .appendTranscript(Sample.row("s", "\($0)")) })
        try await store.commit([
            .compactTranscript(
                sessionId: "s", keepLast: keepLast, archiveAs: "archive", sessionKey: "key", agentId: "main", atMs: 8)
        ])
        let kept = min(keepLast, 5)
        #expect(try await store.rows("s").map(\.messageId) == (1...5).suffix(kept).map { "\($0)" })
        #expect(try await store.rows("s").map(\.seq) == (1...5).suffix(kept).map(Int64.init))
        #expect(try await store.rows("archive").map(\.seq) == (1...5).prefix(5 - kept).map(Int64.init))
        let archived = TranscriptArchiveRecord(
            sessionId: "archive", sessionKey: "key", agentId: "main", reason: .compacted, archivedAtMs: 8)
        #expect(try await store.ask(.archives(sessionKey: "key")) == .archives(kept < 5 ? [archived] : []))
        try await store.commit([.appendTranscript(Sample.row("s", "next"))])
        #expect(try await store.rows("s").last?.seq == (kept > 0 ? 6 : 1))
    }

    @Test("compaction into a session id that is taken is a conflict")
    func compactionConflict() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([.appendTranscript(Sample.row("s", "1")), .appendTranscript(Sample.row("t", "1"))])
        for taken in ["t", "s"] {
            await #expect(throws: StoreError.revisionConflict(record: "transcript \(taken)")) {
                try await store.commit([
                    .compactTranscript(
                        sessionId: "s", keepLast: 0, archiveAs: taken, sessionKey: "key", agentId: "main", atMs: 8)
                ])
            }
        }
        #expect(try await store.rows("s").count == 1)
    }

    @Test("a database of the version before gets the new tables")
    func migration() async throws {
        try StoreFile.prepare(directory.database)
        let old = try Connection(path: directory.database, busyTimeoutMs: 1000)
        try Schema.migrate(old, migrations: [Schema.version1, Schema.version2])
        try old.put(Sample.plainSession, nil)
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([.appendTranscript(Sample.row("s"))])
        #expect(try await store.rows("s").count == 1)
        #expect(try store.session(key: Sample.plainSession.key) != nil)
    }
}
