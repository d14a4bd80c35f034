internal import CLinux
internal import Glibc
internal import Synchronization

/// How other threads talk to a reactor: jobs in a mailbox, run in order on the reactor's thread.
///
/// Outlives the reactor harmlessly; what is posted then is dropped.
package final class ReactorHandle: Sendable {
    package typealias Job = @Sendable (Reactor) -> Void

    private struct Mailbox {
        var jobs: [Job] = []
        var stopped = false
    }

    private let mailbox = Mutex(Mailbox())
    private let wakeup: FileDescriptor

    internal init() throws(EventLoopError) {
        let descriptor = sallyport_eventfd()
        guard descriptor >= 0 else { throw .system(call: "eventfd", errno: errno) }
        wakeup = FileDescriptor(owning: descriptor)
    }

    internal var wakeupDescriptor: Int32 { wakeup.raw }

    /// Runs `job` on the reactor's thread, after all jobs posted before it by this thread.
    ///
    /// After ``stop()`` the job is dropped, and with it what it captured: resources belong into captured owners that
    /// free them when they are destroyed.
    package func enqueue(_ job: @escaping Job) {
        let mustWake = mailbox.withLock { mailbox -> Bool in
            guard !mailbox.stopped else { return false }
            mailbox.jobs.append(job)
            return mailbox.jobs.count == 1
        }
        if mustWake { wake() }
    }

    /// Ends the reactor's `run()` after the jobs that are already posted.
    package func stop() {
        let mustWake = mailbox.withLock { mailbox -> Bool in
            defer { mailbox.stopped = true }
            return !mailbox.stopped
        }
        if mustWake { wake() }
    }

    package var isStopped: Bool {
        mailbox.withLock { $0.stopped }
    }

    /// Takes all jobs in one go, leaving `spare` (empty, with its capacity) in their place.
    /// - Returns: whether the reactor has to stop.
    internal func take(into spare: inout [Job]) -> Bool {
        mailbox.withLock { mailbox in
            swap(&mailbox.jobs, &spare)
            return mailbox.stopped
        }
    }

    internal func clearWakeup() {
        var count: UInt64 = 0
        _ = unsafe read(wakeup.raw, &count, 8)
    }

    private func wake() {
        var one: UInt64 = 1
        // Fails only when the counter is near 2^64, and then the reactor is awake anyway.
        _ = unsafe write(wakeup.raw, &one, 8)
    }
}
