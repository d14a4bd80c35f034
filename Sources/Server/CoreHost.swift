internal import EventLoop
internal import Gateway
internal import JSON
internal import Store
internal import Synchronization
internal import Wire

/// The core behind its lock, and whoever performs what it decides. Shared by all threads.
///
/// The lock is held for a decision only: no I/O, no cryptography of peers, no waiting.
package final class CoreHost: Sendable {
    let logger: Logger
    let clock: GatewayClock
    let policy: HelloOKPolicy
    private let core: Mutex<GatewayCore>
    private let store: any Store
    private let zones: ZoneDirectory
    private let reactors = Mutex<[ReactorAddress]>([])
    private let launcher = Mutex<(any WorkerLauncher)?>(nil)
    private let configurationDesk = Mutex<(any ConfigurationDesk)?>(nil)
    private let budget: Mutex<ConnectionBudget>
    /// What peers did wrong goes here.
    let refusals: RefusalLog
    let metrics: ServerMetrics
    let serverVersion: String
    let streamLogs: StreamLogWriter
    let preauth: Mutex<PreauthBudget>
    let preauthLimit: Int
    private let ready = Atomic<Bool>(false)

    typealias HelloOKPolicy = HelloOK.Policy

    /// How to reach a reactor's context. The context itself is only ever touched on its own thread.
    struct ReactorAddress: @unchecked Sendable {
        let handle: ReactorHandle
        let context: ReactorContext
        let inbox: Inbox
    }

    init(
        core: GatewayCore, store: any Store, logger: Logger, clock: GatewayClock, zones: ZoneDirectory,
        maxConnections: Int, preauthLimit: Int, metrics: ServerMetrics = ServerMetrics(reactors: 1)
    ) {
        self.metrics = metrics
        serverVersion = core.settings.serverVersion
        streamLogs = StreamLogWriter(stateDirectory: core.settings.stateDirectory)
        self.zones = zones
        policy = core.settings.connectionPolicy
        self.core = Mutex(core)
        self.store = store
        self.logger = logger
        self.clock = clock
        budget = Mutex(ConnectionBudget(limit: maxConnections))
        refusals = RefusalLog(logger: logger)
        self.preauthLimit = preauthLimit
        preauth = Mutex(PreauthBudget(limit: preauthLimit))
    }

    var isReady: Bool { ready.load(ordering: .relaxed) }

    func attach(_ addresses: [ReactorAddress], launcher: any WorkerLauncher) {
        reactors.withLock { $0 = addresses }
        self.launcher.withLock { $0 = launcher }
    }

    func markReady() { ready.store(true, ordering: .relaxed) }
    func markStopping() { ready.store(false, ordering: .relaxed) }

    // MARK: - Connections in all

    /// Takes a new connection in. When there is no room, the oldest silent one that nobody has admitted has to go.
    ///
    /// - Returns: as what it is counted; nil when it cannot even be answered.
    func connectionOpened(isLocal: Bool, on context: ReactorContext) -> ConnectionBudget.Share? {
        let share = budget.withLock { $0.enter(isLocal: isLocal) }
        return share == nil || share == .surplus ? relieve(share, isLocal: isLocal, on: context) : share
    }

    /// A connection from loopback turns out to be that of a proxy's client.
    func becameRemote(_ share: ConnectionBudget.Share, on context: ReactorContext) -> ConnectionBudget.Share {
        let next = budget.withLock { $0.becameRemote(share) }
        guard next == .surplus, share != .surplus else { return next }
        return relieve(next, isLocal: false, on: context) ?? next
    }

    private func relieve(
        _ share: ConnectionBudget.Share?, isLocal: Bool, on context: ReactorContext
    ) -> ConnectionBudget.Share? {
        guard let silent = preauth.withLock({ $0.relieve(now: context.reactor.now) }) else { return share }
        evict(silent, on: context)
        return budget.withLock { budget in
            if let share { budget.leave(share) }
            return budget.enterForAnother(isLocal: isLocal)
        }
    }

    func connectionEnded(_ share: ConnectionBudget.Share) { budget.withLock { $0.leave(share) } }
    var connectionCount: Int { budget.withLock { $0.count } }
    var connectionLimit: Int { budget.withLock { $0.limit } }

    /// Gives up a connection that has lost its place.
    func evict(_ connection: ConnectionID, on context: ReactorContext) {
        var batch = DeliveryBatch()
        batch.add(.evict(connection.serial), to: connection.reactor)
        wake(post(batch), on: context)
    }

    // MARK: - The core

    /// Asks the core, then performs its answer.
    /// - Parameter context: the calling reactor's, so that its own connections are served at once.
    func run(on context: ReactorContext? = nil, _ body: (inout GatewayCore, Int64) -> [Effect]) {
        let nowMs = clock.nowMs
        let staged = core.withLock { core in stage(body(&core, nowMs), &core) }
        finish(staged, on: context)
    }

    func coreFigures() -> CoreFigures {
        let nowMs = clock.nowMs
        return core.withLock { $0.figures(nowMs: nowMs) }
    }

    func issuerKey(_ deviceID: String) -> [UInt8]? {
        let nowMs = clock.nowMs
        return core.withLock { $0.issuerKey(deviceID, nowMs: nowMs) }
    }

    /// How the agent of a run is kept apart.
    func isolation(ofRun runID: String) -> Isolation {
        core.withLock { $0.isolation(ofRun: runID) }
    }

    /// Whether a session's agent may go on waiting for the next run.
    func mayKeepAgent(of sessionKey: String, _ kept: KeptAgent) -> Bool {
        core.withLock { $0.mayKeepAgent(of: sessionKey, kept) }
    }

    /// Whether a run still wants a worker.
    func isUnended(run runID: String) -> Bool {
        core.withLock { $0.isUnended(run: runID) }
    }

    /// - Parameter context: the calling reactor's.
    private func perform(_ effects: [Effect], on context: ReactorContext? = nil) {
        let staged = core.withLock { stage(effects, &$0) }
        finish(staged, on: context)
    }

    /// What is left to do once the core's lock is free.
    private struct Staged {
        /// Reactors that have to be told that something waits for them.
        var reactors: [Int] = []
        var others: [Effect] = []
        var streamLines: [StreamLog.Line] = []
        /// Commits that the store has not even taken.
        var refused: [(PendingCommit, StoreError)] = []
    }

    private struct PendingCommit: Sendable {
        let operations: [StoreOperation]
        let then: [Effect]
        let failure: CommitFailure
        let otherwise: [Effect]
    }

    /// Hands out what connections are sent. Under the core's lock: each connection gets its events in the order in which
    /// the core has numbered them.
    private func stage(_ effects: [Effect], _ core: inout GatewayCore) -> Staged {
        var batch = DeliveryBatch()
        var staged = Staged()
        for effect in effects {
            switch effect {
            case .respond(let connection, let frame):
                batch.add(.frame(connection.serial, frame), to: connection.reactor)
            case .event(let event, let connections):
                batch.add(event, to: Recipients(connections), isNumbered: false)
            case .publish(let event):
                batch.add(event, to: core.publish(event), isNumbered: !event.name.isTargeted)
            case .open(let opening):
                let connection = opening.connection
                guard let opened = core.open(opening, nowMs: clock.nowMs) else { continue }
                if let lost = opened.superseded { batch.add(.close(lost.serial, .superseded), to: lost.reactor) }
                batch.add(.open(connection.serial, opened), to: connection.reactor)
            case .close(let connection, let close):
                batch.add(.close(connection.serial, close), to: connection.reactor)
            case .commit(let operations, let then, let failure, let otherwise):
                // Two decisions about one record are written in the order in which they were made.
                let commit = PendingCommit(operations: operations, then: then, failure: failure, otherwise: otherwise)
                let began = MonotonicInstant.now()
                metrics.commitBegan()
                let refusal = store.enqueue(operations) { [self] result in
                    let isDone = if case .success = result { true } else { false }
                    metrics.commitEnded(after: .now() - began, isDone: isDone)
                    committed(commit, result)
                }
                if refusal != nil { metrics.commitEnded(after: .zero, isDone: false) }
                if let refusal { staged.refused.append((commit, refusal)) }
            case .read, .readZone, .tailLog, .configure, .launch, .launchLocally, .beginLocal, .stopWorker,
                .closeKept, .reconcile, .findWorkers, .purgeStreamLogs, .log:
                staged.others.append(effect)
            }
        }
        staged.streamLines = core.takeStreamLines()
        staged.reactors = post(batch)
        return staged
    }

    private func finish(_ staged: Staged, on context: ReactorContext?) {
        if !staged.streamLines.isEmpty { streamLogs.append(staged.streamLines) }
        for effect in staged.others {
            // What connections are sent stands before it, for no commit is through before it has begun.
            switch effect {
            case .read(let query, let reading):
                store.query(query) { [self] result in
                    run { core, nowMs in core.wasRead(reading, result, nowMs: nowMs) }
                }
            case .readZone(let name, let request):
                zones.read(name) { [self] result in
                    run { core, nowMs in core.zoneWasRead(name, result, for: request, nowMs: nowMs) }
                }
            case .tailLog(let query, let request):
                let answer = Frames.response(id: request.id, payload: logger.tail(query))
                perform([.respond(request.connection, answer)], on: context)
            case .configure(let asked, let request):
                configure(asked, request, on: context)
            case .launch(let order):
                launcher.withLock { $0 }?.launch(.worker(order))
            case .launchLocally(let order):
                launcher.withLock { $0 }?.launch(.local(order))
            case .beginLocal(let runID, let attempt):
                launcher.withLock { $0 }?.begin(runID: runID, attempt: attempt)
            case .stopWorker(let runID):
                launcher.withLock { $0 }?.stop(runID: runID)
            case .closeKept(let sessionKey):
                launcher.withLock { $0 }?.closeKept(sessionKey: sessionKey)
            case .reconcile(let unended):
                launcher.withLock { $0 }?.reconcile(unended: unended)
            case .purgeStreamLogs(let ids, let beforeMs): streamLogs.purge(keeping: ids, beforeMs: beforeMs)
            case .findWorkers(let begun):
                launcher.withLock { $0 }?.find(workersOf: begun)
            case .log(let line):
                refusals.noteAdmission(line, now: .now())
            case .respond, .event, .publish, .open, .close, .commit: break
            }
        }
        for (commit, error) in staged.refused { committed(commit, .failure(error)) }
        wake(staged.reactors, on: context)
    }

    private func configure(_ asked: ConfigRequest, _ request: GatewayRequest, on context: ReactorContext?) {
        guard let desk = configurationDesk.withLock({ $0 }) else {
            let failure = GatewayError(.unavailable, .gatewayStarting, retryable: true, retryAfterMs: 500)
            return perform([.respond(request.connection, Frames.failure(id: request.id, failure))], on: context)
        }
        desk.take(asked) { [self] result in
            let frame =
                switch result {
                case .success(let payload): Frames.response(id: request.id, payload: payload)
                case .failure(let failure): Frames.failure(id: request.id, failure)
                }
            perform([.respond(request.connection, frame)])
        }
    }

    func attach(_ desk: any ConfigurationDesk) { configurationDesk.withLock { $0 = desk } }

    private func committed(_ commit: PendingCommit, _ result: Result<Void, StoreError>) {
        switch result {
        case .success:
            if commit.failure.isTold(commit.operations) {
                run { core, nowMs in core.committed(commit.failure, commit.operations, nowMs: nowMs) }
            }
            perform(commit.then)
        case .failure(let error):
            logger.log(.error, "store", "\(error)")
            run { core, nowMs in
                core.commitFailed(commit.failure, commit.operations, why: "\(error)", nowMs: nowMs)
            }
            // What nobody waits for must still happen: processes end, children are told.
            perform(commit.failure == .background ? commit.then : commit.otherwise)
        }
    }

    // MARK: - Delivering

    /// - Returns: the reactors to be woken.
    private func post(_ batch: DeliveryBatch) -> [Int] {
        guard !batch.byReactor.isEmpty else { return [] }
        let addresses = reactors.withLock { $0 }
        return batch.byReactor.compactMap { index, deliveries in
            guard addresses.indices.contains(index) else { return nil }
            addresses[index].inbox.append(deliveries)
            return index
        }
    }

    /// Deliveries to the calling reactor's own connections are made at once, unless it is at that already.
    private func wake(_ indices: [Int], on context: ReactorContext?) {
        guard !indices.isEmpty else { return }
        let addresses = reactors.withLock { $0 }
        for index in indices {
            if let context, context.index == index {
                context.deliverAll()
            } else {
                let address = addresses[index]
                address.handle.enqueue { _ in address.context.deliverAll() }
            }
        }
    }
}

