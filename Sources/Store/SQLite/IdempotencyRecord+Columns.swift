extension IdempotencyRecord: StoredRecord {
    static let table = Table(
        "idempotency", keys: ["scope", "key"],
        columns: [
            "value", "created_at_ms",
        ])

    var identity: String { "\(scope) idempotency key \(key)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(scope)
        columns.write(key)
        columns.write(value)
        columns.write(createdAtMs)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            scope: try columns.text(), key: try columns.text(), value: try columns.bytes(),
            createdAtMs: try columns.int64(), revision: try columns.int64())
    }
}
