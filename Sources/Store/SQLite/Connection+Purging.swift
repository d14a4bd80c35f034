/// Removing what is over, a bounded number of rows at a time: who commits meanwhile waits for one step at most.
extension Connection {
    /// - Returns: How many records went. Fewer than the limit: it is done.
    func purge(_ subject: PurgeSubject, _ beforeMs: Int64, limit: Int) throws(StoreError) -> Int {
        var removed = 0
        for statement in Self.statements(subject) {
            removed = try run(statement) { columns in
                columns.write(beforeMs)
                columns.write(limit)
            }
        }
        return removed
    }

    /// The last one removes the records themselves.
    private static func statements(_ subject: PurgeSubject) -> [String] {
        switch subject {
        case .tombstones:
            return [
                """
                DELETE FROM grants WHERE child_device_id IN (
                    SELECT child_device_id FROM grants WHERE state <> 'live' AND tombstone_until_ms < ?1 LIMIT ?2)
                """
            ]
        case .pendingPairings:
            return [
                """
                DELETE FROM pending_pairings WHERE request_id IN (
                    SELECT request_id FROM pending_pairings WHERE created_at_ms < ?1 LIMIT ?2)
                """
            ]
        case .idempotencyKeys:
            return [
                """
                DELETE FROM idempotency WHERE (scope, key) IN (
                    SELECT scope, key FROM idempotency WHERE created_at_ms < ?1 LIMIT ?2)
                """
            ]
        case .acknowledgedResults:
            return [
                """
                DELETE FROM results WHERE run_id IN (
                    SELECT run_id FROM results WHERE acknowledged_at_ms < ?1 LIMIT ?2)
                """
            ]
        case .endedRuns:
            return [
                """
                DELETE FROM runs WHERE run_id IN (
                    SELECT run_id FROM runs WHERE ended_at_ms < ?1 AND NOT EXISTS (
                        SELECT 1 FROM results WHERE results.run_id = runs.run_id AND acknowledged_at_ms IS NULL)
                    LIMIT ?2)
                """
            ]
        case .archivedSessions:
            let old = "FROM sessions WHERE archived_at_ms < ?1 ORDER BY archived_at_ms, key LIMIT ?2"
            return [
                """
                UPDATE transcripts SET session_id = NULL WHERE session_id IN (SELECT session_id \(old))
                AND session_id NOT IN (SELECT session_id FROM transcript_archives)
                """,
                "DELETE FROM sessions WHERE key IN (SELECT key \(old))",
            ]
        case .transcriptArchives:
            let old = """
                SELECT session_id FROM transcript_archives
                WHERE archived_at_ms < ?1 ORDER BY archived_at_ms, session_id LIMIT ?2
                """
            return [
                "UPDATE transcripts SET session_id = NULL WHERE session_id IN (\(old))",
                "DELETE FROM transcript_archives WHERE session_id IN (\(old))",
            ]
        case .cronRuns:
            return [
                "DELETE FROM cron_runs WHERE id IN (SELECT id FROM cron_runs WHERE finished_at_ms < ?1 LIMIT ?2)"
            ]
        case .revocations:
            return [
                """
                DELETE FROM revocations WHERE device_id IN (
                    SELECT device_id FROM revocations WHERE at_ms < ?1 LIMIT ?2)
                """
            ]
        }
    }

    /// Removes rows of transcripts that were given up.
    ///
    /// - Returns: Whether there may be more.
    func sweepTranscripts(limit: Int) throws(StoreError) -> Bool {
        let abandoned = try query("SELECT id FROM transcripts WHERE session_id IS NULL LIMIT 1") {
            columns throws(StoreError) in try columns.int64()
        }.first
        guard let abandoned else { return false }
        let sql = """
            DELETE FROM transcript WHERE rowid IN (SELECT rowid FROM transcript WHERE transcript = ?1 LIMIT ?2)
            """
        let removed = try run(sql) { columns in
            columns.write(abandoned)
            columns.write(limit)
        }
        if removed < limit { try run("DELETE FROM transcripts WHERE id = ?1") { $0.write(abandoned) } }
        return true
    }
}
