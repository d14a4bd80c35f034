extension Schema {
    /// Cron jobs and the log of their runs.
    static let version4 = """
        CREATE TABLE cron_jobs (
            id TEXT NOT NULL, json BLOB NOT NULL, enabled INTEGER NOT NULL, next_run_at_ms INTEGER,
            updated_at_ms INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE cron_runs (
            id TEXT NOT NULL, job_id TEXT NOT NULL, status TEXT NOT NULL, scheduled_ms INTEGER NOT NULL,
            started_at_ms INTEGER, finished_at_ms INTEGER, delivery_status TEXT, summary TEXT, error TEXT, json BLOB,
            revision INTEGER NOT NULL, PRIMARY KEY (id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX cron_runs_of_job ON cron_runs (job_id, finished_at_ms);
        CREATE INDEX cron_runs_finished ON cron_runs (finished_at_ms);
        """
}
