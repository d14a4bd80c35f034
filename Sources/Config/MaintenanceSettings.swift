/// `session.maintenance`: how long transcripts that no session continues are kept.
package struct MaintenanceSettings: Equatable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        /// Nothing is removed.
        case warn
        case enforce
    }

    package var mode = Mode.enforce
    /// Sessions; beyond, those that have been idle for longest make room.
    package var maxEntries = 5000
    package var pruneAfter = Duration.seconds(30 * 86_400)
    /// Nil: they are kept for good.
    package var resetArchiveRetention: Duration? = .seconds(30 * 86_400)

    package init() {}

    /// Nil: for good.
    package var archiveRetention: Duration? { mode == .enforce ? resetArchiveRetention : nil }
}
