/// One firing of a cron job.
package struct CronRunRecord: Equatable, Sendable {
    /// Names job and time, so that a firing is written once.
    package var id: String
    package var jobId: String
    /// "queued", "running", then "ok", "error" or "skipped".
    package var status: String
    /// When it was due, or asked for.
    package var scheduledMs: Int64
    package var startedAtMs: Int64?
    package var finishedAtMs: Int64?
    /// What became of the result.
    package var deliveryStatus: String?
    package var summary: String?
    package var error: String?
    /// Further fields, as the core encodes them.
    package var json: [UInt8]?
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        id: String, jobId: String, status: String, scheduledMs: Int64, startedAtMs: Int64? = nil,
        finishedAtMs: Int64? = nil, deliveryStatus: String? = nil, summary: String? = nil, error: String? = nil,
        json: [UInt8]? = nil,
        revision: Int64 = 0
    ) {
        self.id = id
        self.jobId = jobId
        self.status = status
        self.scheduledMs = scheduledMs
        self.startedAtMs = startedAtMs
        self.finishedAtMs = finishedAtMs
        self.deliveryStatus = deliveryStatus
        self.summary = summary
        self.error = error
        self.json = json
        self.revision = revision
    }
}

/// A page of the run log.
package struct CronRunPage: Equatable, Sendable {
    package var runs: [CronRunRecord] = []
    /// Of all that match.
    package var total = 0

    package init(runs: [CronRunRecord] = [], total: Int = 0) {
        self.runs = runs
        self.total = total
    }
}
