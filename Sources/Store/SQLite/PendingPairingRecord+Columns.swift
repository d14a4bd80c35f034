extension PendingPairingRecord: StoredRecord {
    static let table = Table(
        "pending_pairings", keys: ["request_id"],
        columns: [
            "device_id", "public_key", "display_name", "platform", "device_family", "client_id", "client_mode",
            "role", "roles", "scopes", "remote_ip", "silent", "is_repair", "created_at_ms",
        ])

    var identity: String { "pairing request \(requestId)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(requestId)
        columns.write(deviceId)
        columns.write(publicKey)
        columns.write(displayName)
        columns.write(platform)
        columns.write(deviceFamily)
        columns.write(clientId)
        columns.write(clientMode)
        columns.write(role)
        columns.write(roles)
        columns.write(scopes)
        columns.write(remoteIp)
        columns.write(silent)
        columns.write(isRepair)
        columns.write(createdAtMs)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            requestId: try columns.text(), deviceId: try columns.text(), publicKey: try columns.bytes(),
            displayName: try columns.optionalText(), platform: try columns.optionalText(),
            deviceFamily: try columns.optionalText(), clientId: try columns.optionalText(),
            clientMode: try columns.optionalText(), role: try columns.text(), roles: try columns.list(),
            scopes: try columns.list(), remoteIp: try columns.optionalText(), silent: try columns.bool(),
            isRepair: try columns.bool(), createdAtMs: try columns.int64(), revision: try columns.int64())
    }
}
