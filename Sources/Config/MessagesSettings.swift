/// `messages.*`, as far as it is read.
package struct MessagesSettings: Equatable, Sendable {
    /// `queue.mode`: what becomes of a message for a session that is busy. A command cannot be steered and answers one
    /// message at a time, so upstream's ways of gathering messages all mean that they wait.
    package enum QueueMode: String, CaseIterable, Sendable {
        case queue, followup, collect, steer, interrupt, reject
        case steerBacklog = "steer-backlog"
    }

    package let queueMode: QueueMode
    package let queueCap: Int
}

/// `tools.*`, as far as it is read.
package struct ToolsSettings: Equatable, Sendable {
    /// `sessions.visibility`
    package enum Visibility: String, CaseIterable, Sendable {
        case ownSession = "self"
        case tree, agent, all
    }

    package let visibility: Visibility
    package let agentToAgentEnabled: Bool
    package let agentToAgentAllow: [String]
    package let attachments: AttachmentSettings
}

/// `tools.sessions_spawn.attachments`
package struct AttachmentSettings: Equatable, Sendable {
    package let isEnabled: Bool
    package let maxFiles: Int
    package let maxFileBytes: Int
    package let maxTotalBytes: Int
    /// `retainOnSessionKeep`: they stay for as long as a session that is kept.
    package let isRetained: Bool
}
