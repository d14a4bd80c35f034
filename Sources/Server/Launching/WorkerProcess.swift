internal import Agents
internal import EventLoop
internal import Gateway
internal import Glibc

/// One worker process, until nothing of it is left.
final class WorkerProcess: EventHandler {
    struct Kept {
        let sessionKey: String
        let agent: KeptAgent
        let orders: OrderPipe
    }

    typealias Ended = (WorkerProcess, ExitStatus, Reactor) -> Void

    private static let sweepInterval = Duration.milliseconds(20)
    private static let maxSweeps = 100

    /// That it is at, or was at last.
    var runID: String
    /// When it was given its run.
    var givenAt = MonotonicInstant.now()
    var pid: Int32 { process.pid }
    /// Of the first run that it was given; stands in the environment of all that it has started.
    let directory: String
    let markPath: String
    var successor: RunOrder?
    /// Of a worker whose agent is kept for further runs of its session.
    var kept: Kept?
    /// Of a local run: what its supervisor says.
    var line: LocalLine?
    private let process: any SupervisedProcess
    private let onEnd: Ended
    private var registration: Registration?
    private(set) var isStopping = false
    private let inheritedChildren: Set<Int32>

    init(
        runID: String, process: any SupervisedProcess, directory: String, markPath: String,
        inheritedChildren: Set<Int32>, onEnd: @escaping Ended
    ) {
        self.inheritedChildren = inheritedChildren
        self.runID = runID
        self.process = process
        self.directory = directory
        self.markPath = markPath
        self.onEnd = onEnd
    }

    func watch(in reactor: Reactor) throws(EventLoopError) {
        registration = try reactor.register(process.pidfd, for: .read, handler: self)
    }

    func stop(after grace: Duration, in reactor: Reactor) {
        guard !isStopping else { return }
        isStopping = true
        process.signal(SIGTERM)
        _ = reactor.schedule(after: grace) { [weak self] _ in self?.process.signalGroup(SIGKILL) }
    }

    func stopNow() {
        isStopping = true
        process.signalGroup(SIGKILL)
    }

    func ready(_ events: Readiness, in reactor: Reactor) {
        guard let status = process.peek() else { return }
        if let registration { reactor.deregister(registration) }
        registration = nil
        // While the leader is unreaped its group's number cannot be given to anybody else.
        process.signalGroup(SIGKILL)
        _ = process.reap()
        // Of one that was found we adopt nothing.
        if process is FoundProcess { ProcessTree.killProcesses(ofRunIn: directory) }
        sweep(status, round: 0, in: reactor)
    }

    /// What escaped from the group has become our child. Process 1 adopts strangers as well, so there the run's
    /// directory in the environment has to tell them apart, which a command can evade.
    private func sweep(_ status: ExitStatus, round: Int, in reactor: Reactor) {
        let entry = getpid() == 1 ? ProcessTree.mark(ofRunIn: directory) : nil
        let left = ProcessTree.sweepAdoptedChildren(excluding: inheritedChildren, matchingEnvironment: entry).remaining
        guard left > 0, round < Self.maxSweeps else {
            line?.finish(in: reactor)
            onEnd(self, status, reactor)
            return
        }
        _ = reactor.schedule(after: Self.sweepInterval) { [self] reactor in
            sweep(status, round: round + 1, in: reactor)
        }
    }
}
