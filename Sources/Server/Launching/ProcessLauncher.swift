internal import Agents
internal import CLinux
internal import Crypto
internal import EventLoop
internal import Files
internal import Gateway
internal import Glibc
internal import Trust
internal import Wire

/// Runs workers as processes of their own, on the control reactor's thread.
///
/// A worker leads its process group and is a subreaper; we are one above it. So when a worker is gone, whatever it left
/// is either in its group or has become our child, and nothing remains. What a live worker's command leaves becomes that
/// worker's child, not ours: all that we adopt is left from workers that are gone.
final class ProcessLauncher: WorkerLauncher, @unchecked Sendable {
    // @unchecked: what can change is touched on the control reactor's thread only; the rest is immutable.

    struct Template: Sendable {
        var executable: String
        var directories: RunDirectories
        /// What isolated commands must not reach.
        var hidden: [String]
        var gatewayID: String
        var loopbackURL: String
        var pins: [String]
        var sharedToken: String?
        var certificatePath: String?
        var caBundlePath: String?
        var environment: [String: String]
    }

    /// Agents that wait for the next run of their session.
    private static let maxKept = 32
    /// Between the polite signal and the last one.
    private static let grace = Duration.seconds(5)

    private var template: Template
    private let host: CoreHost
    private let reactor: ReactorHandle
    private var workers: [String: WorkerProcess] = [:]
    private var removals: Set<ContainerRemoval> = []
    private var isStopping = false
    /// Children that the process had before it became a gateway, such as those of the shell that it replaced.
    private let inheritedChildren = Set(ProcessTree.children(of: getpid()))

    init(template: Template, host: CoreHost, reactor: ReactorHandle) {
        self.template = template
        self.host = host
        self.reactor = reactor
    }

    func launch(_ order: RunOrder) {
        reactor.enqueue { [self] reactor in start(order, in: reactor) }
    }

    func begin(runID: String, attempt: Int) {
        reactor.enqueue { [self] _ in
            guard let line = workers[runID]?.line, line.attempt == attempt else { return }
            line.begin()
        }
    }

    func stop(runID: String) {
        reactor.enqueue { [self] reactor in
            guard let worker = workers[runID] else {
                // Its worker was started by an earlier gateway; if that lives, it hears of the end by its connection.
                // If not, its command was left to nobody.
                ProcessTree.killProcesses(ofRunIn: template.directories.existing(runID: runID))
                template.directories.remove(runID: runID)
                return
            }
            worker.successor = nil
            worker.stop(after: Self.grace, in: reactor)
        }
    }

    /// What an earlier gateway, or a worker of it, has left: the directory tells whose it was, and a command that lives
    /// names it in its environment.
    func reconcile(unended: Set<String>) {
        reactor.enqueue { [self] reactor in
            closeOutdated(in: reactor)
            for directory in template.directories.paths(besides: unended.union(workers.keys)) {
                // A run that was accepted since is not among those that were unended then.
                guard !workers.values.contains(where: { $0.directory == directory }),
                    !isAtRun(directory, of: unended)
                else { continue }
                ProcessTree.killProcesses(ofRunIn: directory)
                Files.removeTree(directory)
            }
        }
    }

    /// Asks for the end of all workers, and starts no more. To be called on the control reactor's thread.
    func stopAll(in reactor: Reactor) {
        isStopping = true
        for worker in workers.values {
            worker.successor = nil
            worker.stop(after: Self.grace, in: reactor)
        }
    }

    /// Leaves the workers that there are alone, and starts no more. To be called on the control reactor's thread.
    func startNoMore() { isStopping = true }

    /// What is left of the workers, for the gateway that takes our place.
    func release() -> [Handover.Worker] {
        workers.values.map { Handover.Worker(runID: $0.runID, pid: $0.pid) }
    }

    /// Takes over the workers of the gateway whose place we have taken in this process.
    func adopt(_ inherited: [Handover.Worker]) {
        reactor.enqueue { [self] reactor in
            for entry in inherited {
                guard let child = ChildProcess.adopt(entry.pid, leadsGroup: true) else { continue }
                let directory = template.directories.existing(runID: entry.runID)
                let worker = WorkerProcess(
                    runID: entry.runID, process: child, directory: directory, markPath: markPath(directory),
                    inheritedChildren: inheritedChildren
                ) {
                    [weak self] worker, status, reactor in
                    self?.ended(worker, status, in: reactor)
                }
                workers[entry.runID] = worker
                try? worker.watch(in: reactor)
            }
        }
    }

