import Foundation

/// Runs tasks on one thread of its own, on which they may wait for sockets and processes. The threads of Swift's own
/// pool, of which there are as many as processors, must not.
final class ThreadExecutor: TaskExecutor, @unchecked Sendable {
    // @unchecked: `jobs` and `isFinished` are touched under the condition's lock only.
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var isFinished = false

    /// - Parameter setUp: what the thread does first, for state that belongs to a thread.
    init(setUp: @escaping @Sendable () -> Void = {}) {
        let thread = Thread { [self] in
            setUp()
            while let job = next() { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
        thread.stackSize = 4 << 20
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            jobs.append(job)
            condition.signal()
        }
    }

    /// Lets the thread end once it has nothing to do. Nothing may be enqueued afterwards.
    func finish() {
        condition.withLock {
            isFinished = true
            condition.signal()
        }
    }

    private func next() -> UnownedJob? {
        condition.withLock {
            while jobs.isEmpty, !isFinished { condition.wait() }
            return jobs.isEmpty ? nil : jobs.removeFirst()
        }
    }
}

/// Runs `body` on a thread of its own.
func onThread<Value>(
    setUp: @escaping @Sendable () -> Void = {}, _ body: () async throws -> Value
) async throws -> Value {
    let executor = ThreadExecutor(setUp: setUp)
    defer { executor.finish() }
    return try await withTaskExecutorPreference(executor) { try await body() }
}
