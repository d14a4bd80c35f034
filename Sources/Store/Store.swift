internal import Glibc

/// Durable records.
///
/// Nothing here needs a transaction over two calls: what belongs together goes into one ``commit(_:completion:)``, and
/// what depends on an earlier state names its revision.
package protocol Store: Sendable {
    /// Applies all operations in order, or none.
    ///
    /// Never blocks. Calls are applied in the order in which they were made, and a call may share its disk write with
    /// its neighbours without sharing their fate.
    ///
    /// - Parameters:
    ///   - operations: May be empty: then the completion says that everything before is durable.
    ///   - completion: Called once, when the operations are durable or have failed, in the order of the calls, on the
    ///     store's thread: it must not block.
    /// - Returns: why nothing will come of it, ``StoreError/closed`` or ``StoreError/overloaded(limit:)``; the completion is
    ///   not called then.
    func enqueue(
        _ operations: [StoreOperation], completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
    ) -> StoreError?

    /// Reads on another thread. Never blocks.
    ///
    /// What was committed before the question was asked is seen.
    ///
    /// - Parameter completion: Called once, on a thread of the store that other queries wait for: it must not block.
    ///   Called at once, on the caller's thread, with ``StoreError/closed`` or ``StoreError/overloaded(limit:)``.
    func query(_ query: StoreQuery, completion: @escaping @Sendable (Result<StoreAnswer, StoreError>) -> Void)

    /// Reads what the gateway needs at its start, as of one moment.
    ///
    /// - Parameter nowMs: Milliseconds since 1970, to leave out what has expired.
    func load(nowMs: Int64, sessions: SessionSelection) throws(StoreError) -> StoreSnapshot

    // These read what is committed, whether live or not. They wait for the disk: not for a reactor.
    func session(key: String) throws(StoreError) -> SessionRecord?
    /// Sessions that are not archived, those updated last first, by pages.
    ///
    /// - Parameter last: The last one of the page before.
    func sessions(after last: SessionRecord?, limit: Int) throws(StoreError) -> [SessionRecord]
    func run(runId: String) throws(StoreError) -> RunRecord?
    func result(runId: String) throws(StoreError) -> ResultRecord?

    /// Finishes all commits made so far, fails queries that nobody has begun, then closes. Blocks until it is
    /// done. Further calls do nothing.
    func close()
}

extension Store {
    /// As ``enqueue(_:completion:)``, but the completion also hears at once, on the caller's thread, why nothing will come of
    /// it.
    package func commit(
        _ operations: [StoreOperation], completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
    ) {
        if let refusal = enqueue(operations, completion: completion) { completion(.failure(refusal)) }
    }

    package func load(nowMs: Int64) throws(StoreError) -> StoreSnapshot {
        try load(nowMs: nowMs, sessions: .notArchived)
    }

    /// As of now.
    package func load() throws(StoreError) -> StoreSnapshot {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return try load(nowMs: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }
}
