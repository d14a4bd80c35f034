extension RevocationRecord: StoredRecord {
    static let table = Table(
        "revocations", keys: ["device_id"],
        columns: [
            "reason", "at_ms",
        ])

    var identity: String { "revocation of \(deviceId)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(deviceId)
        columns.write(reason)
        columns.write(atMs)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            deviceId: try columns.text(), reason: try columns.text(), atMs: try columns.int64(),
            revision: try columns.int64())
    }
}
