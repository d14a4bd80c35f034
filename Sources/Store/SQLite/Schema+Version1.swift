extension Schema {
    /// Frozen: what a released version wrote stays as it is, later changes are further migrations.
    static let version1 = """
        CREATE TABLE sessions (
            key TEXT NOT NULL, session_id TEXT NOT NULL, agent_id TEXT NOT NULL, kind TEXT NOT NULL, label TEXT,
            parent_key TEXT, requester_key TEXT, spawn_depth INTEGER NOT NULL, created_at_ms INTEGER NOT NULL,
            updated_at_ms INTEGER NOT NULL, archived_at_ms INTEGER, json BLOB, revision INTEGER NOT NULL,
            PRIMARY KEY (key)
        ) STRICT;
        CREATE TABLE runs (
            run_id TEXT NOT NULL, session_key TEXT NOT NULL, requester_key TEXT NOT NULL, asker_kind TEXT NOT NULL,
            asker_id TEXT NOT NULL, agent_id TEXT NOT NULL, runtime TEXT NOT NULL, task TEXT NOT NULL, label TEXT,
            mode TEXT NOT NULL, cleanup TEXT NOT NULL, status TEXT NOT NULL, cause TEXT, exit_code INTEGER,
            accepted_at_ms INTEGER NOT NULL, launched_at_ms INTEGER, started_at_ms INTEGER, ended_at_ms INTEGER,
            run_timeout_seconds INTEGER NOT NULL, spawn_timeout_ms INTEGER NOT NULL, external INTEGER NOT NULL,
            idempotency_key TEXT, revision INTEGER NOT NULL, PRIMARY KEY (run_id)
        ) STRICT;
        CREATE TABLE grants (
            child_device_id TEXT NOT NULL, issuer_device_id TEXT NOT NULL, spawn_id TEXT NOT NULL,
            session_key TEXT NOT NULL, public_key BLOB NOT NULL CHECK (length(public_key) = 32), scopes TEXT NOT NULL,
            depth INTEGER NOT NULL, principal_kind TEXT NOT NULL, principal_id TEXT, asker_device_id TEXT,
            run_id TEXT NOT NULL, registered INTEGER NOT NULL, not_before_ms INTEGER NOT NULL,
            expires_at_ms INTEGER NOT NULL, run_token_sha256 BLOB CHECK (length(run_token_sha256) = 32),
            state TEXT NOT NULL, ended_at_ms INTEGER, tombstone_until_ms INTEGER, revision INTEGER NOT NULL,
            PRIMARY KEY (child_device_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE results (
            run_id TEXT NOT NULL, requester_key TEXT NOT NULL, status TEXT NOT NULL, exit_code INTEGER,
            text TEXT NOT NULL, total_bytes INTEGER NOT NULL, created_at_ms INTEGER NOT NULL,
            acknowledged_at_ms INTEGER, attempts INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (run_id)
        ) STRICT;
        CREATE TABLE devices (
            device_id TEXT NOT NULL, public_key BLOB NOT NULL CHECK (length(public_key) = 32), display_name TEXT,
            platform TEXT, device_family TEXT, client_id TEXT, client_mode TEXT, roles TEXT NOT NULL,
            approved_scopes TEXT NOT NULL, approved_via TEXT NOT NULL, remote_ip TEXT, created_at_ms INTEGER NOT NULL,
            approved_at_ms INTEGER NOT NULL, last_seen_at_ms INTEGER, revision INTEGER NOT NULL,
            PRIMARY KEY (device_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE device_tokens (
            device_id TEXT NOT NULL, role TEXT NOT NULL, token_sha256 BLOB NOT NULL CHECK (length(token_sha256) = 32),
            scopes TEXT NOT NULL, issuer_kind TEXT, issuer_generation INTEGER, created_at_ms INTEGER NOT NULL,
            rotated_at_ms INTEGER, revoked_at_ms INTEGER, last_used_at_ms INTEGER, revision INTEGER NOT NULL,
            PRIMARY KEY (device_id, role)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE pending_pairings (
            request_id TEXT NOT NULL, device_id TEXT NOT NULL,
            public_key BLOB NOT NULL CHECK (length(public_key) = 32), display_name TEXT, platform TEXT,
            device_family TEXT, client_id TEXT, client_mode TEXT, role TEXT NOT NULL, roles TEXT NOT NULL,
            scopes TEXT NOT NULL, remote_ip TEXT, silent INTEGER NOT NULL, is_repair INTEGER NOT NULL,
            created_at_ms INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (request_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE idempotency (
            scope TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, created_at_ms INTEGER NOT NULL,
            revision INTEGER NOT NULL, PRIMARY KEY (scope, key)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE revocations (
            device_id TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL, revision INTEGER NOT NULL,
            PRIMARY KEY (device_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE meta (
            key TEXT NOT NULL, value BLOB NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (key)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE transcript (
            session_key TEXT NOT NULL, seq INTEGER NOT NULL, role TEXT NOT NULL, body BLOB NOT NULL,
            timestamp_ms INTEGER NOT NULL, run_id TEXT, PRIMARY KEY (session_key, seq)
        ) STRICT;
        CREATE INDEX runs_unended ON runs (run_id) WHERE ended_at_ms IS NULL;
        CREATE INDEX runs_ended ON runs (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
        CREATE INDEX results_waiting ON results (run_id) WHERE acknowledged_at_ms IS NULL;
        CREATE INDEX sessions_archived ON sessions (archived_at_ms) WHERE archived_at_ms IS NOT NULL;
        CREATE INDEX sessions_updated ON sessions (updated_at_ms, key);
        CREATE INDEX idempotency_age ON idempotency (created_at_ms);
        """
}
