/// Changes of transcripts; see ``Schema/version3`` for how they lie there.
extension Connection {
    func append(_ record: TranscriptRecord) throws(StoreError) {
        try run("INSERT INTO transcripts (session_id) VALUES (?1) ON CONFLICT DO NOTHING") {
            $0.write(record.sessionId)
        }
        let sql = """
            INSERT INTO transcript (transcript, seq, role, body, timestamp_ms, run_id, message_id)
            SELECT id,
                CASE WHEN ?2 > 0 THEN ?2
                ELSE (SELECT coalesce(max(seq), 0) + 1 FROM transcript WHERE transcript = id) END,
                ?3, ?4, ?5, ?6, ?7
            FROM transcripts WHERE session_id = ?1 ON CONFLICT DO NOTHING
            """
        let changes = try run(sql) { columns in
            columns.write(record.sessionId)
            columns.write(record.seq)
            columns.write(record.role)
            columns.write(record.body)
            columns.write(record.timestampMs)
            columns.write(record.runId)
            columns.write(record.messageId)
        }
        if changes == 0 {
            let row = record.seq > 0 ? "row \(record.seq), message" : "message"
            throw .revisionConflict(record: "transcript \(row) \(record.messageId) of \(record.sessionId)")
        }
    }

    func copyTranscript(_ source: String, to target: String) throws(StoreError) {
        try run("INSERT INTO transcripts (session_id) VALUES (?1) ON CONFLICT DO NOTHING") { $0.write(target) }
        let sql = """
            INSERT INTO transcript (transcript, seq, role, body, timestamp_ms, run_id, message_id)
            SELECT (SELECT id FROM transcripts WHERE session_id = ?2),
                seq, role, body, timestamp_ms, run_id, message_id
            FROM transcript WHERE transcript = (SELECT id FROM transcripts WHERE session_id = ?1)
            ORDER BY seq DESC LIMIT \(StoreOperation.maxCopiedRows)
            """
        try run(sql) { columns in
            columns.write(source)
            columns.write(target)
        }
    }

    func archive(_ archive: TranscriptArchiveRecord) throws(StoreError) {
        let sql = """
            INSERT INTO transcript_archives (session_id, session_key, agent_id, reason, archived_at_ms)
            SELECT session_id, ?2, ?3, ?4, ?5 FROM transcripts WHERE session_id = ?1 ON CONFLICT DO NOTHING
            """
        try run(sql) { columns in
            columns.write(archive.sessionId)
            columns.write(archive.sessionKey)
            columns.write(archive.agentId)
            columns.write(archive.reason.rawValue)
            columns.write(archive.archivedAtMs)
        }
    }

    func deleteTranscript(_ sessionId: String) throws(StoreError) {
        try run("DELETE FROM transcript_archives WHERE session_id = ?1") { $0.write(sessionId) }
        try run("UPDATE transcripts SET session_id = NULL WHERE session_id = ?1") { $0.write(sessionId) }
    }

    /// Gives the transcript to the archive's session id, and the newest rows to a new one: they are few, and how many
    /// the others are does not matter.
    func compact(_ sessionId: String, keepLast: Int, _ archive: TranscriptArchiveRecord) throws(StoreError) {
        let old = try query(
            "SELECT id FROM transcripts WHERE session_id = ?1", { $0.write(sessionId) }, Self.firstInteger
        ).first
        guard let old else { return }
        let sql = "SELECT seq FROM transcript WHERE transcript = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2"
        let lastMoved = try query(
            sql,
            { columns in
                columns.write(old)
                columns.write(max(keepLast, 0))
            }, Self.firstInteger
        ).first
        // All are to be kept.
        guard let lastMoved else { return }
        let isTaken = try query(
            "SELECT id FROM transcripts WHERE session_id = ?1", { $0.write(archive.sessionId) }, Self.firstInteger)
        guard isTaken.isEmpty else { throw .revisionConflict(record: "transcript \(archive.sessionId)") }
        try run("UPDATE transcripts SET session_id = ?2 WHERE id = ?1") { columns in
            columns.write(old)
            columns.write(archive.sessionId)
        }
        try run("INSERT INTO transcripts (session_id) VALUES (?1)") { $0.write(sessionId) }
        let move = """
            UPDATE transcript SET transcript = (SELECT id FROM transcripts WHERE session_id = ?1)
            WHERE transcript = ?2 AND seq > ?3
            """
        try run(move) { columns in
            columns.write(sessionId)
            columns.write(old)
            columns.write(lastMoved)
        }
        try self.archive(archive)
    }

    private static func firstInteger(_ columns: inout ColumnReader) throws(StoreError) -> Int64 {
        try columns.int64()
    }
}
