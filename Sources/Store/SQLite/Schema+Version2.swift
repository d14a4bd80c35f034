extension Schema {
    /// Setup codes and enrolment tokens.
    static let version2 = """
        CREATE TABLE invitations (
            id TEXT NOT NULL, token_sha256 BLOB NOT NULL UNIQUE CHECK (length(token_sha256) = 32), kind TEXT NOT NULL,
            roles TEXT NOT NULL, scopes TEXT NOT NULL, label TEXT, uses_left INTEGER NOT NULL, used_by TEXT NOT NULL,
            created_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (id)
        ) STRICT, WITHOUT ROWID;
        """
}
