/// What the reader threads answer.
extension Connection {
    func answer(_ query: StoreQuery) throws(StoreError) -> StoreAnswer {
        switch query {
        case .transcript(let sessionId, let beforeSeq, let limit, let maxBytes):
            return .transcript(try newest(sessionId, beforeSeq, limit, maxBytes))
        case .transcriptTails(let sessionIds, let limit, let maxBytes):
            return .transcriptTails(
                try asOfOneMoment { () throws(StoreError) in
                    var tails: [String: TranscriptPage] = [:]
                    for sessionId in sessionIds { tails[sessionId] = try newest(sessionId, nil, limit, maxBytes) }
                    return tails
                })
        case .message(let sessionId, let messageId):
            return .message(try message(sessionId, messageId))
        case .transcriptStart(let sessionId, let limit, let maxBytes):
            return .transcriptStart(try oldest(sessionId, limit, maxBytes))
        case .archives(let sessionKey):
            return .archives(try archives(sessionKey))
        case .session(let key):
            return .session(try record(SessionRecord.self, key: key))
        case .sessions(let last, let limit):
            return .sessions(try sessions(after: last, limit: limit))
        case .run(let runId):
            return .run(try record(RunRecord.self, key: runId))
        case .results(let runIds):
            var found: [ResultRecord] = []
            for runId in runIds { if let result = try record(ResultRecord.self, key: runId) { found.append(result) } }
            return .results(found)
        case .cronRuns(let filter):
            return .cronRuns(try asOfOneMoment { () throws(StoreError) in try cronRuns(filter) })
        }
    }

    private static let selectRow = """
        SELECT seq, role, body, timestamp_ms, run_id, message_id FROM transcript
        WHERE transcript = (SELECT id FROM transcripts WHERE session_id = ?1)
        """

    func newest(
        _ sessionId: String, _ beforeSeq: Int64?, _ limit: Int, _ maxBytes: Int
    ) throws(StoreError) -> TranscriptPage {
        let sql = "\(Self.selectRow) AND seq < ?2 ORDER BY seq DESC"
        var page = try page(sql, sessionId, limit, maxBytes) { columns in
            columns.write(sessionId)
            columns.write(beforeSeq ?? .max)
        }
        page.rows.reverse()
        return page
    }

    private func oldest(_ sessionId: String, _ limit: Int, _ maxBytes: Int) throws(StoreError) -> TranscriptPage {
        try page("\(Self.selectRow) ORDER BY seq", sessionId, limit, maxBytes) { $0.write(sessionId) }
    }

    private func page(
        _ sql: String, _ sessionId: String, _ limit: Int, _ maxBytes: Int, _ write: (inout ColumnWriter) -> Void
    ) throws(StoreError) -> TranscriptPage {
        guard limit > 0 else { return TranscriptPage() }
        var page = TranscriptPage()
        var bytesLeft = max(maxBytes, 0)
        try each(sql, write) { columns throws(StoreError) in
            if page.rows.count == limit {
                page.hasMore = true
                return false
            }
            let row = try Self.row(of: sessionId, &columns)
            guard page.rows.isEmpty || row.body.count <= bytesLeft else {
                page.hasMore = true
                return false
            }
            bytesLeft = max(bytesLeft - row.body.count, 0)
            page.rows.append(row)
            return true
        }
        return page
    }

    private func message(_ sessionId: String, _ messageId: String) throws(StoreError) -> TranscriptRecord? {
        var found: TranscriptRecord?
        let sql = "\(Self.selectRow) AND message_id = ?2"
        try each(sql) { columns in
            columns.write(sessionId)
            columns.write(messageId)
        } _: { columns throws(StoreError) in
            found = try Self.row(of: sessionId, &columns)
            return false
        }
        return found
    }

    private static func row(
        of sessionId: String, _ columns: inout ColumnReader
    ) throws(StoreError) -> TranscriptRecord {
        TranscriptRecord(
            sessionId: sessionId, seq: try columns.int64(), role: try columns.text(), body: try columns.bytes(),
            timestampMs: try columns.int64(), runId: try columns.optionalText(), messageId: try columns.text())
    }

    private func archives(_ sessionKey: String) throws(StoreError) -> [TranscriptArchiveRecord] {
        let sql = """
            SELECT session_id, session_key, agent_id, reason, archived_at_ms FROM transcript_archives
            WHERE session_key = ?1 ORDER BY archived_at_ms DESC, session_id
            """
        return try query(sql, { $0.write(sessionKey) }) { columns throws(StoreError) in
            TranscriptArchiveRecord(
                sessionId: try columns.text(), sessionKey: try columns.text(), agentId: try columns.text(),
                reason: try columns.choice(), archivedAtMs: try columns.int64())
        }
    }
}
