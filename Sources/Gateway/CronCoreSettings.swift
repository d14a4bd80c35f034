package import Sessions

/// How cron behaves (`cron.*`).
package struct CronCoreSettings: Sendable {
    package var table = CronTable.Settings()
    /// The conversations of isolated runs go when they have been silent for so long; nil: never.
    package var sessionRetentionMs: Int64? = 24 * 3_600_000
    /// Rows of the run log for each job.
    package var keepRuns = 2000
    package static let runLogLifeMs: Int64 = 7 * 24 * 3_600_000
    /// That of jobs without one.
    package var hostZone = TimeZoneRules.utc
    /// Where the gateway keeps its jobs, for `cron.status`.
    package var databasePath = ""

    package init() {}
}
