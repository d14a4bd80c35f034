package import Sessions
package import Store
package import Trust
package import Wire

/// What the shell has to do, in order. The core decides; nothing here needs a decision any more.
package enum Effect: Sendable {
    /// Sends a complete response frame.
    case respond(ConnectionID, [UInt8])
    /// Sends an event to the connections that it is addressed to, without a number.
    case event(OutboundEvent, to: [ConnectionID])
    /// Sends an event to everybody who is entitled to it when this is performed (``GatewayCore/publish(_:)``), each
    /// with its next number; what one subscribes to has none.
    case publish(OutboundEvent)
    /// Opens an admitted connection for requests and events, as ``GatewayCore/open(_:nowMs:)`` says when this is performed.
    case open(Opening)
    /// Makes the operations durable in one commit, then tells the core if it wants to know, and performs `then`; if that
    /// fails, asks the core what to do (``GatewayCore/commitFailed(_:_:why:nowMs:)``) and performs `otherwise`.
    case commit([StoreOperation], then: [Effect], failure: CommitFailure, otherwise: [Effect] = [])
    /// Reads what is durable, then hands it to the core (``GatewayCore/wasRead(_:_:nowMs:)``) and performs its answer.
    case read(StoreQuery, StoreReading)
    /// Looks for the rules of a time zone, then hands them to the core
    /// (``GatewayCore/zoneWasRead(_:_:for:nowMs:)``) and performs its answer.
    case readZone(String, for: GatewayRequest)
    /// Answers a request with the end of the log.
    case tailLog(RecentLog.Query, for: GatewayRequest)
    /// Reads or changes the configuration files, and answers the request.
    case configure(ConfigRequest, for: GatewayRequest)
    case launch(LaunchOrder)
    /// Prepares a run under the gateway itself, and tells the core (``GatewayCore/localReady(runID:attempt:nowMs:)``).
    case launchLocally(LocalOrder)
    /// Lets its command run.
    case beginLocal(runID: String, attempt: Int)
    /// Ends the processes of a run: politely first, then for good.
    case stopWorker(runID: String)
    /// Ends the process that a session's agent keeps between its runs.
    case closeKept(sessionKey: String)
    /// Ends what is left of runs other than these: processes, directories.
    case reconcile(unended: Set<String>)
    /// Removes logs of ACP children whose sessions are gone.
    case purgeStreamLogs(keeping: Set<String>, beforeMs: Int64)
    /// After a restart: looks on this host for the workers of runs that had begun, and tells the core of those that are not
    /// there (``GatewayCore/workerExited(runID:how:nowMs:)``).
    case findWorkers(of: Set<String>)
    case close(ConnectionID, GatewayClose)
    case log(LogLine)

    /// Whether a line of the log comes of it.
    var isLogged: Bool {
        switch self {
        case .log: true
        case .commit(_, let then, _, let otherwise):
            then.contains(where: \.isLogged) || otherwise.contains(where: \.isLogged)
        default: false
        }
    }
}

