/// One run of an agent in a session.
package struct RunRecord: Equatable, Sendable {
    /// How far a run has come. The last five are final.
    package enum Status: String, Equatable, Sendable, CaseIterable {
        case queued, launching, running, ok, error, timeout, killed, lost
    }

    /// What asked for a run.
    package enum AskerKind: String, Equatable, Sendable, CaseIterable {
        case device, session
    }

    package var runId: String
    package var sessionKey: String
    /// The session that gets the result.
    package var requesterKey: String
    package var askerKind: AskerKind
    /// A device id or a session key.
    package var askerId: String
    package var agentId: String
    package var runtime: String
    package var task: String
    package var label: String?
    package var mode: String
    package var cleanup: String
    package var status: Status
    /// Why it ended, for people.
    package var cause: String?
    package var exitCode: Int32?
    package var acceptedAtMs: Int64
    package var launchedAtMs: Int64?
    package var startedAtMs: Int64?
    /// A run without it is loaded at start.
    package var endedAtMs: Int64?
    /// 0: none.
    package var runTimeoutSeconds: Int64
    package var spawnTimeoutMs: Int64
    /// Launched elsewhere, by a trusted parent.
    package var external: Bool
    package var idempotencyKey: String?
    /// The run whose agent asked for this one.
    package var parentRunId: String?
    /// How often it was started anew after its worker was lost.
    package var restarts: Int32
    /// How often it was launched.
    package var launches: Int32
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        runId: String, sessionKey: String, requesterKey: String, askerKind: AskerKind, askerId: String,
        agentId: String, runtime: String, task: String, label: String? = nil, mode: String, cleanup: String,
        status: Status, cause: String? = nil, exitCode: Int32? = nil, acceptedAtMs: Int64, launchedAtMs: Int64? = nil,
        startedAtMs: Int64? = nil, endedAtMs: Int64? = nil, runTimeoutSeconds: Int64 = 0, spawnTimeoutMs: Int64,
        external: Bool = false, idempotencyKey: String? = nil, parentRunId: String? = nil, restarts: Int32 = 0,
        launches: Int32 = 0,
        revision: Int64 = 0
    ) {
        self.runId = runId
        self.sessionKey = sessionKey
        self.requesterKey = requesterKey
        self.askerKind = askerKind
        self.askerId = askerId
        self.agentId = agentId
        self.runtime = runtime
        self.task = task
        self.label = label
        self.mode = mode
        self.cleanup = cleanup
        self.status = status
        self.cause = cause
        self.exitCode = exitCode
        self.acceptedAtMs = acceptedAtMs
        self.launchedAtMs = launchedAtMs
        self.startedAtMs = startedAtMs
        self.endedAtMs = endedAtMs
        self.runTimeoutSeconds = runTimeoutSeconds
        self.spawnTimeoutMs = spawnTimeoutMs
        self.external = external
        self.idempotencyKey = idempotencyKey
        self.parentRunId = parentRunId
        self.restarts = restarts
        self.launches = launches
        self.revision = revision
    }
}
