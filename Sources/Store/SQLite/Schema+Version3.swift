extension Schema {
    /// Transcripts by session id. The table before was never written to.
    ///
    /// Rows hang on a number instead of the session id: so a transcript of any length is renamed or given up by one
    /// row of `transcripts`. One without a session id is garbage, whose rows the writer removes by and by.
    static let version3 = """
        DROP TABLE transcript;
        CREATE TABLE transcripts (id INTEGER PRIMARY KEY, session_id TEXT UNIQUE) STRICT;
        CREATE INDEX transcripts_given_up ON transcripts (id) WHERE session_id IS NULL;
        CREATE TABLE transcript (
            transcript INTEGER NOT NULL, seq INTEGER NOT NULL, role TEXT NOT NULL, body BLOB NOT NULL,
            timestamp_ms INTEGER NOT NULL, run_id TEXT, message_id TEXT NOT NULL, PRIMARY KEY (transcript, seq)
        ) STRICT;
        CREATE UNIQUE INDEX transcript_messages ON transcript (transcript, message_id);
        CREATE TABLE transcript_archives (
            session_id TEXT NOT NULL, session_key TEXT NOT NULL, agent_id TEXT NOT NULL, reason TEXT NOT NULL,
            archived_at_ms INTEGER NOT NULL, PRIMARY KEY (session_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX transcript_archives_of_key ON transcript_archives (session_key, archived_at_ms);
        CREATE INDEX transcript_archives_age ON transcript_archives (archived_at_ms);
        CREATE INDEX results_acknowledged ON results (acknowledged_at_ms) WHERE acknowledged_at_ms IS NOT NULL;
        CREATE INDEX results_age ON results (created_at_ms);
        """
}
