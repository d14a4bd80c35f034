internal import CLinux
internal import Glibc

/// Everything below the calling process, including what it adopts: used to leave nothing behind.
package enum ProcessTree {
    /// What one look at the adopted children did.
    package struct Sweep: Equatable, Sendable {
        package var reaped = 0
        /// Killed just now, but not dead yet.
        package var remaining = 0
    }

    /// From now on orphans anywhere below become our children instead of init's (`PR_SET_CHILD_SUBREAPER`), however
    /// often they forked or called `setsid`. For the whole process; not inherited by children.
    package static func becomeSubreaper() throws(AgentError) {
        guard sallyport_become_subreaper() == 0 else {
            throw .system(call: "prctl(PR_SET_CHILD_SUBREAPER)", errno: errno)
        }
    }

    /// Keeps other processes of the same user from reading our memory, descriptors and environment, and forbids core
    /// dumps (`PR_SET_DUMPABLE` 0). Children do not inherit it.
    package static func makeUndumpable() throws(AgentError) {
        guard sallyport_make_undumpable() == 0 else { throw .system(call: "prctl(PR_SET_DUMPABLE)", errno: errno) }
    }

    /// Lets the kernel signal us when the thread that started us ends (`PR_SET_PDEATHSIG`).
    ///
    /// - Parameter parent: Whom we expect as parent, or `nil` not to check.
    /// - Returns: `false` when that parent is gone already, so that no signal will come.
    package static func setParentDeathSignal(_ signal: Int32, expectedParent parent: Int32? = nil) throws(AgentError)
        -> Bool
    {
        guard sallyport_set_parent_death_signal(signal) == 0 else {
            throw .system(call: "prctl(PR_SET_PDEATHSIG)", errno: errno)
        }
        guard let parent else { return true }
        return getppid() == parent
    }

    /// Pids of the direct children, zombies included. A list of a moment: children come and go meanwhile.
    package static func children(of pid: Int32) -> [Int32] {
        ProcFiles.processIDs().filter { ProcFiles.stat(of: $0)?.parent == pid }
    }

    /// Kills and reaps adopted children until none is left or `timeout` has passed. What they leave orphaned is adopted
    /// in turn, so whole trees go. Blocks; see ``sweepAdoptedChildren(excluding:matchingEnvironment:)`` for one step of
    /// it.
    ///
    /// - Returns: How many were reaped.
    @discardableResult
    package static func killAdoptedChildren(
        excluding known: Set<Int32> = [], matchingEnvironment entry: String? = nil, timeout: Duration = .seconds(2)
    ) -> Int {
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        var reaped = 0
        while true {
            let sweep = sweepAdoptedChildren(excluding: known, matchingEnvironment: entry)
            reaped += sweep.reaped
            if sweep.remaining == 0 || clock.now >= deadline { return reaped }
            _ = poll(nil, 0, 2)
        }
    }

    /// What tells a run's processes from all others on this machine: runs of two gateways may have one id, never one
    /// directory.
    package static func mark(ofRunIn directory: String) -> String { "SALLYPORT_STATE_DIR=\(directory)" }

    /// Kills (SIGKILL) every process that was started for the run with this private directory, whoever its parent is:
    /// what is left of a tree whose root was not ours. Does not wait.
    package static func killProcesses(ofRunIn directory: String) {
        let entry = mark(ofRunIn: directory)
        for pid in ProcFiles.processIDs() where pid != getpid() {
            let pidfd = sallyport_pidfd_open(pid)
            guard pidfd >= 0 else { continue }
            defer { close(pidfd) }
            // Read after the process was pinned, so that it is this one that gets the signal.
            guard ProcFiles.environment(of: pid, contains: entry) else { continue }
            _ = sallyport_pidfd_signal(pidfd, SIGKILL)
        }
    }

    /// Kills (SIGKILL) every adopted child once, and reaps those that are dead. Does not wait.
    ///
    /// - Parameters:
    ///   - known: Children to leave alone besides those that a live ``ChildProcess`` stands for.
    ///   - entry: `NAME=value`; only children that were started with exactly this in their environment are killed. Dead
    ///     ones are reaped in any case, since nobody else will.
    package static func sweepAdoptedChildren(
        excluding known: Set<Int32> = [], matchingEnvironment entry: String? = nil
    ) -> Sweep {
        // A child that is started or reaped between these lines is in one of the two snapshots.
        let before = SpawnedChildren.snapshot()
        let candidates = children(of: getpid())
        let ours = before.union(SpawnedChildren.snapshot()).union(known)

        var sweep = Sweep()
        for pid in candidates where !ours.contains(pid) {
            let pidfd = sallyport_pidfd_open(pid)
            guard pidfd >= 0 else { continue }
            defer { close(pidfd) }
            switch ChildProcess.wait(pidfd, leavingZombie: false) {
            case .exited, .signalled:
                sweep.reaped += 1
            case .lost:
                // Not our child any more: the pid was reaped and given to a stranger.
                continue
            case nil:
                if let entry, !ProcFiles.environment(of: pid, contains: entry) { continue }
                guard sallyport_pidfd_signal(pidfd, SIGKILL) == 0 else { continue }
                sweep.remaining += 1
            }
        }
        return sweep
    }
}
