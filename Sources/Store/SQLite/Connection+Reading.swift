extension Connection {
    /// As of one moment, however many commits happen meanwhile.
    func snapshot(
        nowMs: Int64, _ sessions: SessionSelection, _ options: SQLiteStore.Options
    ) throws(StoreError) -> StoreSnapshot {
        try asOfOneMoment { () throws(StoreError) in try readSnapshot(nowMs, sessions, options) }
    }

    private static let activeSessions = """
        archived_at_ms IS NULL AND key IN (
            SELECT session_key FROM runs WHERE ended_at_ms IS NULL
            UNION SELECT requester_key FROM runs WHERE ended_at_ms IS NULL
            UNION SELECT session_key FROM grants WHERE state = 'live'
            UNION SELECT requester_key FROM results WHERE acknowledged_at_ms IS NULL
        )
        """

    private func readSnapshot(
        _ nowMs: Int64, _ sessions: SessionSelection, _ options: SQLiteStore.Options
    ) throws(StoreError) -> StoreSnapshot {
        var snapshot = StoreSnapshot()
        snapshot.sessions = try records(
            of: SessionRecord.self, where: sessions == .active ? Self.activeSessions : "archived_at_ms IS NULL")
        snapshot.runs = try records(of: RunRecord.self, where: "ended_at_ms IS NULL")
        snapshot.endedRuns = try records(
            of: RunRecord.self,
            where: """
                ended_at_ms > ?1
                OR run_id IN (SELECT run_id FROM results WHERE acknowledged_at_ms IS NULL) AND ended_at_ms IS NOT NULL
                """
        ) { $0.write(nowMs - options.endedRunLifeMs) }
        snapshot.grants = try records(of: GrantRecord.self, where: "state = 'live' OR tombstone_until_ms > ?1") {
            $0.write(nowMs)
        }
        snapshot.devices = try records(of: DeviceRecord.self)
        snapshot.deviceTokens = try records(of: DeviceTokenRecord.self)
        snapshot.pendingPairings = try records(of: PendingPairingRecord.self, where: "created_at_ms > ?1") {
            $0.write(nowMs - options.pendingPairingLifeMs)
        }
        snapshot.invitations = try records(of: InvitationRecord.self, where: "expires_at_ms > ?1") {
            $0.write(nowMs)
        }
        snapshot.idempotency = try records(of: IdempotencyRecord.self, where: "created_at_ms > ?1") {
            $0.write(nowMs - options.idempotencyLifeMs)
        }
        snapshot.revocations = try records(of: RevocationRecord.self)
        snapshot.cronJobs = try records(of: CronJobRecord.self)
        snapshot.cronRuns = try records(of: CronRunRecord.self, where: "finished_at_ms IS NULL")
        snapshot.meta = try records(of: MetaRecord.self, where: "key NOT LIKE 'store.%'")
        return snapshot
    }

    func record<Record: StoredRecord>(_ type: Record.Type, key: String) throws(StoreError) -> Record? {
        try query(Record.table.selectByKey, { $0.write(key) }) { columns throws(StoreError) in
            try Record(from: &columns)
        }.first
    }

    func sessions(after last: SessionRecord?, limit: Int) throws(StoreError) -> [SessionRecord] {
        let condition = """
            archived_at_ms IS NULL AND (updated_at_ms, key) < (?1, ?2) ORDER BY updated_at_ms DESC, key DESC LIMIT ?3
            """
        let firstPage = "archived_at_ms IS NULL ORDER BY updated_at_ms DESC, key DESC LIMIT ?1"
        return try records(of: SessionRecord.self, where: last == nil ? firstPage : condition) { columns in
            if let last {
                columns.write(last.updatedAtMs)
                columns.write(last.key)
            }
            columns.write(max(limit, 0))
        }
    }
}
