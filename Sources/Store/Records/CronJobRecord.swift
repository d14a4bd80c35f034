/// A cron job.
package struct CronJobRecord: Equatable, Sendable {
    package var id: String
    /// All of it, as the core encodes it.
    package var json: [UInt8]
    package var enabled: Bool
    package var nextRunAtMs: Int64?
    package var updatedAtMs: Int64
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        id: String, json: [UInt8], enabled: Bool, nextRunAtMs: Int64? = nil, updatedAtMs: Int64, revision: Int64 = 0
    ) {
        self.id = id
        self.json = json
        self.enabled = enabled
        self.nextRunAtMs = nextRunAtMs
        self.updatedAtMs = updatedAtMs
        self.revision = revision
    }
}
