extension DeviceRecord: StoredRecord {
    static let table = Table(
        "devices", keys: ["device_id"],
        columns: [
            "public_key", "display_name", "platform", "device_family", "client_id", "client_mode", "roles",
            "approved_scopes", "approved_via", "remote_ip", "created_at_ms", "approved_at_ms", "last_seen_at_ms",
        ])

    var identity: String { "device \(deviceId)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(deviceId)
        columns.write(publicKey)
        columns.write(displayName)
        columns.write(platform)
        columns.write(deviceFamily)
        columns.write(clientId)
        columns.write(clientMode)
        columns.write(roles)
        columns.write(approvedScopes)
        columns.write(approvedVia)
        columns.write(remoteIp)
        columns.write(createdAtMs)
        columns.write(approvedAtMs)
        columns.write(lastSeenAtMs)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            deviceId: try columns.text(), publicKey: try columns.bytes(), displayName: try columns.optionalText(),
            platform: try columns.optionalText(), deviceFamily: try columns.optionalText(),
            clientId: try columns.optionalText(), clientMode: try columns.optionalText(), roles: try columns.list(),
            approvedScopes: try columns.list(), approvedVia: try columns.text(), remoteIp: try columns.optionalText(),
            createdAtMs: try columns.int64(), approvedAtMs: try columns.int64(),
            lastSeenAtMs: try columns.optionalInt64(), revision: try columns.int64())
    }
}
