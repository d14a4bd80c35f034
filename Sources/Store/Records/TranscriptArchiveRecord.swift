/// A transcript that no session continues. It is read by its session id until it is purged.
package struct TranscriptArchiveRecord: Equatable, Sendable {
    package enum Reason: String, Sendable, CaseIterable {
        case reset, deleted, compacted
    }

    package var sessionId: String
    /// The key under which the session was known.
    package var sessionKey: String
    package var agentId: String
    package var reason: Reason
    package var archivedAtMs: Int64

    package init(sessionId: String, sessionKey: String, agentId: String, reason: Reason, archivedAtMs: Int64) {
        self.sessionId = sessionId
        self.sessionKey = sessionKey
        self.agentId = agentId
        self.reason = reason
        self.archivedAtMs = archivedAtMs
    }
}
