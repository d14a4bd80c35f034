extension ResultRecord: StoredRecord {
    static let table = Table(
        "results", keys: ["run_id"],
        columns: [
            "requester_key", "status", "exit_code", "text", "total_bytes", "created_at_ms", "acknowledged_at_ms",
            "attempts",
        ])

    var identity: String { "result \(runId)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(runId)
        columns.write(requesterKey)
        columns.write(status.rawValue)
        columns.write(exitCode)
        columns.write(text)
        columns.write(totalBytes)
        columns.write(createdAtMs)
        columns.write(acknowledgedAtMs)
        columns.write(attempts)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            runId: try columns.text(), requesterKey: try columns.text(), status: try columns.choice(),
            exitCode: try columns.optionalInt32(), text: try columns.text(), totalBytes: try columns.int64(),
            createdAtMs: try columns.int64(), acknowledgedAtMs: try columns.optionalInt64(),
            attempts: try columns.int(), revision: try columns.int64())
    }
}
