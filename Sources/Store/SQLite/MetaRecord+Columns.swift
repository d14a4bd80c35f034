extension MetaRecord: StoredRecord {
    static let table = Table(
        "meta", keys: ["key"],
        columns: [
            "value"
        ])

    var identity: String { "meta \(key)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(key)
        columns.write(value)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            key: try columns.text(), value: try columns.bytes(), revision: try columns.int64())
    }
}
