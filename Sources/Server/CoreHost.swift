internal import EventLoop
package import Gateway
package import Store
internal import Synchronization
internal import Wire

/// The core behind its lock, and whoever performs what it decides. Shared by all threads.
///
/// The lock is held for a decision only: no I/O, no cryptography of peers, no waiting.
package final class CoreHost: Sendable {
    package let logger: Logger
    let clock: GatewayClock
    let policy: HelloOKPolicy
    private let core: Mutex<GatewayCore>
    private let store: any Store
    private let zones: ZoneDirectory
    private let reactors = Mutex<[ReactorAddress]>([])
    private let launcher = Mutex<(any WorkerLauncher)?>(nil)
    private let budget: Mutex<ConnectionBudget>
    /// What peers did wrong goes here.
    let refusals: RefusalLog
    let preauth: Mutex<PreauthBudget>
    let preauthLimit: Int
    private let ready = Atomic<Bool>(false)

    typealias HelloOKPolicy = HelloOK.Policy

    /// How to reach a reactor's context. The context itself is only ever touched on its own thread.
    struct ReactorAddress: @unchecked Sendable {
        let handle: ReactorHandle
        let context: ReactorContext
    }

    package init(
        core: GatewayCore, store: any Store, logger: Logger, clock: GatewayClock, zones: ZoneDirectory,
        maxConnections: Int, preauthLimit: Int
    ) {
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
        dispatch(batch, on: context)
    }

    // MARK: - The core

    /// Asks the core, then performs its answer.
    /// - Parameter context: the calling reactor's, so that its own connections are served at once.
    func run(on context: ReactorContext? = nil, _ body: (inout GatewayCore, Int64) -> [Effect]) {
        let nowMs = clock.nowMs
        let effects = core.withLock { core in body(&core, nowMs) }
        perform(effects, on: context)
    }

    func issuerKey(_ deviceID: String) -> [UInt8]? {
        let nowMs = clock.nowMs
        return core.withLock { $0.issuerKey(deviceID, nowMs: nowMs) }
    }

    /// Whether a run still wants a worker.
    func isUnended(run runID: String) -> Bool {
        core.withLock { $0.isUnended(run: runID) }
    }

    func perform(_ effects: [Effect], on context: ReactorContext? = nil) {
        var batch = DeliveryBatch()
        for effect in effects {
            switch effect {
            case .respond(let connection, let frame):
                batch.add(.frame(connection.serial, frame), to: connection.reactor)
            case .event(let event, let connections):
                for (reactor, serials) in Self.grouped(connections) {
                    batch.add(.event(event, serials, isNumbered: false), to: reactor)
                }
            case .publish(let event):
                let audience = core.withLock { $0.audience(of: event) }
                for (reactor, serials) in Self.grouped(audience) {
                    batch.add(.event(event, serials, isNumbered: !event.name.isTargeted), to: reactor)
                }
            case .open(let connection, let admitted, let hello):
                batch.add(.open(connection.serial, admitted, hello: hello), to: connection.reactor)
            case .close(let connection, let close):
                batch.add(.close(connection.serial, close), to: connection.reactor)
            case .commit(let operations, let then, let failure, let otherwise):
                // What comes after the commit may not overtake what stands before it.
                dispatch(batch, on: context)
                batch = DeliveryBatch()
                commit(operations, then: then, failure: failure, otherwise: otherwise)
            case .read(let query, let reading):
                store.query(query) { [self] result in
                    run { core, nowMs in core.wasRead(reading, result, nowMs: nowMs) }
                }
            case .readZone(let name, let request):
                zones.read(name) { [self] result in
                    run { core, nowMs in core.zoneWasRead(name, result, for: request, nowMs: nowMs) }
                }
            case .launch(let order):
                launcher.withLock { $0 }?.launch(order)
            case .stopWorker(let runID):
                launcher.withLock { $0 }?.stop(runID: runID)
            case .log(let line):
                logger.log(line)
            }
        }
        dispatch(batch, on: context)
    }

    private func commit(
        _ operations: [StoreOperation], then: [Effect], failure: CommitFailure, otherwise: [Effect]
    ) {
        store.commit(operations) { [self] result in
            switch result {
            case .success: perform(then)
            case .failure(let error):
                logger.log(.error, "store", "\(error)")
                run { core, nowMs in core.commitFailed(failure, why: "\(error)", nowMs: nowMs) }
                // What nobody waits for must still happen: processes end, children are told.
                perform(failure == .background ? then : otherwise)
            }
        }
    }

    private static func grouped(_ connections: [ConnectionID]) -> [Int: [UInt64]] {
        var groups: [Int: [UInt64]] = [:]
        for connection in connections { groups[connection.reactor, default: []].append(connection.serial) }
        return groups
    }

    private func dispatch(_ batch: DeliveryBatch, on context: ReactorContext?) {
        guard !batch.byReactor.isEmpty else { return }
        let addresses = reactors.withLock { $0 }
        for (index, deliveries) in batch.byReactor {
            if let context, context.index == index {
                for delivery in deliveries { context.deliver(delivery) }
            } else if addresses.indices.contains(index) {
                let address = addresses[index]
                address.handle.enqueue { _ in
                    for delivery in deliveries { address.context.deliver(delivery) }
                }
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
}

/// Starts and stops the processes of runs.
protocol WorkerLauncher: Sendable {
    func launch(_ order: LaunchOrder)
    func stop(runID: String)
}
