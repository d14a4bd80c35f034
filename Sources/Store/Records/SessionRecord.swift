/// A conversation with an agent, under its session key.
package struct SessionRecord: Equatable, Sendable {
    package var key: String
    /// A UUID; a reset mints a new one under the same key.
    package var sessionId: String
    package var agentId: String
    /// "primary", "spawned", …
    package var kind: String
    package var label: String?
    package var parentKey: String?
    package var requesterKey: String?
    package var spawnDepth: Int
    package var createdAtMs: Int64
    package var updatedAtMs: Int64
    package var archivedAtMs: Int64?
    /// Further fields, as the core encodes them.
    package var json: [UInt8]?
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        key: String, sessionId: String, agentId: String, kind: String, label: String? = nil, parentKey: String? = nil,
        requesterKey: String? = nil, spawnDepth: Int = 0, createdAtMs: Int64, updatedAtMs: Int64,
        archivedAtMs: Int64? = nil, json: [UInt8]? = nil, revision: Int64 = 0
    ) {
        self.key = key
        self.sessionId = sessionId
        self.agentId = agentId
        self.kind = kind
        self.label = label
        self.parentKey = parentKey
        self.requesterKey = requesterKey
        self.spawnDepth = spawnDepth
        self.createdAtMs = createdAtMs
        self.updatedAtMs = updatedAtMs
        self.archivedAtMs = archivedAtMs
        self.json = json
        self.revision = revision
    }
}
