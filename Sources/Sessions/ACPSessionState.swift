/// What a session is at its ACP agent, from one run to the next.
package struct ACPSessionState: Equatable, Sendable {
    /// A conversation as the agent knows it.
    package struct Conversation: Equatable, Sendable {
        package let id: String
        /// Ours, to which it belongs: a reset begins a new one.
        package let sessionID: String

        package init(id: String, sessionID: String) {
            self.id = id
            self.sessionID = sessionID
        }
    }

    /// Asked for when it was spawned.
    package var workingDirectory: String?
    package var conversation: Conversation?
    /// It was asked for with `mode: "session"`: the agent's process stays for the next message.
    package var isPersistent = false
    /// What it says is written to the log of this name (`streamTo: "parent"`).
    package var streamLogID: String?

    package init(workingDirectory: String? = nil, conversation: Conversation? = nil) {
        self.workingDirectory = workingDirectory
        self.conversation = conversation
    }
}