/// Deliveries sorted by reactor, in the order of the effects.
private struct DeliveryBatch {
    private(set) var byReactor: [Int: [Delivery]] = [:]

    mutating func add(_ delivery: Delivery, to reactor: Int) {
        byReactor[reactor, default: []].append(delivery)
    }

    mutating func add(_ event: OutboundEvent, to recipients: Recipients, isNumbered: Bool) {
        for (reactor, serials) in recipients.byReactor {
            add(.event(event, serials, isNumbered: isNumbered), to: reactor)
        }
    }
}

/// Reads and writes the configuration for those who ask by `config.*`.
protocol ConfigurationDesk: Sendable {
    func take(_ request: ConfigRequest, answer: @escaping @Sendable (Result<JSON, GatewayError>) -> Void)
}

/// Starts and stops the processes of runs.
protocol WorkerLauncher: Sendable {
    func launch(_ order: RunOrder)
    /// Lets the command of a local run begin.
    func begin(runID: String, attempt: Int)
    func stop(runID: String)
    /// Ends the worker that waits for the next run of a session.
    func closeKept(sessionKey: String)
    /// Ends what is left of any other run.
    func reconcile(unended: Set<String>)
    /// Looks for the workers that an earlier gateway has started, and tells the core of which of these runs there is none.
    func find(workersOf begun: Set<String>)
}
