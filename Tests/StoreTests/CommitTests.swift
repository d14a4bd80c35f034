import Testing

@testable import Store

@Suite("Commits")
struct CommitTests {
    private let directory = TemporaryDirectory()

    @Test("each put counts the revision up")
    func revisions() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([.putSession(Sample.session(1)), .putSession(Sample.session(1))])
        try await store.commit([.putSession(Sample.session(1), expectedRevision: 2)])
        #expect(try store.session(key: "session-1")?.revision == 3)
    }

    @Test("a put over another revision than the expected one fails", arguments: [0, 1, 3, .max, -1] as [Int64])
    func conflicts(_ expected: Int64) async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([.putSession(Sample.session(1)), .putSession(Sample.session(1))])
        await #expect(throws: StoreError.revisionConflict(record: "session session-1")) {
            try await store.commit([.putSession(Sample.session(1), expectedRevision: expected)])
        }
        #expect(try store.session(key: "session-1")?.revision == 2)
    }

    @Test("revision 0 makes a new record, any other expects one")
    func newRecords() async throws {
        let store = try SQLiteStore(path: directory.database)
        await #expect(throws: StoreError.revisionConflict(record: "session session-1")) {
            try await store.commit([.putSession(Sample.session(1), expectedRevision: 1)])
        }
        try await store.commit([
            .putSession(Sample.session(1), expectedRevision: 0), .putRun(Sample.run, expectedRevision: 0),
            .putGrant(Sample.grant, expectedRevision: 0), .putResult(Sample.result, expectedRevision: 0),
            .putDevice(Sample.device, expectedRevision: 0), .putDeviceToken(Sample.token, expectedRevision: 0),
            .putPending(Sample.pending, expectedRevision: 0), .putIdempotency(Sample.idempotency, expectedRevision: 0),
            .putRevocation(Sample.revocation, expectedRevision: 0), .putMeta(Sample.meta, expectedRevision: 0),
        ])
        try await store.commit([
            .putDeviceToken(Sample.token, expectedRevision: 1),
            .putIdempotency(Sample.idempotency, expectedRevision: 1),
        ])
        await #expect(throws: StoreError.revisionConflict(record: "spawn idempotency key key")) {
            try await store.commit([.putIdempotency(Sample.idempotency, expectedRevision: 0)])
        }
    }

    @Test("of two that expect the same revision one wins")
    func race() async throws {
        let store = try SQLiteStore(path: directory.database)
        try await store.commit([.putMeta(Sample.meta)])
        let completions = Completions()
        let barrier = Barrier(store)
        for label in 0..<5 {
            store.commit([.putMeta(Sample.meta, expectedRevision: 1)], completion: completions.note(label))
        }
        barrier.lift()
        await store.settle()
        #expect(completions.errors.count == 4)
        #expect(completions.errors[0] == nil)
    }

    @Test("a failing operation takes back its own call, and no neighbour in the same transaction")
    func atomicity() async throws {
        let store = try SQLiteStore(path: directory.database)
        let completions = Completions()
        let barrier = Barrier(store)
        for call in 0..<9 {
            var operations: [StoreOperation] = [
                .putSession(Sample.session(call)), .putSession(Sample.session(100 + call)),
            ]
            if call % 3 == 1 { operations.append(.putRun(Sample.plainRun, expectedRevision: 7)) }
            if call % 3 == 1 { operations.append(.putSession(Sample.session(200 + call))) }
            store.commit(operations, completion: completions.note(call))
        }
        barrier.lift()
        await store.settle()
        #expect(completions.labels == Array(0..<9))
        let conflict = StoreError.revisionConflict(record: "run run")
        #expect(completions.errors == [1: conflict, 4: conflict, 7: conflict])
        #expect(store.statistics.transactions == 1)
        let expected = [0, 2, 3, 5, 6, 8].flatMap { ["session-\($0)", "session-\(100 + $0)"] }
        #expect(try Set(store.load(nowMs: 0).sessions.map(\.key)) == Set(expected))
    }

    @Test("ten thousand puts from four threads are grouped, and complete in the order of their calls")
    func manyPuts() async throws {
        let store = try SQLiteStore(path: directory.database)
        let completions = Completions()
        let order = SubmissionOrder()
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for number in 0..<2500 {
                        let label = worker * 2500 + number
                        order.note(label) {
                            store.commit([.putSession(Sample.session(label))], completion: completions.note(label))
                        }
                    }
                }
            }
        }
        await store.settle()
        #expect(completions.errors.isEmpty)
        #expect(completions.labels == order.labels)
        let statistics = store.statistics
        #expect(statistics.calls >= 10_000)
        #expect(statistics.transactions >= 10_000 / 1024 && statistics.transactions < 2_000)
        #expect(try store.load(nowMs: 0).sessions.count == 10_000)
    }

    @Test("what was committed can be read by the time of its completion")
    func readYourWrites() async throws {
        let store = try SQLiteStore(path: directory.database)
        for number in 0..<50 {
            try await store.commit([.putSession(Sample.session(number))])
            #expect(try store.session(key: "session-\(number)") != nil)
        }
    }

    @Test("more than the accepted number of waiting commits is refused at once")
    func overload() throws {
        var options = SQLiteStore.Options()
        options.maxQueuedCommits = 3
        let store = try SQLiteStore(path: directory.database, options: options)
        let completions = Completions()
        let barrier = Barrier(store)
        for label in 0..<20 { store.commit([.putSession(Sample.session(label))], completion: completions.note(label)) }
        #expect(completions.errors.values.allSatisfy { $0 == .overloaded(limit: 3) })
        #expect(completions.errors.count == 17)
        barrier.lift()
        store.close()
        #expect(completions.labels.count == 20)
    }

    @Test("closing finishes what was submitted and refuses what comes later")
    func closing() async throws {
        let store = try SQLiteStore(path: directory.database)
        let completions = Completions()
        let barrier = Barrier(store)
        for label in 0..<10 { store.commit([.putSession(Sample.session(label))], completion: completions.note(label)) }
        barrier.lift()
        store.close()
        #expect(completions.labels == Array(0..<10))
        store.close()
        await #expect(throws: StoreError.closed) { try await store.commit([]) }
        #expect(throws: StoreError.closed) { try store.load(nowMs: 0) }
        let again = try SQLiteStore(path: directory.database)
        #expect(try again.load(nowMs: 0).sessions.count == 10)
    }

    @Test("closing from a completion does not wait for itself")
    func closingFromCompletion() async throws {
        let store = try SQLiteStore(path: directory.database)
        await withCheckedContinuation { continuation in
            store.commit([.putMeta(Sample.meta)]) { _ in
                store.close()
                continuation.resume()
            }
        }
        store.close()
        #expect(try SQLiteStore(path: directory.database).load(nowMs: 0).meta.count == 1)
    }

    @Test("a database held by someone else is reported, and used again when it is free")
    func locked() async throws {
        var options = SQLiteStore.Options()
        options.busyTimeoutMs = 20
        let store = try SQLiteStore(path: directory.database, options: options)
        let other = try Connection(path: directory.database, busyTimeoutMs: 1000)
        try other.execute("BEGIN IMMEDIATE")
        await #expect(throws: StoreError.locked(path: directory.database)) {
            try await store.commit([.putMeta(Sample.meta)])
        }
        try other.execute("ROLLBACK")
        try await store.commit([.putMeta(Sample.meta)])
    }
}
