/// An agent's process that stays after a run, for the next one of its session.
package struct KeptAgent: Equatable, Sendable {
    /// Of the conversation: a reset begins another one.
    package let sessionID: String
    /// What the process was started with. It serves no run that would be started otherwise.
    package let terms: String
    /// How long it waits for the next run.
    package let idleMs: Int64
}
