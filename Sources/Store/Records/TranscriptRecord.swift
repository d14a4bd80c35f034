/// One row of a session's transcript.
package struct TranscriptRecord: Equatable, Sendable {
    package var sessionId: String
    /// From 1, ascending within the session. 0 when appending: the store takes the next one.
    package var seq: Int64
    package var role: String
    /// The message as JSON, as the core encodes it.
    package var body: [UInt8]
    package var timestampMs: Int64
    package var runId: String?
    /// Unique within the session.
    package var messageId: String

    package init(
        sessionId: String, seq: Int64 = 0, role: String, body: [UInt8], timestampMs: Int64, runId: String? = nil,
        messageId: String
    ) {
        self.sessionId = sessionId
        self.seq = seq
        self.role = role
        self.body = body
        self.timestampMs = timestampMs
        self.runId = runId
        self.messageId = messageId
    }
}
