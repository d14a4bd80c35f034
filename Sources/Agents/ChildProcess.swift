internal import CLinux
internal import Glibc
internal import Synchronization

/// A process that we started, until it has been reaped.
///
/// Usable from any thread. Dropping it neither ends nor reaps the process; a process that outlives its `ChildProcess`
/// is treated as adopted (see ``ProcessTree``).
package final class ChildProcess: Sendable {
    package let pid: Int32
    /// Readable once the process has exited; close-on-exec. Belongs to this object.
    package let pidfd: Int32
    /// Our ends of the pipes that the ``ProcessSpec`` asked for: non-blocking, close-on-exec. The owner closes them.
    package let standardInput: Int32?
    package let standardOutput: Int32?
    package let standardError: Int32?

    private let leadsGroup: Bool
    private let status = Mutex<ExitStatus?>(nil)

    init(
        pid: Int32, pidfd: Int32, leadsGroup: Bool, standardInput: Int32?, standardOutput: Int32?, standardError: Int32?
    ) {
        self.pid = pid
        self.pidfd = pidfd
        self.leadsGroup = leadsGroup
        self.standardInput = standardInput
        self.standardOutput = standardOutput
        self.standardError = standardError
    }

    /// Stands for a child that the program started before it was replaced by this one (`exec`).
    ///
    /// - Returns: nil when it is no child of ours.
    package static func adopt(_ pid: Int32, leadsGroup: Bool) -> ChildProcess? {
        guard ProcFiles.stat(of: pid)?.parent == getpid() else { return nil }
        let pidfd = sallyport_pidfd_open(pid)
        guard pidfd >= 0 else { return nil }
        guard (try? SpawnedChildren.register { pid }) != nil else {
            close(pidfd)
            return nil
        }
        return ChildProcess(
            pid: pid, pidfd: pidfd, leadsGroup: leadsGroup, standardInput: nil, standardOutput: nil, standardError: nil)
    }

    deinit {
        SpawnedChildren.forget(pid)
        close(pidfd)
    }

    /// The exit status if the process has ended, which frees its pid. Never blocks; repeats its answer.
    package func reap() -> ExitStatus? {
        status.withLock { status in
            if status == nil {
                status = Self.wait(pidfd, leavingZombie: false)
                if status != nil { SpawnedChildren.forget(pid) }
            }
            return status
        }
    }

    /// The exit status if the process has ended, leaving it unreaped, so that its group can still be signalled.
    package func peek() -> ExitStatus? {
        status.withLock { $0 ?? Self.wait(pidfd, leavingZombie: true) }
    }

    /// Signals the process alone. Does nothing once it has been reaped.
    package func signal(_ signal: Int32) {
        status.withLock { status in
            if status == nil { _ = sallyport_pidfd_signal(pidfd, signal) }
        }
    }

    /// Signals the process group that the child leads, including what is left of it after the child exited.
    ///
    /// Only an unreaped leader keeps its group id from being given to strangers, so this does nothing after ``reap()``,
    /// nor for a child that was not given a group of its own.
    package func signalGroup(_ signal: Int32) {
        guard leadsGroup else { return }
        status.withLock { status in
            if status == nil { _ = kill(-pid, signal) }
        }
    }

    static func wait(_ pidfd: Int32, leavingZombie: Bool) -> ExitStatus? {
        var killed: Int32 = 0
        var value: Int32 = 0
        switch unsafe sallyport_wait_pidfd(pidfd, leavingZombie ? 1 : 0, &killed, &value) {
        case 0: return nil
        case 1: return killed != 0 ? .signalled(value) : .exited(value)
        default: return .lost
        }
    }
}
