internal import JSON
package import Sessions
internal import Store
package import Trust
internal import Wire

/// The gateway's state and its decisions: events go in with their time, effects come out.
///
/// A value without I/O, clock or randomness. The shell keeps it behind a lock and performs what it returns, outside.
package struct GatewayCore: Sendable {
    package internal(set) var settings: CoreSettings
    package internal(set) var trust: TrustState
    package internal(set) var table = SessionTable()
    let ids: Identifiers
    var decisions = DecisionLog()
    var connections: [ConnectionID: ClientConnection] = [:] {
        didSet { audiences.removeAll(keepingCapacity: true) }
    }
    var audiences: [EventName.Entitlement: Audience] = [:]
    var subscriptions = Subscriptions()
    var journal = EventJournal()
    var connectionsByDevice: [String: Set<ConnectionID>] = [:]
    var waiters: [String: [RunWaiter]] = [:]
    var progress: [String: RunProgress] = [:]
    var runByIdempotencyKey: [IdempotencyKey: String] = [:]
    /// Runs of which something was said that no chat delta has told yet.
    var runsWithUnsentDelta: Set<String> = []
    var groups: [RunGroup] = []
    var approvals = ApprovalTable()
    var controlPlane = ControlPlaneLimiter()
    /// By the run whose reply is to be carried on.
    var exchanges: [String: Exchange] = [:]
    /// Sessions that made room for others, and still stand in the store.
    var letGo: [Session] = []
    /// Runs that have ended here, but whose result the store refused.
    var unsavedEnds: Set<String> = []
    /// Rows of transcripts that the store refused, by a run that was in the same commit.
    var unsavedRows: [String: [StoreOperation]] = [:]
    var cron: CronTable
    var presenceBook = PresenceBook()
    /// When everybody was last sent the list, and whether it has changed since.
    var presenceToldMs: Int64 = .min / 2
    var isPresenceUntold = false
    /// The health summary as it was last announced, without its time.
    var announcedHealth: JSON?
    /// Nil without TLS.
    var served: ServedCertificate?
    var leases = LeaseTable()
    var counts = CoreCounts()
    var pools = WorkerPools()
    /// Of pool workers that are there, by their device.
    var poolConnections: [String: ConnectionID] = [:]
    var stateVersion = StateVersion(presence: 1, health: 1)
    var nextTickMs: Int64
    var nextHousekeepingMs: Int64
    var nextPurgeMs: Int64
    /// Nothing begins any more.
    private var isStopping = false
    /// Ended runs whose result somebody has.
    var acknowledgedRuns: Set<String> = []
    var nextChange: ChangeID = 0
    var owed = OwedRecords()
    /// Sessions whose children are being ended.
    var endingBelow: Set<String> = []
    /// For the logs of ACP children.
    var streamLines: [StreamLog.Line] = []
    var nextSettleMs: Int64 = 0

    struct IdempotencyKey: Hashable, Sendable {
        let requesterKey: String
        let key: String
    }

    /// A request that waits for the end of a run.
    struct RunWaiter: Sendable {
        enum Answer: Sendable {
            /// Of `agent.wait`.
            case outcome
            /// The second answer to `agent`.
            case final
            /// The result of a tool that waits.
            case tool
        }

        let connection: ConnectionID
        let requestID: [UInt8]
        let deadlineMs: Int64
        var answer = Answer.outcome
    }

    /// What a run has said so far, for its events.
    struct RunProgress: Sendable {
        /// Whole text while it is short; longer output is announced by increments only.
        static let maxWholeTextBytes = 64 * 1024
        /// Between two chat deltas.
        static let deltaIntervalMs: Int64 = 150
        var seq: Int64 = 0
        /// Of its chat events.
        var chatSeq: Int64 = 0
        /// Said, and not yet in a chat delta.
        var unsentDelta = ""
        var deltaSentMs: Int64 = 0
        /// Number of the last output message taken; a worker repeats what it does not know to have arrived.
        var outputSeq: Int64 = 0
        var text = ""
        var isWhole = true
    }

    static let housekeepingIntervalMs: Int64 = 60_000
    /// Acknowledged results are kept for a day, ended runs for a week; both are looked for once an hour.
    static let purgeIntervalMs: Int64 = 3_600_000

    package init(settings: CoreSettings, ids: Identifiers) {
        self.settings = settings
        self.ids = ids
        trust = TrustState(
            lineage: LineageRegistry(rootDeviceID: settings.root.deviceID), pairing: PairingRegistry(),
            limiter: AuthLimiter(settings: settings.rateLimit))
        cron = CronTable(settings: settings.cron.table)
        nextTickMs = settings.startedAtMs + Int64(settings.connectionPolicy.tickIntervalMs)
        nextHousekeepingMs = settings.startedAtMs + Self.housekeepingIntervalMs
        nextPurgeMs = settings.startedAtMs + Self.purgeIntervalMs
    }

    package var connectionCount: Int { connections.count }

    /// The public key of somebody who may issue grants, so that a signature can be checked before the core is entered.
    package func issuerKey(_ deviceID: String, nowMs: Int64) -> [UInt8]? {
        trust.issuerFacts(of: deviceID, nowMs: nowMs)?.publicKey
    }

    /// Whether a run still waits for, or has, a worker.
    package func isUnended(run runID: String) -> Bool {
        table.runs[runID].map { !$0.phase.isEnded } ?? false
    }

    // MARK: - Connections

    mutating func register(_ connection: ClientConnection) {
        connections[connection.id] = connection
        if let device = connection.admitted.deviceID {
            connectionsByDevice[device, default: []].insert(connection.id)
        }
        guard connection.isPresent else { return }
        stateVersion.presence += 1
        presenceBook.remove(.departed(connection.instanceID))
        presenceBook.put(
            .connection(connection.id), instance: connection.instanceID, atMs: connection.connectedAtMs,
            connection.presenceEntry(reason: "connect", nowMs: connection.connectedAtMs))
    }

    package mutating func connectionClosed(_ id: ConnectionID, nowMs: Int64) -> [Effect] {
        guard let connection = connections.removeValue(forKey: id) else { return [] }
        if let device = connection.admitted.deviceID {
            connectionsByDevice[device]?.remove(id)
            if connectionsByDevice[device]?.isEmpty == true { connectionsByDevice[device] = nil }
        }
        subscriptions.connectionClosed(id)
        if !connection.isSuperseded { park(connection, nowMs: nowMs) }
        journal.close(id)
        for runID in waiters.keys { waiters[runID]?.removeAll { $0.connection == id } }
        groups.removeAll { $0.connection == id }
        workerDisconnected(connection, nowMs: nowMs)
        var effects: [Effect] = []
        if let device = connection.admitted.deviceID, poolConnections[device] == id {
            effects += poolWorkerGone(device, nowMs: nowMs)
        }
        guard connection.isPresent else { return effects }
        presenceBook.remove(.connection(id))
        // A device may be here with others of its connections.
        let others = connection.admitted.deviceID.flatMap { connectionsByDevice[$0] } ?? []
        if !others.contains(where: { connections[$0]?.isPresent == true }) {
            presenceBook.put(
                .departed(connection.instanceID), instance: connection.instanceID, atMs: nowMs,
                connection.presenceEntry(reason: "disconnect", nowMs: nowMs))
        }
        return effects + presenceChanged(nowMs: nowMs)
    }

    /// Closes all connections of a device; from here on nothing that they send is answered any more.
    mutating func close(device deviceID: String, _ close: GatewayClose, except kept: ConnectionID? = nil) -> [Effect] {
        connections(ofDevice: deviceID).filter { $0 != kept && connections[$0]?.isClosing == false }.map { id in
            connections[id]?.isClosing = true
            return .close(id, close)
        }
    }

    func connections(ofDevice deviceID: String) -> [ConnectionID] {
        Array(connectionsByDevice[deviceID] ?? [])
    }

    // MARK: - Time

    /// To be called every few hundred milliseconds.
    package mutating func timeAdvanced(to nowMs: Int64) -> [Effect] {
        var effects =
            expireRuns(nowMs: nowMs) + expireLeases(nowMs: nowMs) + expirePools(nowMs: nowMs)
            + expireWaiters(nowMs: nowMs)
            + expireGroups(nowMs: nowMs) + dueDeltas(nowMs: nowMs) + settle(nowMs: nowMs)
            + archiveLetGo(nowMs: nowMs) + expireApprovals(nowMs: nowMs) + untoldPresence(nowMs: nowMs)
        if nowMs >= nextTickMs {
            nextTickMs = nowMs + Int64(settings.connectionPolicy.tickIntervalMs)
            effects.append(event(.tick, .object(JSONObject([("ts", .integer(nowMs))]))))
        }
        if !isStopping { effects += beginCronRuns(nowMs: nowMs) }
        if nowMs >= nextHousekeepingMs {
            nextHousekeepingMs = nowMs + Self.housekeepingIntervalMs
            effects += housekeeping(nowMs: nowMs) + refreshHealth(nowMs: nowMs)
        }
        return effects
    }

    /// An orderly stop: everybody is told, runs end, everybody is closed.
    /// - Parameter restarts: the next gateway takes the place of this one at once, and its workers with it.
    package mutating func shutDown(reason: String, restarts: Bool = false, nowMs: Int64) -> [Effect] {
        isStopping = true
        let everybody = Array(connections.keys)
        let payload = JSONObject([("reason", .string(reason)), ("restartExpectedMs", restarts ? 1000 : nil)])
        let shutdown = OutboundEvent(.shutdown, .object(payload))
        var effects: [Effect] = [
            .publish(shutdown), .event(shutdown, to: connections.values.filter { !$0.hearsEvents }.map(\.id)),
        ]
        if !restarts {
            for run in table.unendedRuns { effects += kill(run, cause: "the gateway was stopped", nowMs: nowMs) }
        }
        // Behind everything that waits for the disk, or a worker would be closed before it hears that its result is there.
        return effects + [.commit([], then: everybody.map { .close($0, .serviceRestart) }, failure: .background)]
    }
}
