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
        case .deleteTranscript(let sessionKey):
            try run("DELETE FROM transcript WHERE session_key = ?1") { $0.write(sessionKey) }
        case .purge(let subject, let beforeMs): try purge(subject, beforeMs)
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

    private func append(_ record: TranscriptRecord) throws(StoreError) {
        let sql = """
            INSERT INTO transcript (session_key, seq, role, body, timestamp_ms, run_id) VALUES (
                ?1,
                CASE WHEN ?2 > 0 THEN ?2
                ELSE (SELECT coalesce(max(seq), 0) + 1 FROM transcript WHERE session_key = ?1) END,
                ?3, ?4, ?5, ?6
            ) ON CONFLICT (session_key, seq) DO NOTHING
            """
        let changes = try run(sql) { columns in
            columns.write(record.sessionKey)
            columns.write(record.seq)
            columns.write(record.role)
            columns.write(record.body)
            columns.write(record.timestampMs)
            columns.write(record.runId)
        }
        if changes == 0 { throw .revisionConflict(record: "transcript row \(record.seq) of \(record.sessionKey)") }
    }

    private func purge(_ subject: PurgeSubject, _ beforeMs: Int64) throws(StoreError) {
        let statements =
            switch subject {
            case .tombstones: ["DELETE FROM grants WHERE state <> 'live' AND tombstone_until_ms < ?1"]
            case .pendingPairings: ["DELETE FROM pending_pairings WHERE created_at_ms < ?1"]
            case .idempotencyKeys: ["DELETE FROM idempotency WHERE created_at_ms < ?1"]
            case .acknowledgedResults: ["DELETE FROM results WHERE acknowledged_at_ms < ?1"]
            case .endedRuns:
                [
                    """
                    DELETE FROM runs WHERE ended_at_ms < ?1
                    AND run_id NOT IN (SELECT run_id FROM results WHERE acknowledged_at_ms IS NULL)
                    """
                ]
            case .archivedSessions:
                [
                    "DELETE FROM transcript WHERE session_key IN (SELECT key FROM sessions WHERE archived_at_ms < ?1)",
                    "DELETE FROM sessions WHERE archived_at_ms < ?1",
                ]
            case .revocations: ["DELETE FROM revocations WHERE at_ms < ?1"]
            }
        for statement in statements { try run(statement) { $0.write(beforeMs) } }
    }
}
