/// A run's result in the outbox, until its requester has acknowledged it.
package struct ResultRecord: Equatable, Sendable {
    package var runId: String
    package var requesterKey: String
    package var status: RunRecord.Status
    package var exitCode: Int32?
    /// At most 100 KiB.
    package var text: String
    /// What the run wrote in all.
    package var totalBytes: Int64
    package var createdAtMs: Int64
    package var acknowledgedAtMs: Int64?
    package var attempts: Int
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        runId: String, requesterKey: String, status: RunRecord.Status, exitCode: Int32? = nil, text: String,
        totalBytes: Int64, createdAtMs: Int64, acknowledgedAtMs: Int64? = nil, attempts: Int = 0, revision: Int64 = 0
    ) {
        self.runId = runId
        self.requesterKey = requesterKey
        self.status = status
        self.exitCode = exitCode
        self.text = text
        self.totalBytes = totalBytes
        self.createdAtMs = createdAtMs
        self.acknowledgedAtMs = acknowledgedAtMs
        self.attempts = attempts
        self.revision = revision
    }
}
