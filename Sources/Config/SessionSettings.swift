/// `session.*`.
package struct SessionSettings: Equatable, Sendable {
    package enum Scope: String, CaseIterable, Sendable {
        case perSender = "per-sender"
        case global
    }

    package let mainKey: String
    package let scope: Scope
    /// `agentToAgent.maxPingPongTurns`
    package let maxPingPongTurns: Int
    package let maintenance: MaintenanceSettings
}
