extension CronRunRecord: StoredRecord {
    static let table = Table(
        "cron_runs", keys: ["id"],
        columns: [
            "job_id", "status", "scheduled_ms", "started_at_ms", "finished_at_ms", "delivery_status", "summary",
            "error", "json",
        ])

    var identity: String { "cron run \(id)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(id)
        columns.write(jobId)
        columns.write(status)
        columns.write(scheduledMs)
        columns.write(startedAtMs)
        columns.write(finishedAtMs)
        columns.write(deliveryStatus)
        columns.write(summary)
        columns.write(error)
        columns.write(json)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            id: try columns.text(), jobId: try columns.text(), status: try columns.text(),
            scheduledMs: try columns.int64(), startedAtMs: try columns.optionalInt64(),
            finishedAtMs: try columns.optionalInt64(), deliveryStatus: try columns.optionalText(),
            summary: try columns.optionalText(),
            error: try columns.optionalText(), json: try columns.optionalBytes(), revision: try columns.int64())
    }
}
