package import JSON

/// A conversation with an agent, addressed by its key.
package struct Session: Equatable, Sendable {
    package enum Kind: String, Sendable {
        /// An agent's main session.
        case primary
        /// Somebody opened it by its key.
        case chat
        case spawned
    }

    package var key: String
    /// Minted anew when the session is reset.
    package var sessionID: String
    package var agentID: String
    package var kind: Kind
    package var label: String?
    package var parentKey: String?
    package var depth: Int
    package var createdAtMs: Int64
    package var updatedAtMs: Int64
    /// How its last run ended; kept with the session, so that lists need no runs.
    package var outcome: Outcome?
    /// `seq` of the last message in its transcript; it goes on over resets.
    package var lastSeq: Int64 = 0
    /// What `sessions.patch` has set, by its names.
    package var overrides = JSONObject()
    /// The beginning of the first thing said, and of the last: lists need no transcript.
    package var title: String?
    package var preview: String?
    package var abortedLastRun = false
    /// What is known of it at an ACP agent.
    package var acp: ACPSessionState?
    /// Said to it by the gateway itself, for its next turn.
    package var systemEvents: [String] = []

    package struct Outcome: Equatable, Sendable {
        package var runID: String
        package var status: RunEnd.Status
        package var exitCode: Int?
        package var startedAtMs: Int64
        package var endedAtMs: Int64

        package init(runID: String, status: RunEnd.Status, exitCode: Int?, startedAtMs: Int64, endedAtMs: Int64) {
            self.runID = runID
            self.status = status
            self.exitCode = exitCode
            self.startedAtMs = startedAtMs
            self.endedAtMs = endedAtMs
        }
    }

    /// Of titles and previews, in characters.
    package static let maxExcerpt = 120

    /// A message goes into the transcript.
    ///
    /// - Returns: its `seq`.
    package mutating func append(_ text: String, nowMs: Int64) -> Int64 {
        lastSeq += 1
        updatedAtMs = nowMs
        let excerpt = Self.excerpt(text)
        if title == nil { title = excerpt }
        if let excerpt { preview = excerpt }
        return lastSeq
    }

    /// One line of it; nil when there is nothing to read.
    private static func excerpt(_ text: String) -> String? {
        let words = text.prefix(maxExcerpt * 4).split(whereSeparator: \.isWhitespace)
        return words.isEmpty ? nil : String(words.joined(separator: " ").prefix(maxExcerpt))
    }

    package init(
        key: String, sessionID: String, agentID: String, kind: Kind, label: String?, parentKey: String?, depth: Int,
        createdAtMs: Int64, updatedAtMs: Int64, outcome: Outcome? = nil
    ) {
        self.key = key
        self.sessionID = sessionID
        self.agentID = agentID
        self.kind = kind
        self.label = label
        self.parentKey = parentKey
        self.depth = depth
        self.createdAtMs = createdAtMs
        self.updatedAtMs = updatedAtMs
        self.outcome = outcome
    }
}
