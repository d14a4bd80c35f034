/// An agent that speaks the Agent Client Protocol.
package struct ACPAgentSettings: Equatable, Sendable {
    /// How its permission requests are answered.
    package enum PermissionMode: String, CaseIterable, Sendable {
        case approveReads = "approve-reads"
        case approveAll = "approve-all"
        case denyAll = "deny-all"
        /// Asks an operator.
        case forward
    }

    /// Program and arguments; never empty, no shell in between.
    package let command: [String]
    /// `nil`: as configured for the agent.
    package let cwd: String?
    package let permissionMode: PermissionMode
}
