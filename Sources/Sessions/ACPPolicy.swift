/// `acp.*`: who may be spawned with runtime `acp`.
package struct ACPPolicy: Equatable, Sendable {
    package var isEnabled = true
    /// Exact ids; empty: any.
    package var allowedAgents: [String] = []
    package var defaultAgent: String?
    /// Runs of ACP agents at a time in the whole gateway; nil: no limit of its own.
    package var maxConcurrentSessions: Int?

    /// How long the process of a session that goes on waits for the next message; 0: not at all.
    package var idleMs: Int64 = 600_000

    package init() {}
}
