extension Schema {
    /// Which run's agent asked for a run, so that it hears of the result after a restart, too.
    static let version5 = "ALTER TABLE runs ADD COLUMN parent_run_id TEXT;"
}
