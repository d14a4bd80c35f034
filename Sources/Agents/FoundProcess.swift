internal import CLinux
internal import Glibc

/// A process that runs and is no child of ours: we can wait for its end and signal it, but not learn how it ended.
package final class FoundProcess: SupervisedProcess {
    package let pid: Int32
    /// Close-on-exec; belongs to this object.
    package let pidfd: Int32

    /// - Returns: nil when the process is gone.
    package init?(_ mark: ProcessMark) {
        let pidfd = sallyport_pidfd_open(mark.pid)
        guard pidfd >= 0 else { return nil }
        // Looked at after it was pinned, so that it is this one that we have.
        guard mark.isAlive else {
            close(pidfd)
            return nil
        }
        pid = mark.pid
        self.pidfd = pidfd
    }

    deinit { close(pidfd) }

    package func peek() -> ExitStatus? {
        var polled = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, 0) > 0 ? .lost : nil
    }

    package func reap() -> ExitStatus? { peek() }
    package func signal(_ signal: Int32) { _ = sallyport_pidfd_signal(pidfd, signal) }

    /// The process alone: nothing keeps the number of its group from being given to others. What else is in it is found by
    /// its environment (``ProcessTree/killProcesses(matchingEnvironment:)``).
    package func signalGroup(_ signal: Int32) { self.signal(signal) }
}
