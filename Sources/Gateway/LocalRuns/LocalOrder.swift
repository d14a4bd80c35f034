package import JSON
package import Wire

/// How to start a run under the gateway itself: no key, no token and no address, for nothing of it connects.
package struct LocalOrder: Equatable, Sendable {
    package let runID: String
    package let sessionKey: String
    /// The number of this launch of the run.
    package let attempt: Int
    /// How the command is kept apart; decides where its private directory lies.
    package let isolation: Isolation
    /// What a worker would be answered when it attaches.
    package var work: JSON
}