/// What waits for a commit, and what has to be done in memory when it fails.
package enum CommitFailure: Equatable, Sendable {
    /// `undo`: what the request changed in memory.
    case request(ConnectionID, id: [UInt8], undo: TrustUndo? = nil)
    /// A removal or revocation: it holds at once, and goes on holding when the disk refuses it.
    case revocation(ConnectionID, id: [UInt8])
    /// What hangs on the old token of a device ends when the new one is on the disk.
    case rotation(ConnectionID, id: [UInt8], deviceID: String, role: String, undo: TrustUndo)
    case connect(ConnectionID, id: [UInt8], undo: TrustUndo? = nil)
    /// What the request changed in sessions.
    case sessionChange(ConnectionID, id: [UInt8], undo: SessionUndo)
    case spawn(ConnectionID, id: [UInt8], runID: String)
    case turn(ConnectionID, id: [UInt8], runID: String, undo: SessionUndo = SessionUndo())
    /// `before`: nil for a job that is new.
    case cronChange(ConnectionID, id: [UInt8], jobID: String, before: CronJob?)
    /// Somebody asked for a run.
    case cronRun(ConnectionID, id: [UInt8], runID: String)
    /// A job's run was about to begin.
    case cronTurn(runID: String)
    /// Of this session; it is the last.
    case systemEvent(ConnectionID, id: [UInt8], sessionKey: String)
    /// A worker hands in its result again when it is told of the failure.
    case end(ConnectionID, id: [UInt8], runID: String)
    /// A local run was about to begin.
    case localBegin(runID: String)
    /// Nobody says the end of a local run again: it is kept, and written later.
    case localEnd(runID: String)
    /// Nobody waits; what follows is performed all the same.
    case background

    package var undo: TrustUndo? {
        switch self {
        case .request(_, _, let undo), .connect(_, _, let undo): undo
        case .rotation(_, _, _, _, let undo): undo
        default: nil
        }
    }

    /// Whether the core wants to hear of success, too (``GatewayCore/committed(_:_:nowMs:)``).
    package func isTold(_ operations: [StoreOperation]) -> Bool {
        undo?.devices.isEmpty == false || operations.contains { $0.endedRun != nil }
    }
}

/// How to start a worker.
package struct LaunchOrder: Sendable {
    package let runID: String
    package let sessionKey: String
    package let agentID: String
    package let identity: SigningIdentity
    /// The chain of the child, as grants signed by each parent, root first.
    package let grants: [String]
    package let runToken: String
    /// The worker speaks with the shared token of its root principal; otherwise with its run token.
    package let usesSharedToken: Bool
    /// Named by the owner; otherwise loopback.
    package let gatewayURL: String?
    /// The agent command gets the shared token too (`credential: "inherit"`).
    package let inheritsSharedToken: Bool
    /// The number of this launch of the run.
    package let attempt: Int
    /// How the agent is kept apart; decides where its private directory lies.
    package var isolation = Isolation()
    /// The agent is kept after the run, and the next run of its session goes to it.
    package var kept: KeptAgent?

    package init(
        runID: String, sessionKey: String, agentID: String, identity: SigningIdentity, grants: [String],
        runToken: String, usesSharedToken: Bool, gatewayURL: String?, inheritsSharedToken: Bool, attempt: Int
    ) {
        self.attempt = attempt
        self.runID = runID
        self.sessionKey = sessionKey
        self.agentID = agentID
        self.identity = identity
        self.grants = grants
        self.runToken = runToken
        self.usesSharedToken = usesSharedToken
        self.gatewayURL = gatewayURL
        self.inheritsSharedToken = inheritsSharedToken
    }
}

package struct LogLine: Equatable, Sendable {
    package enum Level: String, Sendable { case debug = "DEBUG", info = "INFO", warn = "WARN", error = "ERROR" }

    /// A line that strangers can cause: of each kind only so many are written, and the others counted.
    package struct Kind: Hashable, Sendable {
        package let rule: String
        /// Whose doing it is, without the port; an IPv6 client is its /64.
        package let client: String

        package init(rule: String, client: String) {
            self.rule = rule
            self.client = client
        }
    }

    /// What structured logs can be searched by, besides the text.
    package enum ID: String, Sendable {
        case client, connection, decision, device, peer, request, run, session
        /// The id of a request of the protocol, as its client chose it. ``request`` is one of pairing.
        case rpc
        /// What was broken, where ``Kind`` does not say it.
        case rule
    }

    package let level: Level
    /// `gateway`, `ws`, `agent/sessions-spawn`, …
    package let subsystem: String
    package let message: String
    /// Nil: always written.
    package let kind: Kind?
    package let ids: [ID: String]

    package init(
        _ level: Level, _ subsystem: String, _ message: String, kind: Kind? = nil, ids: [ID: String] = [:]
    ) {
        self.ids = ids
        self.level = level
        self.subsystem = subsystem
        self.message = message
        self.kind = kind
    }

    /// The same with more ids; those that it has stay.
    func noting(_ more: [ID: String]) -> LogLine {
        LogLine(level, subsystem, message, kind: kind, ids: ids.merging(more) { own, _ in own })
    }
}