    /// Takes up the workers that a gateway has started which is gone, and says of which of these runs there is none.
    func find(workersOf begun: Set<String>) {
        reactor.enqueue { [self] reactor in
            // Of two attempts at one run the later one counts.
            let marks = WorkerMark.all(in: template.directories.state.marksDirectory)
            for (path, mark) in marks.sorted(by: { $0.mark.attempt > $1.mark.attempt }) {
                let known = workers[mark.runID]
                guard known?.pid != mark.process.pid else { continue }
                guard let process = FoundProcess(mark.process) else {
                    Files.remove(path)
                    continue
                }
                guard known == nil, host.isUnended(run: mark.runID) else {
                    process.signal(SIGTERM)
                    continue
                }
                let worker = WorkerProcess(
                    runID: mark.runID, process: process, directory: mark.directory, markPath: path,
                    inheritedChildren: inheritedChildren
                ) {
                    [weak self] worker, status, reactor in
                    self?.ended(worker, status, in: reactor)
                }
                workers[mark.runID] = worker
                try? worker.watch(in: reactor)
            }
            for runID in begun.subtracting(workers.keys).sorted() {
                host.run { core, nowMs in
                    core.workerExited(runID: runID, how: "it did not outlive the gateway", nowMs: nowMs)
                }
            }
        }
    }

    /// Pins for workers to come. To be called on the control reactor's thread.
    func replacePins(_ pins: [String]) {
        template.pins = pins
    }

    /// The shared secret for workers to come. To be called on the control reactor's thread.
    func replaceSecret(_ secret: String?) {
        template.sharedToken = secret
    }

    var isIdle: Bool { workers.isEmpty && removals.isEmpty }

    private func start(_ order: RunOrder, in reactor: Reactor) {
        // An order waits for its commit, a stop does not: the run may have ended since.
        guard !isStopping, host.isUnended(run: order.runID) else { return }
        // A worker that was stopped may still be on its way out; its successor waits for it, but not for its grace: it
        // has attached to nothing and so has nothing to put in order.
        if let old = workers[order.runID] {
            old.successor = order
            old.stopNow()
            return
        }
        if case .worker(let order) = order, goesOn(order, in: reactor) { return }
        let directory = template.directories.path(runID: order.runID, order.isolation)
        do {
            try Files.makeDirectory(directory)
            var kept: WorkerProcess.Kept?
            let child =
                switch order {
                case .worker(let order): try spawn(order, directory: directory, &kept, in: reactor)
                case .local(let order): try spawn(order, directory: directory)
                }
            let worker = WorkerProcess(
                runID: order.runID, process: child, directory: directory, markPath: markPath(directory),
                inheritedChildren: inheritedChildren
            ) {
                [weak self] worker, status, reactor in
                self?.ended(worker, status, in: reactor)
            }
            worker.kept = kept
            workers[order.runID] = worker
            try worker.watch(in: reactor)
            if case .local(let order) = order {
                do {
                    worker.line = try LocalLine(order, child, host: host, in: reactor)
                } catch {
                    worker.stopNow()
                    throw error
                }
            }
        } catch {
            Files.removeTree(directory)
            workers[order.runID] = nil
            let why = "cannot start the worker: \(error)"
            host.run { core, nowMs in core.launchFailed(runID: order.runID, why: why, nowMs: nowMs) }
        }
    }

    private func markPath(_ directory: String) -> String {
        WorkerMark.path(in: template.directories.state.marksDirectory, directory: directory)
    }

    private func spawn(
        _ order: LaunchOrder, directory: String, _ kept: inout WorkerProcess.Kept?, in reactor: Reactor
    ) throws -> ChildProcess {
        let orders = order.kept == nil || keptWorker(of: order.sessionKey) != nil ? nil : OrderPipe()
        if orders != nil { makeRoomForKept(in: reactor) }
        if let agent = order.kept, let orders {
            kept = WorkerProcess.Kept(sessionKey: order.sessionKey, agent: agent, orders: orders)
        }
        defer { orders?.closeReadingEnd() }
        return try ChildProcess.spawnWorker(
            bootstrap(order, directory: directory, isKept: orders != nil), executable: template.executable,
            environment: template.environment, furtherOrders: orders?.readingEnd)
    }

    private func bootstrap(_ order: LaunchOrder, directory: String, isKept: Bool) -> WorkerBootstrap {
        var bootstrap = WorkerBootstrap(
            url: order.gatewayURL ?? template.loopbackURL, pins: template.pins,
            token: order.usesSharedToken ? template.sharedToken ?? order.runToken : order.runToken,
            seed: Base64URL.encode(order.identity.key.seed), runToken: order.runToken, sessionKey: order.sessionKey,
            runID: order.runID, gatewayID: template.gatewayID, grants: order.grants, directory: directory,
            certificatePath: template.certificatePath, caBundlePath: template.caBundlePath,
            inheritsToken: order.inheritsSharedToken, attempt: order.attempt,
            hidden: order.isolation.isSandbox ? template.hidden : [], markPath: markPath(directory))
        if isKept { bootstrap.keptMs = order.kept?.idleMs }
        return bootstrap
    }

