/// `cron.*`, as far as it is read.
package struct CronSettings: Equatable, Sendable {
    package let isEnabled: Bool
    /// `OPENCLAW_SKIP_CRON`
    package let isSkipped: Bool
    package let maxConcurrentRuns: Int
    package let skipMissedJobs: Bool
    /// Nil: conversations of isolated jobs stay.
    package let sessionRetention: Duration?
    /// `runLog.keepLines`, for each job.
    package let keepLines: Int
}
