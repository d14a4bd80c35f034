internal import Agents
internal import CLinux
internal import Files
internal import Glibc
internal import Wire

/// The worker process of one run on this host.
final class PoolChild {
    let runID: String
    let attempt: Int
    let directory: String
    /// Where it says which process it is.
    let markPath: String
    private let process: any SupervisedProcess
    /// When it is ended for good.
    private(set) var killAt: ContinuousClock.Instant?
    /// Once it has ended: the command that removes what it could not, empty when there is nothing.
    private(set) var removal: [String] = []

    var pidfd: Int32 { process.pidfd }

    init(_ bootstrap: WorkerBootstrap, markPath: String, executable: String, environment: [String: String]) throws {
        runID = bootstrap.runID
        attempt = bootstrap.attempt
        directory = bootstrap.directory
        self.markPath = markPath
        try Files.makeDirectory(directory)
        process = try ChildProcess.spawnWorker(bootstrap, executable: executable, environment: environment)
    }

    /// One that an earlier life of this pool worker has started.
    /// - Returns: nil when it is gone.
    init?(_ mark: WorkerMark, markPath: String) {
        guard let process = FoundProcess(mark.process) else { return nil }
        self.process = process
        runID = mark.runID
        attempt = mark.attempt
        directory = mark.directory
        self.markPath = markPath
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

    /// How it ended; nil while it runs. Its group goes with it, and what else names its directory.
    func end() -> ExitStatus? {
        guard process.peek() != nil else { return nil }
        // While the leader is unreaped its group's number cannot be given to anybody else.
        process.signalGroup(SIGKILL)
        let status = process.reap()
        // Of one that was found we adopt nothing.
        if process is FoundProcess { ProcessTree.killProcesses(ofRunIn: directory) }
        if status?.isSuccess != true { removal = WorkerMark.read(markPath)?.removal ?? [] }
        Files.removeTree(directory)
        Files.remove(markPath)
        return status
    }
}
