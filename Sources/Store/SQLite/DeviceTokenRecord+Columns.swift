extension DeviceTokenRecord: StoredRecord {
    static let table = Table(
        "device_tokens", keys: ["device_id", "role"],
        columns: [
            "token_sha256", "scopes", "issuer_kind", "issuer_generation", "created_at_ms", "rotated_at_ms",
            "revoked_at_ms", "last_used_at_ms",
        ])

    var identity: String { "token of device \(deviceId) for \(role)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(deviceId)
        columns.write(role)
        columns.write(tokenSHA256)
        columns.write(scopes)
        columns.write(issuerKind)
        columns.write(issuerGeneration)
        columns.write(createdAtMs)
        columns.write(rotatedAtMs)
        columns.write(revokedAtMs)
        columns.write(lastUsedAtMs)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            deviceId: try columns.text(), role: try columns.text(), tokenSHA256: try columns.bytes(),
            scopes: try columns.list(), issuerKind: try columns.optionalText(),
            issuerGeneration: try columns.optionalInt64(), createdAtMs: try columns.int64(),
            rotatedAtMs: try columns.optionalInt64(), revokedAtMs: try columns.optionalInt64(),
            lastUsedAtMs: try columns.optionalInt64(), revision: try columns.int64())
    }
}
