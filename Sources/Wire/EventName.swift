/// Events that this gateway sends, who may see them, and whether a slow consumer may lose them
/// (OpenClaw gateway protocol, "Sequence numbers, state versions, scoping" and "Backpressure").
package enum EventName: String, CaseIterable, Sendable {
    case connectChallenge = "connect.challenge"
    case tick
    case shutdown
    case health
    case heartbeat
    case presence
    case agent
    case chat
    case cron
    case sessionsChanged = "sessions.changed"
    case sessionMessage = "session.message"
    case sessionOperation = "session.operation"
    case sessionTool = "session.tool"
    case execApprovalRequested = "exec.approval.requested"
    case execApprovalResolved = "exec.approval.resolved"
    case configChanged = "config.changed"
    case devicePairRequested = "device.pair.requested"
    case devicePairResolved = "device.pair.resolved"
    case runCancel = "run.cancel"
    /// To a pool worker: a run for it, one to end, and whether it is to take more (our addition).
    case workerRun = "worker.run"
    case workerStop = "worker.stop"
    case workerDrain = "worker.drain"
    /// The gateway's certificate changes: pins to accept from now on (our addition).
    case tlsPinNext = "tls.pin.next"
    /// What `diagnostics.broadcast` was given (our addition).
    case diagnosticsBroadcast = "diagnostics.broadcast"

    /// Who may receive an event.
    package enum Entitlement: Equatable, Hashable, Sendable {
        /// Every connection, of whatever role.
        case everybody
        /// Operators that hold the scope.
        case scope(OperatorScope)
        /// Nobody but the connections that it is addressed to; it is never broadcast.
        case addressee
    }

    package var entitlement: Entitlement {
        switch self {
        case .tick, .shutdown, .health, .heartbeat: .everybody
        case .presence, .agent, .chat, .cron, .sessionsChanged, .sessionMessage, .sessionOperation, .sessionTool,
            .configChanged, .diagnosticsBroadcast:
            .scope(.read)
        case .execApprovalRequested, .execApprovalResolved: .scope(.approvals)
        case .devicePairRequested, .devicePairResolved: .scope(.pairing)
        case .connectChallenge, .runCancel, .workerRun, .workerStop, .workerDrain, .tlsPinNext: .addressee
        }
    }

    /// Whether a slow consumer may lose it. Of `chat` only deltas may be lost: whoever sends one says so.
    package var isDroppable: Bool {
        switch self {
        case .heartbeat, .presence, .cron, .sessionsChanged, .sessionMessage, .sessionOperation, .sessionTool,
            .execApprovalRequested, .execApprovalResolved, .devicePairRequested, .devicePairResolved,
            .configChanged, .diagnosticsBroadcast:
            true
        case .connectChallenge, .tick, .shutdown, .health, .agent, .chat, .runCancel, .workerRun, .workerStop,
            .workerDrain, .tlsPinNext:
            false
        }
    }

    /// Targeted events go to connections that the core names, and carry no `seq`.
    package var isTargeted: Bool {
        switch self {
        case .connectChallenge, .sessionsChanged, .sessionMessage, .sessionOperation, .sessionTool, .runCancel,
            .workerRun, .workerStop, .workerDrain, .tlsPinNext:
            true
        case .tick, .shutdown, .health, .heartbeat, .presence, .agent, .chat, .cron, .execApprovalRequested,
            .execApprovalResolved, .devicePairRequested, .devicePairResolved, .configChanged,
            .diagnosticsBroadcast:
            false
        }
    }

    /// What `hello-ok` lists in `features.events`; a worker's own is not for clients.
    package static let advertised: [String] = allCases.filter {
        ![.runCancel, .workerRun, .workerStop, .workerDrain].contains($0)
    }.map(\.rawValue)
}
