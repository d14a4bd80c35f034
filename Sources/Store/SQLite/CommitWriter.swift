internal import Synchronization

/// Applies commits, many of them in one transaction. Lives on the store's thread.
struct CommitWriter {
    private typealias Outcome = Result<Void, StoreError>

    /// Written as "clean" when closing; anything else at the next start calls for a check of the file.
    static let shutdownKey = "store.shutdown"

    private let connection: Connection
    private let maxGroup: Int
    private let file: StoreFile.Identity?
    private let checkpointer: Checkpointer
    private var checkpoints = CheckpointPlan()
    private var chores = Chores()

    init(_ connection: Connection, maxGroup: Int, _ checkpointer: Checkpointer) {
        self.connection = connection
        self.maxGroup = max(maxGroup, 1)
        file = StoreFile.Identity(connection.path)
        self.checkpointer = checkpointer
    }

    mutating func run(_ queue: CommitQueue, _ counters: CommitCounters) {
        connection.countLogPages()
        while let calls = queue.takeAll(waiting: !chores.areDue) {
            if calls.isEmpty {
                chores.step(connection)
                copyLog()
            }
            var start = 0
            while start < calls.count {
                // By operations, since one call may hold very many.
                var operations = 0
                var end = start
                repeat {
                    operations += calls[end].operations.count
                    end += 1
                } while end < calls.count && operations < maxGroup && end - start < maxGroup
                let outcomes = commit(calls[start..<end], counters)
                for (call, outcome) in zip(calls[start..<end], outcomes) {
                    if case .success = outcome { chores.note(call.operations) }
                    call.completion(outcome)
                }
                copyLog()
                start = end
            }
        }
        finish()
    }

    /// One outcome for each call.
    private func commit(_ calls: ArraySlice<CommitCall>, _ counters: CommitCounters) -> [Outcome] {
        counters.calls.add(calls.count, ordering: .relaxed)
        if calls.allSatisfy(\.operations.isEmpty) { return calls.map { _ in .success(()) } }
        do throws(StoreError) {
            return try commitTogether(calls, counters)
        } catch {
            // No use in waiting again for each of them.
            if calls.count == 1 || concernsAll(error) { return calls.map { _ in .failure(error) } }
        }
        // The transaction failed as a whole, for instance at a full disk. One by one, those that can still succeed do.
        return calls.map { call in
            do throws(StoreError) {
                return try commitTogether([call], counters).first ?? .success(())
            } catch {
                return .failure(error)
            }
        }
    }

    private func commitTogether(
        _ calls: ArraySlice<CommitCall>, _ counters: CommitCounters
    ) throws(StoreError) -> [Outcome] {
        // SQLite would go on writing to a file that has no name any more.
        guard file == StoreFile.Identity(connection.path) else { throw .removed(path: connection.path) }
        var outcomes: [Outcome] = []
        outcomes.reserveCapacity(calls.count)
        do throws(StoreError) {
            try connection.run("BEGIN IMMEDIATE")
            for call in calls { outcomes.append(try apply(call)) }
            try connection.run("COMMIT")
        } catch {
            // What fails may already have ended the transaction, and then this fails too.
            if connection.isInTransaction { _ = try? connection.run("ROLLBACK") }
            throw error
        }
        counters.transactions.add(1, ordering: .relaxed)
        return outcomes
    }

    /// Applies one call or nothing of it.
    ///
    /// - Throws: When the whole transaction is lost.
    private func apply(_ call: CommitCall) throws(StoreError) -> Outcome {
        try connection.run("SAVEPOINT one_call")
        do throws(StoreError) {
            for operation in call.operations { try connection.apply(operation) }
        } catch {
            guard connection.isInTransaction else { throw error }
            try connection.run("ROLLBACK TO one_call")
            try connection.run("RELEASE one_call")
            return .failure(error)
        }
        try connection.run("RELEASE one_call")
        return .success(())
    }

    private func concernsAll(_ error: StoreError) -> Bool {
        switch error {
        case .locked, .removed: true
        default: false
        }
    }

    private mutating func copyLog() {
        switch checkpoints.step(logPages: connection.logPages, isOtherThreadIdle: checkpointer.isIdle) {
        case .none: break
        case .onOtherThread: checkpointer.request()
        case .onWriter: _ = try? connection.checkpoint()
        }
    }

    private func finish() {
        checkpointer.stop()
        // Without the mark the next start checks the file, which is all that failing here can cost.
        _ = try? connection.put(MetaRecord(key: Self.shutdownKey, value: Array("clean".utf8)), nil)
        _ = try? connection.run("PRAGMA wal_checkpoint(TRUNCATE)")
    }
}

/// What a store has done so far.
final class CommitCounters: Sendable {
    let calls = Atomic<Int>(0)
    let transactions = Atomic<Int>(0)
}
