extension Schema {
    /// How often a run was started anew after its worker was lost.
    static let version6 = "ALTER TABLE runs ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;"
}
