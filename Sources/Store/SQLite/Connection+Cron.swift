extension Connection {
    func trimCronRuns(_ jobId: String, _ keepLast: Int) throws(StoreError) {
        let sql = """
            DELETE FROM cron_runs WHERE job_id = ?1 AND finished_at_ms < (
                SELECT finished_at_ms FROM cron_runs WHERE job_id = ?1 AND finished_at_ms IS NOT NULL
                ORDER BY finished_at_ms DESC LIMIT 1 OFFSET ?2
            )
            """
        try run(sql) { columns in
            columns.write(jobId)
            columns.write(max(keepLast - 1, 0))
        }
    }

    func cronRuns(_ filter: CronRunFilter) throws(StoreError) -> CronRunPage {
        // Each condition with its parameter: the statement's text depends on nothing that anybody sent.
        var conditions = ["finished_at_ms IS NOT NULL"]
        var values: [String] = []
        func add(_ value: String) -> String {
            values.append(value)
            return "?\(values.count)"
        }
        if let jobId = filter.jobId { conditions.append("job_id = \(add(jobId))") }
        if let runId = filter.runId { conditions.append("id = \(add(runId))") }
        if !filter.statuses.isEmpty {
            conditions.append("status IN (\(filter.statuses.map(add).joined(separator: ", ")))")
        }
        if !filter.deliveryStatuses.isEmpty {
            conditions.append("delivery_status IN (\(filter.deliveryStatuses.map(add).joined(separator: ", ")))")
        }
        if let text = filter.text {
            let place = add(text)
            let columns = ["summary", "error", "job_id"].map {
                "instr(lower(coalesce(\($0), '')), lower(\(place))) > 0"
            }
            conditions.append("(\(columns.joined(separator: " OR ")))")
        }
        let condition = conditions.joined(separator: " AND ")
        func bind(_ columns: inout ColumnWriter) { for value in values { columns.write(value) } }
        let total =
            try query("SELECT count(*) FROM cron_runs WHERE \(condition)", bind) { columns throws(StoreError) in
                try columns.int()
            }.first ?? 0
        let order = filter.newestFirst ? "DESC" : "ASC"
        let runs = try records(
            of: CronRunRecord.self,
            where: """
                \(condition) ORDER BY finished_at_ms \(order), id \(order)
                LIMIT ?\(values.count + 1) OFFSET ?\(values.count + 2)
                """
        ) { columns in
            bind(&columns)
            columns.write(max(filter.limit, 0))
            columns.write(max(filter.offset, 0))
        }
        return CronRunPage(runs: runs, total: total)
    }
}
