/// One execution of an agent in a session.
package struct Run: Equatable, Sendable {
    package enum Phase: Equatable, Sendable {
        /// Accepted; waits for a free place of its controlling session.
        case queued
        /// A worker was asked for and has not attached yet.
        case launching(attempt: Int, deadlineMs: Int64)
        /// Nil deadline: no limit.
        case running(deadlineMs: Int64?)
        case ended(RunEnd)

        package var isEnded: Bool {
            if case .ended = self { true } else { false }
        }
    }

    package enum Kind: Equatable, Sendable {
        /// The one run of a session that was made for it.
        case spawn
        /// One turn of a conversation that goes on.
        case turn(TurnOrigin)
    }

    /// A UUID of ours, or what a client made up: unique among all runs, but not a file's name.
    package let runID: String
    package let kind: Kind
    package let sessionKey: String
    /// The session that controls it and gets its result.
    package let requesterKey: String
    /// The device that asked, when one did.
    package let askerDeviceID: String?
    package let agentID: String
    /// Of a spawned run; a turn runs by what its agent is.
    package let runtime: SpawnRequest.Runtime
    /// Empty once it ``isStored``.
    package private(set) var task: String
    package let label: String?
    package let cleanup: SpawnRequest.Cleanup
    package let runTimeoutSeconds: Int
    package let spawnTimeoutMs: Int64
    package let acceptedAtMs: Int64
    /// Started by somebody else with a presented grant: nothing is launched here.
    package let isExternal: Bool
    package let idempotencyKey: String?
    /// The run whose agent asked for it.
    package var parentRunID: String?
    package var startedAtMs: Int64?
    /// How often it was started anew, because its worker was lost.
    package var restarts: Int
    /// How often it was launched. A worker names the number that it was started with: of two, the later one counts.
    package var launches: Int
    package var phase: Phase
    /// Whether the store has it as it ended, and memory no more what may be long: its task, and the text of its end.
    package private(set) var isStored = false

    package init(
        runID: String, kind: Kind = .spawn, sessionKey: String, requesterKey: String, askerDeviceID: String?,
        agentID: String, runtime: SpawnRequest.Runtime = .subagent, task: String, label: String?,
        cleanup: SpawnRequest.Cleanup, runTimeoutSeconds: Int,
        spawnTimeoutMs: Int64,
        acceptedAtMs: Int64, isExternal: Bool, idempotencyKey: String?, parentRunID: String? = nil,
        startedAtMs: Int64? = nil, restarts: Int = 0, launches: Int = 0, phase: Phase
    ) {
        self.runID = runID
        self.kind = kind
        self.sessionKey = sessionKey
        self.requesterKey = requesterKey
        self.askerDeviceID = askerDeviceID
        self.agentID = agentID
        self.runtime = runtime
        self.task = task
        self.label = label
        self.cleanup = cleanup
        self.runTimeoutSeconds = runTimeoutSeconds
        self.spawnTimeoutMs = spawnTimeoutMs
        self.acceptedAtMs = acceptedAtMs
        self.isExternal = isExternal
        self.idempotencyKey = idempotencyKey
        self.parentRunID = parentRunID
        self.startedAtMs = startedAtMs
        self.restarts = restarts
        self.launches = launches
        self.phase = phase
    }

    package var isTurn: Bool { kind != .spawn }

    /// What of it has to be here once the store has it as it ended; itself before that.
    package var stored: Run {
        guard var end else { return self }
        var run = self
        end.text = ""
        (run.task, run.phase, run.isStored) = ("", .ended(end), true)
        return run
    }

    package var end: RunEnd? {
        if case .ended(let end) = phase { end } else { nil }
    }
}

/// What asked for a turn. Idempotency keys of different origins do not meet.
package enum TurnOrigin: String, Sendable {
    case chat, agent, send, cron, tool
    /// Carries the result of a run to the session that asked for it.
    case announce
}

/// How a run ended; set once.
package struct RunEnd: Equatable, Sendable {
    package enum Status: String, Sendable { case ok, error, timeout, killed, lost }

    package let status: Status
    /// A sentence, when there is more to say than the status.
    package let cause: String?
    package let exitCode: Int?
    /// At most 100 KiB, the last of what the agent wrote. Empty once its run ``Run/isStored``.
    package fileprivate(set) var text: String
    package let totalBytes: Int
    package let endedAtMs: Int64
    /// Whether nobody has its text any more: it is not empty because nothing was said.
    package var isTextGone = false

    package init(
        status: Status, cause: String?, exitCode: Int?, text: String, totalBytes: Int, endedAtMs: Int64
    ) {
        self.status = status
        self.cause = cause
        self.exitCode = exitCode
        self.text = text
        self.totalBytes = totalBytes
        self.endedAtMs = endedAtMs
    }

    /// A cause is a sentence; it stands in events, in lists and in the log.
    package static let maxCauseCharacters = 1000
    package static let maxTextBytes = 100 * 1024
}
