extension Connection {
    /// Applies one operation inside the transaction that is open.
    func apply(_ operation: StoreOperation) throws(StoreError) {
        switch operation {
        case .putSession(let record, let revision): try put(record, revision)
        case .deleteSession(let key): try delete(SessionRecord.self, key)
        case .putRun(let record, let revision): try put(record, revision)
        case .deleteRun(let runId): try delete(RunRecord.self, runId)
        case .putGrant(let record, let revision): try put(record, revision)
        case .deleteGrant(let childDeviceId): try delete(GrantRecord.self, childDeviceId)
        case .putResult(let record, let revision): try put(record, revision)
        case .acknowledgeResult(let runId, let atMs): try acknowledgeResult(runId, atMs)
        case .putDevice(let record, let revision): try put(record, revision)
        case .removeDevice(let deviceId):
            try run("DELETE FROM device_tokens WHERE device_id = ?1") { $0.write(deviceId) }
            try delete(DeviceRecord.self, deviceId)
        case .putDeviceToken(let record, let revision): try put(record, revision)
        case .removeDeviceToken(let deviceId, let role): try delete(DeviceTokenRecord.self, deviceId, role)
        case .putPending(let record, let revision): try put(record, revision)
        case .removePending(let requestId): try delete(PendingPairingRecord.self, requestId)
        case .putInvitation(let record, let revision): try put(record, revision)
        case .removeInvitation(let id): try delete(InvitationRecord.self, id)
        case .putIdempotency(let record, let revision): try put(record, revision)
        case .removeIdempotency(let scope, let key): try delete(IdempotencyRecord.self, scope, key)
        case .putRevocation(let record, let revision): try put(record, revision)
        case .putMeta(let record, let revision): try put(record, revision)
        case .removeMeta(let key): try delete(MetaRecord.self, key)
        case .appendTranscript(let record): try append(record)
        case .copyTranscript(let source, let target): try copyTranscript(source, to: target)
        case .archiveTranscript(let sessionId, let sessionKey, let agentId, let reason, let atMs):
            try archive(
                TranscriptArchiveRecord(
                    sessionId: sessionId, sessionKey: sessionKey, agentId: agentId, reason: reason,
                    archivedAtMs: atMs))
        case .deleteTranscript(let sessionId): try deleteTranscript(sessionId)
        case .compactTranscript(
            let sessionId, let keepLast, let archiveSessionId, let sessionKey, let agentId, let atMs):
            try compact(
                sessionId, keepLast: keepLast,
                TranscriptArchiveRecord(
                    sessionId: archiveSessionId, sessionKey: sessionKey, agentId: agentId, reason: .compacted,
                    archivedAtMs: atMs))
        case .putCronJob(let record, let revision): try put(record, revision)
        case .removeCronJob(let id): try delete(CronJobRecord.self, id)
        case .putCronRun(let record, let revision): try put(record, revision)
        case .removeCronRun(let id): try delete(CronRunRecord.self, id)
        case .trimCronRuns(let jobId, let keepLast): try trimCronRuns(jobId, keepLast)
        // The rest is left to the chores.
        case .purge(let subject, let beforeMs): _ = try purge(subject, beforeMs, limit: Chores.rowsInStep)
        }
    }

    func put<Record: StoredRecord>(_ record: Record, _ expectedRevision: Int64?) throws(StoreError) {
        let table = Record.table
        let sql =
            switch expectedRevision {
            case nil: table.upsert
            case 0?: table.insert
            case _?: table.update
            }
        let changes = try run(sql) { columns in
            record.write(to: &columns)
            if let expectedRevision, expectedRevision != 0 { columns.write(expectedRevision) }
        }
        if changes == 0 { throw .revisionConflict(record: record.identity) }
    }

    private func delete<Record: StoredRecord>(_ type: Record.Type, _ keys: String...) throws(StoreError) {
        try run(Record.table.delete) { columns in
            for key in keys { columns.write(key) }
        }
    }

    private func acknowledgeResult(_ runId: String, _ atMs: Int64) throws(StoreError) {
        let sql = """
            UPDATE results SET acknowledged_at_ms = ?2, revision = revision + 1
            WHERE run_id = ?1 AND acknowledged_at_ms IS NULL
            """
        try run(sql) { columns in
            columns.write(runId)
            columns.write(atMs)
        }
    }
}
