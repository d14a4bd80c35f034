package import Sessions

/// How sessions take messages, and who may see whose.
package struct ConversationSettings: Equatable, Sendable {
    /// What becomes of a message for a session that is busy (`messages.queue.mode`).
    package enum WhenBusy: Sendable { case queue, interrupt, reject }

    /// `tools.sessions.visibility`
    package enum Visibility: String, Sendable {
        case ownSession = "self"
        case tree, agent, all
    }

    /// `tools.agentToAgent` and `session.agentToAgent`
    package struct AgentToAgent: Equatable, Sendable {
        package var isEnabled = true
        /// Agents that may send to each other; empty: all.
        package var allow: [String] = []
        /// Replies that are carried to and fro after a send; agents that are commands seldom know when to stop.
        package var maxPingPongTurns = 0

        package init() {}
    }

    package var whenBusy = WhenBusy.queue
    /// `messages.queue.cap`
    package var maxQueued = 20
    package var visibility = Visibility.all
    package var agentToAgent = AgentToAgent()
    /// `session.maintenance.maxEntries`
    package var maxSessions = 5000
    /// Of sessions that somebody opened those that have been idle for longest make room; otherwise new ones are refused.
    package var archivesOldest = true
    /// `tools.sessions_spawn.attachments`
    package var attachments = SpawnAttachments.Limits()

    package init() {}
}