    private func spawn(_ order: LocalOrder, directory: String) throws -> ChildProcess {
        let bootstrap = LocalBootstrap(
            runID: order.runID, sessionKey: order.sessionKey, gatewayID: template.gatewayID, directory: directory,
            hidden: order.isolation.isSandbox ? template.hidden : [], work: order.work)
        return try ChildProcess.spawnLocal(
            bootstrap, executable: template.executable, environment: template.environment)
    }

    private func ended(_ worker: WorkerProcess, _ status: ExitStatus, in reactor: Reactor) {
        workers[worker.runID] = nil
        Files.removeTree(worker.directory)
        Files.remove(worker.markPath)
        let runID = worker.runID
        if !status.isSuccess { removeContainer(worker, in: reactor) }
        if let successor = worker.successor {
            start(successor, in: reactor)
        } else if !worker.isStopping {
            // The end of one that the core had us stop is no news, and would pass for that of the next attempt.
            host.run { core, nowMs in core.workerExited(runID: runID, how: "\(status)", nowMs: nowMs) }
        }
    }

    // MARK: - Agents that are kept

    private func keptWorker(of sessionKey: String) -> WorkerProcess? {
        workers.values.first { $0.kept?.sessionKey == sessionKey && !$0.isStopping }
    }

    /// Ends the process that has waited for longest, where as many wait as may.
    private func makeRoomForKept(in reactor: Reactor) {
        let idle = workers.values.filter { $0.kept != nil && !$0.isStopping && !host.isUnended(run: $0.runID) }
        guard idle.count >= Self.maxKept, let oldest = idle.min(by: { $0.givenAt < $1.givenAt }) else { return }
        oldest.stop(after: Self.grace, in: reactor)
    }

    /// Gives a run to the worker that has its session's agent, where there is one that fits; one that does not is ended.
    private func goesOn(_ order: LaunchOrder, in reactor: Reactor) -> Bool {
        guard let worker = keptWorker(of: order.sessionKey), let kept = worker.kept, !host.isUnended(run: worker.runID)
        else { return false }
        guard let wanted = order.kept, wanted.sessionID == kept.agent.sessionID, wanted.terms == kept.agent.terms,
            kept.orders.write(bootstrap(order, directory: worker.directory, isKept: true))
        else {
            worker.stop(after: Self.grace, in: reactor)
            return false
        }
        workers[worker.runID] = nil
        worker.runID = order.runID
        worker.givenAt = .now()
        workers[order.runID] = worker
        return true
    }

    /// Ends the worker that waits for the next run of a session.
    func closeKept(sessionKey: String) {
        reactor.enqueue { [self] reactor in keptWorker(of: sessionKey)?.stop(after: Self.grace, in: reactor) }
    }

    /// Ends those whose session is no more what it was.
    private func closeOutdated(in reactor: Reactor) {
        for worker in workers.values {
            guard let kept = worker.kept, !worker.isStopping, !host.mayKeepAgent(of: kept.sessionKey, kept.agent) else {
                continue
            }
            // One that is at a run ends with it.
            if !host.isUnended(run: worker.runID) { worker.stop(after: Self.grace, in: reactor) }
        }
    }

    /// Whether a directory is that of a worker that another gateway has left at a later run than its first.
    private func isAtRun(_ directory: String, of unended: Set<String>) -> Bool {
        guard let bytes = try? Files.read(directory + "/" + CurrentRun.fileName, maxBytes: CurrentRun.maxBytes),
            let run = CurrentRun(bytes)
        else { return false }
        return unended.contains(run.runID)
    }

    // MARK: - Containers

    /// What a worker that was killed could not end: a container is no process of ours.
    private func removeContainer(_ worker: WorkerProcess, in reactor: Reactor) {
        let isolation = host.isolation(ofRun: worker.runID)
        guard isolation.kind == .container, let container = isolation.container else { return }
        let name = ContainerRun.name(gatewayID: template.gatewayID, directory: worker.directory)
        let words = ContainerRun.removal(container, name: name)
        guard
            let child = try? ChildProcess.spawn(
                ProcessSpec(
                    executable: words[0], arguments: Array(words.dropFirst()), environment: template.environment,
                    workingDirectory: "/"))
        else { return }
        let removal = ContainerRemoval(child) { [weak self] in self?.removals.remove($0) }
        removals.insert(removal)
        removal.watch(in: reactor)
    }
}
