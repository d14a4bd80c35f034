/// `session.maintenance`: how long transcripts that no session continues are kept.
package struct MaintenanceSettings: Equatable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        /// Nothing is removed.
        case warn
        case enforce
    }

    package var mode = Mode.enforce
    package var pruneAfter = Duration.seconds(30 * 86_400)
    /// Nil: they are kept for good.
    package var resetArchiveRetention: Duration? = .seconds(30 * 86_400)

    package init() {}

    /// Nil: for good.
    package var archiveRetention: Duration? { mode == .enforce ? resetArchiveRetention : nil }
}
