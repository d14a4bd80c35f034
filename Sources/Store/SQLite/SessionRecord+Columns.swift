extension SessionRecord: StoredRecord {
    static let table = Table(
        "sessions", keys: ["key"],
        columns: [
            "session_id", "agent_id", "kind", "label", "parent_key", "requester_key", "spawn_depth", "created_at_ms",
            "updated_at_ms", "archived_at_ms", "json",
        ])

    var identity: String { "session \(key)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(key)
        columns.write(sessionId)
        columns.write(agentId)
        columns.write(kind)
        columns.write(label)
        columns.write(parentKey)
        columns.write(requesterKey)
        columns.write(spawnDepth)
        columns.write(createdAtMs)
        columns.write(updatedAtMs)
        columns.write(archivedAtMs)
        columns.write(json)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            key: try columns.text(), sessionId: try columns.text(), agentId: try columns.text(),
            kind: try columns.text(), label: try columns.optionalText(), parentKey: try columns.optionalText(),
            requesterKey: try columns.optionalText(), spawnDepth: try columns.int(), createdAtMs: try columns.int64(),
            updatedAtMs: try columns.int64(), archivedAtMs: try columns.optionalInt64(),
            json: try columns.optionalBytes(), revision: try columns.int64())
    }
}
