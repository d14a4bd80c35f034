package import JSON

/// Something to be done at times (sessions and configuration reference, section 7).
package struct CronJob: Equatable, Sendable {
    package enum Target: Equatable, Sendable {
        /// The agent's main session.
        case main
        /// A session of its own, empty each time.
        case isolated
        /// The session by this key. A job made with `current` has the key of the session that made it.
        case session(String)
    }

    package enum WakeMode: String, Sendable {
        case now
        case nextHeartbeat = "next-heartbeat"
    }

    package enum Payload: Equatable, Sendable {
        case systemEvent(text: String)
        /// `options`: what else was given (model, thinking, …), kept as it came.
        case agentTurn(message: String, timeoutSeconds: Int, options: JSONObject)
    }

    package let id: String
    package var name: String
    package var description: String?
    /// Nil: the default agent.
    package var agentID: String?
    /// Whose session the job reports to; nil: the agent's main session.
    package var sessionKey: String?
    package var isEnabled = true
    /// Nil: as is usual for the schedule.
    package var deleteAfterRun: Bool?
    package var schedule: CronSchedule
    package var target: Target
    package var wakeMode: WakeMode
    package var payload: Payload
    package var delivery: CronDelivery
    package var createdAtMs: Int64
    package var updatedAtMs: Int64
    package var state = CronJobState()

    package init(
        id: String, name: String, schedule: CronSchedule, target: Target, wakeMode: WakeMode = .now, payload: Payload,
        delivery: CronDelivery = CronDelivery(), createdAtMs: Int64, updatedAtMs: Int64
    ) {
        self.id = id
        self.name = name
        self.schedule = schedule
        self.target = target
        self.wakeMode = wakeMode
        self.payload = payload
        self.delivery = delivery
        self.createdAtMs = createdAtMs
        self.updatedAtMs = updatedAtMs
    }

    /// It goes once it has succeeded.
    package var isDeletedAfterRun: Bool {
        if case .at = schedule { deleteAfterRun ?? true } else { deleteAfterRun ?? false }
    }

    package var isOneShot: Bool {
        if case .at = schedule { true } else { false }
    }
}

/// What happens with a run's result.
package struct CronDelivery: Equatable, Sendable {
    package enum Mode: String, Sendable {
        case none
        /// Into the session that the job reports to.
        case announce
    }

    package var mode: Mode
    /// Channel, recipient and such, kept as they came: there are no channels here.
    package var options: JSONObject

    package init(mode: Mode = .none, options: JSONObject = JSONObject()) {
        self.mode = mode
        self.options = options
    }
}

/// How a job has fared.
package struct CronJobState: Equatable, Sendable {
    package enum Status: String, Sendable { case ok, error, skipped }

    package enum DeliveryStatus: String, Sendable {
        case delivered
        case notDelivered = "not-delivered"
        case notRequested = "not-requested"
    }

    /// Nil: it does not fire by itself any more.
    package var nextRunAtMs: Int64?
    package var runningAtMs: Int64?
    package var lastRunAtMs: Int64?
    package var lastStatus: Status?
    package var lastError: String?
    package var lastDurationMs: Int64?
    package var consecutiveErrors = 0
    package var consecutiveSkipped = 0
    package var lastDeliveryStatus: DeliveryStatus?
    package var lastDeliveryError: String?

    package init() {}
}
