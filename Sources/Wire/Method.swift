/// Methods that this gateway answers, and who may call them (OpenClaw gateway protocol, "Scope table").
package enum Method: String, CaseIterable, Sendable {
    case connect
    case health
    case status
    case systemPresence = "system-presence"
    case gatewayIdentityGet = "gateway.identity.get"
    case diagnosticsEcho = "diagnostics.echo"
    /// Sends its params to everybody who may read (our addition).
    case diagnosticsBroadcast = "diagnostics.broadcast"
    case systemEvent = "system-event"
    case lastHeartbeat = "last-heartbeat"
    case setHeartbeats = "set-heartbeats"
    case logsTail = "logs.tail"
    case channelsStatus = "channels.status"
    case nodeList = "node.list"
    case nodeDescribe = "node.describe"
    case skillsStatus = "skills.status"
    case usageStatus = "usage.status"
    case usageCost = "usage.cost"
    case execApprovalsGet = "exec.approvals.get"
    case modelsList = "models.list"
    case toolsCatalog = "tools.catalog"
    case commandsList = "commands.list"
    case voicewakeGet = "voicewake.get"
    case ttsStatus = "tts.status"
    case agentIdentityGet = "agent.identity.get"
    case agentsList = "agents.list"
    case agent
    case agentWait = "agent.wait"
    case chatSend = "chat.send"
    case chatAbort = "chat.abort"
    case chatHistory = "chat.history"
    case chatMessageGet = "chat.message.get"
    case chatInject = "chat.inject"
    case sessionsGet = "sessions.get"
    case sessionsPreview = "sessions.preview"
    case sessionsResolve = "sessions.resolve"
    case sessionsDescribe = "sessions.describe"
    case sessionsUsage = "sessions.usage"
    case sessionsCreate = "sessions.create"
    case sessionsSend = "sessions.send"
    case sessionsPatch = "sessions.patch"
    case sessionsReset = "sessions.reset"
    case sessionsDelete = "sessions.delete"
    case sessionsCompact = "sessions.compact"
    case toolsInvoke = "tools.invoke"
    case sessionsList = "sessions.list"
    case sessionsSpawn = "sessions.spawn"
    case sessionsSpawnTool = "sessions_spawn"
    /// What would become of a spawn (our addition).
    case sessionsSpawnExplain = "sessions.spawn.explain"
    case sessionsAbort = "sessions.abort"
    case sessionsSubscribe = "sessions.subscribe"
    case sessionsUnsubscribe = "sessions.unsubscribe"
    case sessionsMessagesSubscribe = "sessions.messages.subscribe"
    case sessionsMessagesUnsubscribe = "sessions.messages.unsubscribe"
    case cronList = "cron.list"
    case cronStatus = "cron.status"
    case cronGet = "cron.get"
    case cronRuns = "cron.runs"
    case cronAdd = "cron.add"
    case cronUpdate = "cron.update"
    case cronRemove = "cron.remove"
    case cronRun = "cron.run"
    case wake
    case execApprovalList = "exec.approval.list"
    case execApprovalResolve = "exec.approval.resolve"
    case configGet = "config.get"
    case configSchema = "config.schema"
    case configSchemaLookup = "config.schema.lookup"
    case configSet = "config.set"
    case configPatch = "config.patch"
    case configApply = "config.apply"
    case devicePairList = "device.pair.list"
    case devicePairApprove = "device.pair.approve"
    case devicePairReject = "device.pair.reject"
    case devicePairRemove = "device.pair.remove"
    case deviceTokenRotate = "device.token.rotate"
    case deviceTokenRevoke = "device.token.revoke"
    /// Tokens with which devices pair themselves (our addition).
    case deviceEnrollCreate = "device.enroll.create"
    case deviceEnrollList = "device.enroll.list"
    case deviceEnrollRevoke = "device.enroll.revoke"
    /// Lockouts (our addition).
    case authLockouts = "auth.lockouts"
    case authUnlock = "auth.unlock"
    /// Why somebody was let in or not (our addition).
    case admissionExplain = "admission.explain"
    case runAttach = "run.attach"
    case runOutput = "run.output"
    /// Renews the lease of a worker that has nothing to say.
    case runHeartbeat = "run.heartbeat"
    /// What an agent tells of its work besides its text.
    case runEvent = "run.event"
    /// Asks an operator.
    case runPermission = "run.permission"
    case runComplete = "run.complete"
    /// A pool worker's own (our addition).
    case workerAttach = "worker.attach"
    case workerHeartbeat = "worker.heartbeat"
    case workerReport = "worker.report"
    case workerDrain = "worker.drain"
    /// Pools, for people (our addition).
    case workersList = "workers.list"
    case workersDrain = "workers.drain"

    package enum Requirement: Equatable, Sendable {
        /// Answered for every admitted connection.
        case open
        case scope(OperatorScope)
        /// For the derived device of the run that the params name; no scope opens it to anybody else.
        case ownRun
        /// For devices that are enrolled for a pool.
        case poolWorker
    }

    package var requirement: Requirement {
        switch self {
        case .connect, .health: .open
        case .status, .systemPresence, .gatewayIdentityGet, .diagnosticsEcho, .agentsList, .sessionsList,
            .sessionsSubscribe, .sessionsUnsubscribe, .sessionsMessagesSubscribe, .sessionsMessagesUnsubscribe:
            .scope(.read)
        case .chatHistory, .chatMessageGet, .sessionsGet, .sessionsPreview, .sessionsResolve, .sessionsDescribe,
            .sessionsUsage:
            .scope(.read)
        case .agent, .chatSend, .chatAbort, .sessionsCreate, .sessionsSend, .sessionsPatch, .toolsInvoke:
            .scope(.write)
        case .chatInject, .sessionsReset, .sessionsDelete, .sessionsCompact: .scope(.admin)
        case .lastHeartbeat, .logsTail, .channelsStatus, .nodeList, .nodeDescribe, .skillsStatus, .usageStatus,
            .usageCost,
            .modelsList, .toolsCatalog, .commandsList, .voicewakeGet, .ttsStatus, .agentIdentityGet:
            .scope(.read)
        case .systemEvent, .setHeartbeats, .execApprovalsGet: .scope(.admin)
        case .cronList, .cronStatus, .cronGet, .cronRuns: .scope(.read)
        case .cronAdd, .cronUpdate, .cronRemove, .cronRun: .scope(.admin)
        case .wake: .scope(.write)
        case .agentWait, .sessionsSpawn, .sessionsSpawnTool, .sessionsAbort: .scope(.write)
        case .diagnosticsBroadcast, .authLockouts, .authUnlock, .admissionExplain, .sessionsSpawnExplain: .scope(.admin)
        case .devicePairList, .devicePairApprove, .devicePairReject, .devicePairRemove, .deviceTokenRotate,
            .deviceTokenRevoke, .deviceEnrollCreate, .deviceEnrollList, .deviceEnrollRevoke:
            .scope(.pairing)
        case .execApprovalList, .execApprovalResolve: .scope(.approvals)
        case .configGet, .configSchema, .configSchemaLookup: .scope(.read)
        case .configSet, .configPatch, .configApply: .scope(.admin)
        case .runAttach, .runOutput, .runHeartbeat, .runEvent, .runPermission, .runComplete: .ownRun
        case .workerAttach, .workerHeartbeat, .workerReport, .workerDrain: .poolWorker
        case .workersList: .scope(.read)
        case .workersDrain: .scope(.admin)
        }
    }

    /// What `hello-ok` lists in `features.methods`: all that a client may call, without the workers' own.
    package static let advertised: [String] = allCases.filter {
        $0 != .connect && $0.requirement != .ownRun && $0.requirement != .poolWorker
    }
    .map(\.rawValue)

    private static let byName: [String: Method] = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    package init?(name: String) {
        guard let method = Method.byName[name] else { return nil }
        self = method
    }
}
