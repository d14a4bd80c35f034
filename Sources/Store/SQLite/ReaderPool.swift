internal import Synchronization

/// Threads that answer queries, each with a connection of its own. None is there before the first query.
final class ReaderPool: Sendable {
    struct Call: Sendable {
        let query: StoreQuery
        let completion: @Sendable (Result<StoreAnswer, StoreError>) -> Void
    }

    private let path: String
    private let busyTimeoutMs: Int32
    private let maxThreads: Int
    private let queue: WaitingQueue<Call>
    private let threads = Mutex<[Thread]>([])

    init(path: String, _ options: SQLiteStore.Options) {
        self.path = path
        busyTimeoutMs = options.busyTimeoutMs
        maxThreads = max(options.maxReaders, 1)
        queue = WaitingQueue(limit: options.maxQueuedQueries)
    }

    func ask(_ call: Call) {
        if let refusal = queue.append(call) { return call.completion(.failure(refusal.error)) }
        guard queue.needsThread else { return }
        let failed = threads.withLock { threads -> Int32? in
            guard threads.count < maxThreads else { return nil }
            var error: Int32 = 0
            let reader = Reader(path: path, busyTimeoutMs: busyTimeoutMs)
            if let thread = Thread({ [queue] in reader.run(queue) }, error: &error) {
                threads.append(thread)
                return nil
            }
            // Those that run will come to it.
            return threads.isEmpty ? error : nil
        }
        guard let failed else { return }
        let error = StoreError.io(path: path, code: failed, message: "pthread_create: no thread for reading")
        for call in queue.drain() { call.completion(.failure(error)) }
    }

    /// Waits for queries that are under way; fails the others. From a completion it does not wait.
    func close() {
        queue.close()
        for call in queue.drain() { call.completion(.failure(.closed)) }
        let ended = threads.withLock { threads in
            let others = threads.filter { !$0.isCurrent }
            threads.removeAll { !$0.isCurrent }
            return others
        }
        for thread in ended { thread.join() }
    }
}

/// Lives on one thread.
private struct Reader: Sendable {
    let path: String
    let busyTimeoutMs: Int32

    func run(_ queue: WaitingQueue<ReaderPool.Call>) {
        var connection: Connection?
        while let call = queue.takeFirst() {
            do throws(StoreError) {
                call.completion(.success(try open(&connection).answer(call.query)))
            } catch {
                // A file that was unreadable may be well again, for a new connection.
                connection = nil
                call.completion(.failure(error))
            }
        }
    }

    private func open(_ connection: inout Connection?) throws(StoreError) -> Connection {
        if let connection { return connection }
        let new = try Connection(readingFrom: path, busyTimeoutMs: busyTimeoutMs)
        connection = new
        return new
    }
}
