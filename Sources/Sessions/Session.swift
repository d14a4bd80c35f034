/// A conversation with an agent, addressed by its key.
package struct Session: Equatable, Sendable {
    package enum Kind: String, Sendable { case primary, spawned }

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
