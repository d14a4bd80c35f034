internal import CLinux
internal import Glibc

/// One thread's event loop: an epoll instance, timers and a mailbox.
///
/// Not `Sendable`: everything registered with a reactor is used on the thread that calls ``run()``. Other threads go
/// through ``handle``. One turn of the loop is: a batch of events (posted jobs among them), due timers, then what was
/// asked for by `afterBatch`. No lock is held while any of these run.
@safe package final class Reactor {
    package typealias Action = (Reactor) -> Void

    private static let batchSize = 512
    private static let wakeupData = UInt64.max
    private static let mailboxCapacityKept = 1024

    package let handle: ReactorHandle

    /// The time at which this turn's events were received; the clock is read once per turn.
    package private(set) var now: MonotonicInstant

    private let epoll: FileDescriptor
    private let events: UnsafeMutableRawPointer
    private var table = RegistrationTable()
    private var timers = TimerQueue<Action>()
    private var jobs: [ReactorHandle.Job] = []
    private var batchObservers: [any BatchObserver] = []
    private var notifiedObservers: [any BatchObserver] = []
    private var batchActions: [Action] = []
    private var stopping = false

    package init() throws(EventLoopError) {
        let descriptor = epoll_create1(sallyport_EPOLL_CLOEXEC)
        guard descriptor >= 0 else { throw .system(call: "epoll_create1", errno: errno) }
        epoll = FileDescriptor(owning: descriptor)
        handle = try ReactorHandle()
        now = .now()
        unsafe events = .allocate(byteCount: Self.batchSize * sallyport_epoll_event_size, alignment: 8)
        guard
            sallyport_epoll_ctl(
                descriptor, EPOLL_CTL_ADD, handle.wakeupDescriptor, sallyport_EPOLLIN, Self.wakeupData) == 0
        else { throw .system(call: "epoll_ctl", errno: errno) }
    }

    deinit {
        handle.stop()
        unsafe events.deallocate()
    }

    // MARK: Descriptors

    /// The number of registered descriptors.
    package var registrationCount: Int { table.count }

    /// Watches `descriptor`, which stays the caller's: deregister it before closing it.
    ///
    /// Level-triggered unless `interest` says otherwise. The reactor keeps `handler` alive until `deregister`.
    package func register(
        _ descriptor: Int32, for interest: Interest, handler: any EventHandler
    ) throws(EventLoopError) -> Registration {
        let registration = table.insert(handler, descriptor: descriptor, interest: interest)
        guard
            sallyport_epoll_ctl(
                epoll.raw, EPOLL_CTL_ADD, descriptor, interest.epollEvents, registration.epollData) == 0
        else {
            let code = errno
            _ = table.remove(registration)
            throw .system(call: "epoll_ctl", errno: code)
        }
        return registration
    }

    /// No system call when the interest is what it was. A stale registration is ignored.
    package func modify(_ registration: Registration, _ interest: Interest) {
        guard let descriptor = table.update(registration, to: interest) else { return }
        guard
            sallyport_epoll_ctl(
                epoll.raw, EPOLL_CTL_MOD, descriptor, interest.epollEvents, registration.epollData) == 0
        else { preconditionFailure("A descriptor was closed, or registered as exclusive, before it was modified.") }
    }

    /// Stops watching; events of the current batch that are still to be delivered are discarded. A stale registration
    /// is ignored.
    package func deregister(_ registration: Registration) {
        guard let slot = table.remove(registration) else { return }
        guard sallyport_epoll_ctl(epoll.raw, EPOLL_CTL_DEL, slot.descriptor, 0, 0) == 0
        else { preconditionFailure("A descriptor was closed before it was deregistered.") }
    }

    // MARK: Timers

    /// The number of armed timers.
    package var timerCount: Int { timers.count }

    /// Runs `action` once, in the first turn after `delay` has passed, counted from ``now``.
    @discardableResult
    package func schedule(after delay: Duration, _ action: @escaping Action) -> TimerToken {
        timers.insert(at: now + delay, action)
    }

    /// Runs `action` once, in the first turn at or after `deadline`; never earlier, and a millisecond later at most
    /// when the loop is idle.
    @discardableResult
    package func schedule(at deadline: MonotonicInstant, _ action: @escaping Action) -> TimerToken {
        timers.insert(at: deadline, action)
    }

    /// Does nothing when the timer has fired. A cancelled timer's action is destroyed at once.
    package func cancel(_ token: TimerToken) {
        _ = timers.remove(token)
    }

    // MARK: The end of a batch

    /// Runs `action` once, after the current turn's events and timers. What is asked for meanwhile runs in the next
    /// turn, which then follows without waiting.
    package func afterBatch(_ action: @escaping Action) {
        batchActions.append(action)
    }

    /// As `afterBatch` with a closure, and before those, without an allocation.
    package func afterBatch(_ observer: any BatchObserver) {
        batchObservers.append(observer)
    }

    // MARK: Running

    /// Runs until ``stop()``. Afterwards all registrations and timers are dropped, so that handlers which hold their
    /// reactor are freed; running again returns at once.
    package func run() {
        while !stopping {
            let count = unsafe sallyport_epoll_wait(epoll.raw, events, Int32(Self.batchSize), timeoutMilliseconds())
            precondition(count >= 0 || errno == EINTR, "epoll_wait failed on our own epoll descriptor.")
            now = .now()
            deliver(max(count, 0))
            fireTimers()
            endBatch()
        }
        drainMailbox()
        endBatch()
        _ = table.removeAll()
        _ = timers.removeAll()
        batchObservers = []
        batchActions = []
    }

    /// Ends ``run()`` with the current turn, after the jobs that are already posted.
    package func stop() {
        handle.stop()
        stopping = true
    }

    private func deliver(_ count: Int32) {
        for index in 0..<count {
            let data = unsafe sallyport_epoll_data(events, index)
            if data == Self.wakeupData {
                handle.clearWakeup()
                drainMailbox()
                continue
            }
            guard let handler = table.handler(for: Registration(epollData: data)) else { continue }
            handler.ready(Readiness(epollEvents: unsafe sallyport_epoll_events(events, index)), in: self)
        }
    }

    private func drainMailbox() {
        var taken: [ReactorHandle.Job] = []
        swap(&taken, &jobs)
        if handle.take(into: &taken) { stopping = true }
        for job in taken { job(self) }
        // The next exchange leaves this array in the mailbox: one burst must not hold memory for ever.
        taken.removeAll(keepingCapacity: taken.count <= Self.mailboxCapacityKept)
        swap(&taken, &jobs)
    }

    private func fireTimers() {
        let mark = timers.sequenceMark
        while let action = timers.popDue(now: now, armedBefore: mark) { action(self) }
    }

    private func endBatch() {
        if !batchObservers.isEmpty {
            swap(&batchObservers, &notifiedObservers)
            var observers: [any BatchObserver] = []
            swap(&observers, &notifiedObservers)
            for observer in observers { observer.batchEnded(in: self) }
            observers.removeAll(keepingCapacity: true)
            swap(&observers, &notifiedObservers)
        }
        guard !batchActions.isEmpty else { return }
        let actions = batchActions
        batchActions = []
        for action in actions { action(self) }
    }

    private func timeoutMilliseconds() -> Int32 {
        if !batchObservers.isEmpty || !batchActions.isEmpty { return 0 }
        guard let deadline = timers.earliestDeadline else { return -1 }
        // Read afresh: what the last turn took must not delay the timer. Rounded up, or the loop would spin through
        // the last millisecond.
        let remaining = (deadline - MonotonicInstant.now()).saturatingNanoseconds
        if remaining <= 0 { return 0 }
        return Int32(clamping: (remaining - 1) / 1_000_000 + 1)
    }
}
