extension RunRecord: StoredRecord {
    static let table = Table(
        "runs", keys: ["run_id"],
        columns: [
            "session_key", "requester_key", "asker_kind", "asker_id", "agent_id", "runtime", "task", "label", "mode",
            "cleanup", "status", "cause", "exit_code", "accepted_at_ms", "launched_at_ms", "started_at_ms",
            "ended_at_ms", "run_timeout_seconds", "spawn_timeout_ms", "external", "idempotency_key", "parent_run_id",
            "restarts", "launches",
        ])

    var identity: String { "run \(runId)" }

    func write(to columns: inout ColumnWriter) {
        columns.write(runId)
        columns.write(sessionKey)
        columns.write(requesterKey)
        columns.write(askerKind.rawValue)
        columns.write(askerId)
        columns.write(agentId)
        columns.write(runtime)
        columns.write(task)
        columns.write(label)
        columns.write(mode)
        columns.write(cleanup)
        columns.write(status.rawValue)
        columns.write(cause)
        columns.write(exitCode)
        columns.write(acceptedAtMs)
        columns.write(launchedAtMs)
        columns.write(startedAtMs)
        columns.write(endedAtMs)
        columns.write(runTimeoutSeconds)
        columns.write(spawnTimeoutMs)
        columns.write(external)
        columns.write(idempotencyKey)
        columns.write(parentRunId)
        columns.write(restarts)
        columns.write(launches)
    }

    init(from columns: inout ColumnReader) throws(StoreError) {
        self.init(
            runId: try columns.text(), sessionKey: try columns.text(), requesterKey: try columns.text(),
            askerKind: try columns.choice(), askerId: try columns.text(), agentId: try columns.text(),
            runtime: try columns.text(), task: try columns.text(), label: try columns.optionalText(),
            mode: try columns.text(), cleanup: try columns.text(), status: try columns.choice(),
            cause: try columns.optionalText(), exitCode: try columns.optionalInt32(),
            acceptedAtMs: try columns.int64(), launchedAtMs: try columns.optionalInt64(),
            startedAtMs: try columns.optionalInt64(), endedAtMs: try columns.optionalInt64(),
            runTimeoutSeconds: try columns.int64(), spawnTimeoutMs: try columns.int64(), external: try columns.bool(),
            idempotencyKey: try columns.optionalText(), parentRunId: try columns.optionalText(),
            restarts: try columns.int32(), launches: try columns.int32(), revision: try columns.int64())
    }
}
