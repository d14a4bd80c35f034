/// One firing of a job, from the moment at which it was due until its end.
package struct CronRun: Equatable, Sendable {
    package enum Phase: String, Sendable {
        /// Due, or asked for; waits for a place.
        case queued
        case running
    }

    /// `cron:<jobId>:<scheduledMs>`, or `manual:<jobId>:<ms>:<n>`. Also the id of the turn, so that no firing happens
    /// twice.
    package let runID: String
    package let jobID: String
    /// When it was due, or asked for.
    package let scheduledMs: Int64
    package let isManual: Bool
    package var phase: Phase
    package var startedAtMs: Int64?
    package var sessionKey: String?
    package var sessionID: String?

    package init(
        runID: String, jobID: String, scheduledMs: Int64, isManual: Bool, phase: Phase = .queued,
        startedAtMs: Int64? = nil
    ) {
        self.runID = runID
        self.jobID = jobID
        self.scheduledMs = scheduledMs
        self.isManual = isManual
        self.phase = phase
        self.startedAtMs = startedAtMs
    }

    static func scheduled(_ job: CronJob, atMs: Int64) -> CronRun {
        CronRun(runID: "cron:\(job.id):\(atMs)", jobID: job.id, scheduledMs: atMs, isManual: false)
    }
}

/// How a run ended.
package struct CronOutcome: Equatable, Sendable {
    package var status: CronJobState.Status
    /// Nothing of it ever began: it may be tried again without being done twice.
    package var isUnbegun = false
    package var error: String?
    /// The beginning of what the agent said.
    package var summary: String?
    package var deliveryStatus: CronJobState.DeliveryStatus?
    package var deliveryError: String?

    package static let maxSummaryCharacters = 2000

    package init(
        status: CronJobState.Status, error: String? = nil, summary: String? = nil,
        deliveryStatus: CronJobState.DeliveryStatus? = nil, deliveryError: String? = nil
    ) {
        self.status = status
        self.error = error
        self.summary = summary
        self.deliveryStatus = deliveryStatus
        self.deliveryError = deliveryError
    }
}
