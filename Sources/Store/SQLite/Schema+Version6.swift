extension Schema {
    /// How often a run was started anew after its worker was lost, and how often it was launched.
    static let version6 = """
        ALTER TABLE runs ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE runs ADD COLUMN launches INTEGER NOT NULL DEFAULT 0;
        """
}
