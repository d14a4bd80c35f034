internal import Glibc

/// Commits on their way from any thread to the writer's.
///
/// `Synchronization.Mutex` cannot wait for a condition, hence the two pthread objects. `@unchecked Sendable`:
/// everything mutable is touched only between `lock` and `unlock`.
@safe final class CommitQueue: @unchecked Sendable {
    struct Call: Sendable {
        let operations: [StoreOperation]
        let completion: @Sendable (Result<Void, StoreError>) -> Void
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private let limit: Int
    private var calls: [Call] = []
    private var isClosed = false

    init(limit: Int) {
        self.limit = limit
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe changed = .allocate(capacity: 1)
        unsafe changed.initialize(to: pthread_cond_t())
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe changed.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// - Returns: Why the call was not taken, or `nil`.
    func append(_ call: Call) -> StoreError? {
        locked {
            if isClosed { return .closed }
            if calls.count >= limit { return .overloaded(limit: limit) }
            calls.append(call)
            unsafe pthread_cond_signal(changed)
            return nil
        }
    }

    /// Waits for calls and takes all of them; `nil` once the queue is closed and empty.
    func takeAll() -> [Call]? {
        locked {
            while calls.isEmpty && !isClosed { unsafe pthread_cond_wait(changed, mutex) }
            guard !calls.isEmpty else { return nil }
            defer { calls = [] }
            return calls
        }
    }

    func close() {
        locked {
            isClosed = true
            unsafe pthread_cond_signal(changed)
        }
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }
}
