internal import Glibc

/// Things on their way from any thread to those that wait for them.
///
/// `Synchronization.Mutex` cannot wait for a condition, hence the two pthread objects. `@unchecked Sendable`:
/// everything mutable is touched only between `lock` and `unlock`.
@safe final class WaitingQueue<Item: Sendable>: @unchecked Sendable {
    enum Refusal: Equatable { case closed, full(limit: Int) }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private let limit: Int
    private var items: [Item] = []
    private var waiters = 0
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

    /// - Returns: Why the item was not taken, or `nil`.
    func append(_ item: Item) -> Refusal? {
        locked {
            if isClosed { return .closed }
            if items.count >= limit { return .full(limit: limit) }
            items.append(item)
            unsafe pthread_cond_signal(changed)
            return nil
        }
    }

    /// More items are here than threads wait for.
    var needsThread: Bool { locked { items.count > waiters } }

    /// Takes all items; `nil` once the queue is closed and empty.
    ///
    /// - Parameter waiting: Until there is one; otherwise there may be none.
    func takeAll(waiting: Bool = true) -> [Item]? {
        locked {
            if !waiting && items.isEmpty && !isClosed { return [] }
            guard waitForItems() else { return nil }
            defer { items = [] }
            return items
        }
    }

    /// Waits for an item; `nil` once the queue is closed and empty.
    func takeFirst() -> Item? {
        locked { waitForItems() ? items.removeFirst() : nil }
    }

    func close() {
        locked {
            isClosed = true
            unsafe pthread_cond_broadcast(changed)
        }
    }

    /// Hands over what nobody has taken.
    func drain() -> [Item] {
        locked {
            defer { items = [] }
            return items
        }
    }

    private func waitForItems() -> Bool {
        while items.isEmpty && !isClosed {
            waiters += 1
            unsafe pthread_cond_wait(changed, mutex)
            waiters -= 1
        }
        return !items.isEmpty
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }
}
