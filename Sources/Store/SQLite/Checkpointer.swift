internal import Synchronization

/// A thread that copies the write-ahead log into the database. It starts when it is first needed.
final class Checkpointer: Sendable {
    private let path: String
    private let busyTimeoutMs: Int32
    private let requests = WaitingQueue<Void>(limit: 1)
    private let underWay = Atomic<Int>(0)
    private let thread = Mutex<Thread?>(nil)

    init(path: String, busyTimeoutMs: Int32) {
        self.path = path
        self.busyTimeoutMs = busyTimeoutMs
    }

    var isIdle: Bool { underWay.load(ordering: .acquiring) == 0 }

    func request() {
        underWay.add(1, ordering: .acquiringAndReleasing)
        guard requests.append(()) == nil else {
            // One that waits serves for both.
            underWay.subtract(1, ordering: .acquiringAndReleasing)
            return
        }
        thread.withLock { thread in
            guard thread == nil else { return }
            var error: Int32 = 0
            thread = Thread({ [self] in work() }, error: &error)
            // Without the thread the writer copies, once the log is long.
            if thread == nil {
                underWay.subtract(requests.drain().count, ordering: .acquiringAndReleasing)
            }
        }
    }

    func stop() {
        requests.close()
        thread.withLock { $0 }?.join()
    }

    private func work() {
        var connection: Connection?
        while requests.takeFirst() != nil {
            do throws(StoreError) {
                let open: Connection
                if let connection {
                    open = connection
                } else {
                    open = try Connection(path: path, busyTimeoutMs: busyTimeoutMs)
                    try open.execute("PRAGMA synchronous = FULL; PRAGMA cache_size = -64")
                    connection = open
                }
                try open.checkpoint()
            } catch {
                // Nothing is lost: it stays in the log, and a commit that finds no room says so.
                connection = nil
            }
            underWay.subtract(1, ordering: .acquiringAndReleasing)
        }
    }
}
