extension GrantRecord: StoredRecord {
    static let table = Table(
        "grants", keys: ["child_device_id"],
        columns: [
            "issuer_device_id", "spawn_id", "session_key", "public_key", "scopes", "depth", "principal_kind",
            "principal_id", "asker_device_id", "run_id", "registered", "not_before_ms", "expires_at_ms",
            "run_token_sha256", "state", "ended_at_ms", "tombstone_until_ms",
        ])

    var identity: String { "grant \(childDeviceId)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(childDeviceId)
        columns.write(issuerDeviceId)
        columns.write(spawnId)
        columns.write(sessionKey)
        columns.write(publicKey)
        columns.write(scopes)
        columns.write(depth)
        columns.write(principalKind.rawValue)
        columns.write(principalId)
        columns.write(askerDeviceId)
        columns.write(runId)
        columns.write(registered)
        columns.write(notBeforeMs)
        columns.write(expiresAtMs)
        columns.write(runTokenSHA256)
        columns.write(state.rawValue)
        columns.write(endedAtMs)
        columns.write(tombstoneUntilMs)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            childDeviceId: try columns.text(), issuerDeviceId: try columns.text(), spawnId: try columns.text(),
            sessionKey: try columns.text(), publicKey: try columns.bytes(), scopes: try columns.list(),
            depth: try columns.int(), principalKind: try columns.choice(), principalId: try columns.optionalText(),
            askerDeviceId: try columns.optionalText(), runId: try columns.text(), registered: try columns.bool(),
            notBeforeMs: try columns.int64(), expiresAtMs: try columns.int64(),
            runTokenSHA256: try columns.optionalBytes(), state: try columns.choice(),
            endedAtMs: try columns.optionalInt64(), tombstoneUntilMs: try columns.optionalInt64(),
            revision: try columns.int64())
    }
}
