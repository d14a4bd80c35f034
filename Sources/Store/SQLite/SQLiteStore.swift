internal import Glibc
internal import Synchronization

/// Records in one SQLite file: write-ahead log, every commit synced, one writer thread with group commit, a few
/// threads that answer queries.
///
/// Who drops it without ``close()`` closes it.
package final class SQLiteStore: Store {
    package struct Options: Equatable, Sendable {
        /// How long to wait for another process, such as `sqlite3` on the command line.
        package var busyTimeoutMs: Int32 = 5000
        /// Commits that may wait for the disk.
        package var maxQueuedCommits = 65_536
        /// Queries that may wait for a reader.
        package var maxQueuedQueries = 1024
        /// Threads that answer queries. They start with the first ones.
        package var maxReaders = 2
        /// Calls, and about as many operations, in one transaction.
        package var maxGroup = 1024
        /// Pairing requests older than this are not loaded.
        package var pendingPairingLifeMs: Int64 = 5 * 60_000
        /// Idempotency keys older than this are not loaded.
        package var idempotencyLifeMs: Int64 = 24 * 3_600_000
        /// Ended runs are taken up at a start for this long, acknowledged or not.
        package var endedRunLifeMs: Int64 = 3_600_000

        package init() {}
    }

    package struct Statistics: Equatable, Sendable {
        package var calls: Int
        /// Each is one wait for the disk.
        package var transactions: Int
    }

    package let path: String
    private let options: Options
    private let queue: CommitQueue
    private let counters = CommitCounters()
    /// `nil` once closed.
    private let reader: Mutex<Connection?>
    private let readers: ReaderPool
    private let thread: Mutex<Thread?>

    /// Opens the file, makes it (0600) and missing directories (0700), and brings its schema up to date.
    ///
    /// Checks the whole file first if the last process to use it did not close it.
    package init(path: String, options: Options = Options()) throws(StoreError) {
        try StoreFile.prepare(path)
        let writing = try Self.openForWriting(path, options)
        let reading = try Connection(readingFrom: path, busyTimeoutMs: options.busyTimeoutMs)

        self.path = path
        self.options = options
        let queue = CommitQueue(limit: options.maxQueuedCommits)
        self.queue = queue
        reader = Mutex(reading)
        readers = ReaderPool(path: path, options)

        let checkpointer = Checkpointer(path: path, busyTimeoutMs: options.busyTimeoutMs)
        let writer = WriterHandOver(CommitWriter(writing, maxGroup: options.maxGroup, checkpointer))
        let counters = counters
        var error: Int32 = 0
        let started = Thread(
            {
                var writer = writer.take()
                writer?.run(queue, counters)
            }, error: &error)
        thread = Mutex(started)
        guard started != nil else {
            throw .io(path: path, code: error, message: "pthread_create: no thread for the store")
        }
    }

    deinit { close() }

    static func openForWriting(_ path: String, _ options: Options) throws(StoreError) -> Connection {
        let connection = try Connection(path: path, busyTimeoutMs: options.busyTimeoutMs)
        // Before anything is written: a newer version's file stays as it is.
        let version = try Schema.integer("PRAGMA user_version", connection)
        guard version <= Schema.migrations.count else {
            throw .newerSchema(path: path, found: Int(version), supported: Schema.migrations.count)
        }
        try connection.execute(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;
            PRAGMA cache_size = -512; PRAGMA journal_size_limit = \(CheckpointPlan.keptBytes)
            """)
        try Schema.migrate(connection)
        if version > 0 {
            let mark = try connection.record(MetaRecord.self, key: CommitWriter.shutdownKey)
            if mark?.value != Array("clean".utf8) { try Schema.check(connection) }
        }
        try connection.put(MetaRecord(key: CommitWriter.shutdownKey, value: Array("open".utf8)), nil)
        return connection
    }

    package var statistics: Statistics {
        Statistics(
            calls: counters.calls.load(ordering: .relaxed), transactions: counters.transactions.load(ordering: .relaxed)
        )
    }

    package func enqueue(
        _ operations: [StoreOperation], completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
    ) -> StoreError? {
        queue.append(CommitCall(operations: operations, completion: completion))?.error
    }

    /// Waits until what was committed so far is durable or has failed. Blocks; not for completions.
    package func waitForCommits() {
        let done = WaitingQueue<Void>(limit: 1)
        commit([]) { _ in _ = done.append(()) }
        _ = done.takeFirst()
    }

    package func query(
        _ query: StoreQuery, completion: @escaping @Sendable (Result<StoreAnswer, StoreError>) -> Void
    ) {
        readers.ask(ReaderPool.Call(query: query, completion: completion))
    }

    package func load(nowMs: Int64, sessions: SessionSelection) throws(StoreError) -> StoreSnapshot {
        try read { connection throws(StoreError) in try connection.snapshot(nowMs: nowMs, sessions, options) }
    }

    package func sessions(after last: SessionRecord?, limit: Int) throws(StoreError) -> [SessionRecord] {
        try read { connection throws(StoreError) in try connection.sessions(after: last, limit: limit) }
    }

    package func session(key: String) throws(StoreError) -> SessionRecord? {
        try read { connection throws(StoreError) in try connection.record(SessionRecord.self, key: key) }
    }

    package func run(runId: String) throws(StoreError) -> RunRecord? {
        try read { connection throws(StoreError) in try connection.record(RunRecord.self, key: runId) }
    }

    package func result(runId: String) throws(StoreError) -> ResultRecord? {
        try read { connection throws(StoreError) in try connection.record(ResultRecord.self, key: runId) }
    }

    /// From a completion it only stops taking commits: the store's thread cannot wait for itself.
    package func close() {
        readers.close()
        queue.close()
        let current = thread.withLock { thread in
            defer { if thread?.isCurrent != true { thread = nil } }
            return thread
        }
        guard let current, !current.isCurrent else { return }
        reader.withLock { $0 = nil }
        current.join()
    }

    private func read<Value: Sendable>(
        _ body: (Connection) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        let result = reader.withLock { connection -> Result<Value, StoreError> in
            guard let connection else { return .failure(.closed) }
            do throws(StoreError) {
                return .success(try body(connection))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// Carries the writer to its thread, which takes it once.
private final class WriterHandOver: Sendable {
    private let writer: Mutex<CommitWriter?>

    init(_ writer: sending CommitWriter) { self.writer = Mutex(writer) }

    func take() -> sending CommitWriter? {
        writer.withLock { writer in
            let taken = writer
            writer = nil
            return taken
        }
    }
}
