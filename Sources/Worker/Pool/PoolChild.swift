internal import Agents
internal import CLinux
internal import Files
internal import Glibc
internal import Wire

/// The worker process of one run on this host.
final class PoolChild {
    let order: PoolOrder
    let directory: String
    private let process: ChildProcess
    /// When it is ended for good.
    private(set) var killAt: ContinuousClock.Instant?

    var pidfd: Int32 { process.pidfd }

    init(_ order: PoolOrder, _ bootstrap: WorkerBootstrap, executable: String, environment: [String: String]) throws {
        self.order = order
        directory = bootstrap.directory
        try Files.makeDirectory(directory)
        process = try ChildProcess.spawnWorker(bootstrap, executable: executable, environment: environment)
    }

    /// Asks it to end; ends it for good when it does not.
    func stop(within grace: Duration) {
        guard killAt == nil else { return }
        killAt = ContinuousClock.now + grace
        process.signal(SIGTERM)
    }

    func killNow() {
        killAt = ContinuousClock.now
        process.signalGroup(SIGKILL)
    }

    func advance() {
        if let killAt, ContinuousClock.now >= killAt { process.signalGroup(SIGKILL) }
    }

    /// How it ended; nil while it runs. Its group goes with it.
    func end() -> ExitStatus? {
        guard process.peek() != nil else { return nil }
        // While the leader is unreaped its group's number cannot be given to anybody else.
        process.signalGroup(SIGKILL)
        return process.reap()
    }
}
