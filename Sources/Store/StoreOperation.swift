/// One change of a record.
///
/// A put replaces the whole record. With `expectedRevision` it is a compare-and-set: 0 expects that there is no such
/// record, n that it has been put n times since it was made; otherwise the whole commit fails with
/// ``StoreError/revisionConflict(record:)``. Removing what does not exist is no error.
package enum StoreOperation: Equatable, Sendable {
    case putSession(SessionRecord, expectedRevision: Int64? = nil)
    /// The transcript stays; see ``deleteTranscript(sessionId:)``.
    case deleteSession(key: String)
    case putRun(RunRecord, expectedRevision: Int64? = nil)
    case deleteRun(runId: String)
    case putGrant(GrantRecord, expectedRevision: Int64? = nil)
    case deleteGrant(childDeviceId: String)
    case putResult(ResultRecord, expectedRevision: Int64? = nil)
    /// The first acknowledgement counts; later ones change nothing.
    case acknowledgeResult(runId: String, atMs: Int64)
    case putDevice(DeviceRecord, expectedRevision: Int64? = nil)
    /// Its tokens go too.
    case removeDevice(deviceId: String)
    case putDeviceToken(DeviceTokenRecord, expectedRevision: Int64? = nil)
    case removeDeviceToken(deviceId: String, role: String)
    case putPending(PendingPairingRecord, expectedRevision: Int64? = nil)
    case removePending(requestId: String)
    case putInvitation(InvitationRecord, expectedRevision: Int64? = nil)
    case removeInvitation(id: String)
    case putIdempotency(IdempotencyRecord, expectedRevision: Int64? = nil)
    case removeIdempotency(scope: String, key: String)
    case putRevocation(RevocationRecord, expectedRevision: Int64? = nil)
    case putMeta(MetaRecord, expectedRevision: Int64? = nil)
    case removeMeta(key: String)
    /// A `seq` or a message id that the session has already is a ``StoreError/revisionConflict(record:)``.
    case appendTranscript(TranscriptRecord)
    /// Copies the newest ``maxCopiedRows`` of a session's transcript, as it is at this point, into another, which has
    /// nothing yet; with the same `seq` and message ids.
    case copyTranscript(from: String, to: String)
    /// Says that no session continues it. Its rows stay, readable by session id, until the archive is purged. The first
    /// call counts; without rows there is nothing to archive.
    case archiveTranscript(
        sessionId: String, sessionKey: String, agentId: String, reason: TranscriptArchiveRecord.Reason, atMs: Int64)
    /// Archived or not, it is gone for every reader; the room is taken back by and by.
    case deleteTranscript(sessionId: String)
    /// Archives all but the newest rows under another, unused session id. They keep their `seq` and message ids.
    /// Without rows beyond those to keep nothing happens.
    case compactTranscript(
        sessionId: String, keepLast: Int, archiveAs: String, sessionKey: String, agentId: String, atMs: Int64)
    case putCronJob(CronJobRecord, expectedRevision: Int64? = nil)
    /// Its runs stay in the log.
    case removeCronJob(id: String)
    /// With `expectedRevision` 0 a firing that is known already is a ``StoreError/revisionConflict(record:)``.
    case putCronRun(CronRunRecord, expectedRevision: Int64? = nil)
    case removeCronRun(id: String)
    /// Leaves the newest ended runs of a job.
    case trimCronRuns(jobId: String, keepLast: Int)
    /// Removes what is over since before that time: some of it with the commit, the rest while no commit waits.
    case purge(PurgeSubject, beforeMs: Int64)

    package static let maxCopiedRows = 2000
}

/// What can be purged, and by which of its times.
package enum PurgeSubject: Equatable, Sendable, CaseIterable {
    /// Ended and revoked grants, by the end of their tombstone; never those that are live.
    case tombstones
    /// By their creation.
    case pendingPairings, idempotencyKeys
    /// By their acknowledgement.
    case acknowledgedResults
    /// By their end; never a run whose result is still waiting.
    case endedRuns
    /// With their transcripts, unless these are archived themselves; by the time of archiving.
    case archivedSessions
    /// With their rows, by the time of archiving.
    case transcriptArchives
    case revocations
    /// By their end; never one that has not ended.
    case cronRuns
}
