/// `acp.*`: agents that speak the Agent Client Protocol.
package struct ACPSettings: Equatable, Sendable {
    package let enabled: Bool
    /// Exact, case-sensitive ids. Empty: no restriction.
    package let allowedAgents: [String]
    /// `nil`: no limit of its own.
    package let maxConcurrentSessions: Int?
    package let defaultAgent: String?
    /// `runtime.ttlMinutes`: how long the process of a session that goes on waits for the next message; `nil`: not at all.
    package let idleTime: Duration?
}
