/// Something to read; the case of ``StoreAnswer`` with the same name answers it.
///
/// Limits below zero count as zero. `maxBytes` is about the bodies; of a transcript that has rows at least one comes
/// back however long it is, so that who reads by pages gets on.
package enum StoreQuery: Equatable, Sendable {
    /// The newest rows, or the newest before `beforeSeq`.
    case transcript(sessionId: String, beforeSeq: Int64? = nil, limit: Int, maxBytes: Int = .max)
    /// The newest rows of each of these sessions, all as of one moment.
    case transcriptTails([String], limit: Int, maxBytes: Int = .max)
    case message(sessionId: String, messageId: String)
    /// The oldest rows.
    case transcriptStart(sessionId: String, limit: Int, maxBytes: Int = .max)
    /// The newest first.
    case archives(sessionKey: String)
    /// Archived or not.
    case session(key: String)
    /// Not archived ones, those updated last first; `after` is the last one of the page before.
    case sessions(after: SessionRecord? = nil, limit: Int)
    case run(runId: String)
    /// Those that there are.
    case results(runIds: [String])
    case cronRuns(CronRunFilter)
}

/// Which ended runs of cron jobs to read.
package struct CronRunFilter: Equatable, Sendable {
    /// Nil: of all jobs.
    package var jobId: String?
    package var runId: String?
    /// Empty: in any.
    package var statuses: [String] = []
    /// Empty: in any.
    package var deliveryStatuses: [String] = []
    /// Stands somewhere in summary, error or job id; letters of either case.
    package var text: String?
    package var newestFirst = true
    package var limit = 50
    package var offset = 0

    package init() {}
}

/// What was read.
package enum StoreAnswer: Equatable, Sendable {
    case transcript(TranscriptPage)
    /// One for each session id that was asked for; empty for those without rows.
    case transcriptTails([String: TranscriptPage])
    case message(TranscriptRecord?)
    case transcriptStart(TranscriptPage)
    case archives([TranscriptArchiveRecord])
    case session(SessionRecord?)
    case sessions([SessionRecord])
    case run(RunRecord?)
    case results([ResultRecord])
    case cronRuns(CronRunPage)
}
