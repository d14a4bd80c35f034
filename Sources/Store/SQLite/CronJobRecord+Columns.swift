extension CronJobRecord: StoredRecord {
    static let table = Table(
        "cron_jobs", keys: ["id"], columns: ["json", "enabled", "next_run_at_ms", "updated_at_ms"])

    var identity: String { "cron job \(id)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(id)
        columns.write(json)
        columns.write(enabled)
        columns.write(nextRunAtMs)
        columns.write(updatedAtMs)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            id: try columns.text(), json: try columns.bytes(), enabled: try columns.bool(),
            nextRunAtMs: try columns.optionalInt64(), updatedAtMs: try columns.int64(), revision: try columns.int64())
    }
}
