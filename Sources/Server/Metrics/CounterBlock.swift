internal import Synchronization

/// Numbers that one thread writes and any thread reads. Writing is a plain store: no lock, no locked instruction.
@safe final class CounterBlock: @unchecked Sendable {
    // @unchecked: the memory is fixed, and each number in it is atomic.
    private let numbers: UnsafeMutablePointer<Atomic<Int64>>
    private let count: Int

    init(count: Int) {
        self.count = count
        unsafe numbers = .allocate(capacity: count)
        for index in 0..<count { unsafe (numbers + index).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe numbers.deinitialize(count: count)
        unsafe numbers.deallocate()
    }

    /// By the one thread that writes.
    func add(_ amount: Int64 = 1, at index: Int) {
        precondition(index >= 0 && index < count, "there is no such number")
        let value = unsafe numbers[index].load(ordering: .relaxed)
        unsafe numbers[index].store(value &+ amount, ordering: .relaxed)
    }

    func set(_ value: Int64, at index: Int) {
        precondition(index >= 0 && index < count, "there is no such number")
        unsafe numbers[index].store(value, ordering: .relaxed)
    }

    subscript(index: Int) -> Int64 {
        precondition(index >= 0 && index < count, "there is no such number")
        return unsafe numbers[index].load(ordering: .relaxed)
    }
}
