internal import JSON
internal import Sessions
package import Store
internal import Wire

// Cron jobs and their runs, and the records that stand for them in the store.

extension CronJob {
    var record: CronJobRecord {
        CronJobRecord(
            id: id, json: json.serialized(), enabled: isEnabled, nextRunAtMs: state.nextRunAtMs,
            updatedAtMs: updatedAtMs)
    }

    /// - Returns: nil for what no version of ours has written.
    init?(_ record: CronJobRecord) {
        guard let json = try? JSONParser.parse(record.json), let reader = try? ParamReader(json),
            var job = try? CronJob(
                reader, id: record.id, current: nil, createdAtMs: json["createdAtMs"]?.integer ?? record.updatedAtMs,
                updatedAtMs: record.updatedAtMs)
        else { return nil }
        job.state = CronJobState(json["state"])
        self = job
    }
}

extension CronJobRecord {
    /// The zone that has to be known before the job can be scheduled.
    package var timeZone: String? { (try? JSONParser.parse(json))?["schedule"]?["tz"]?.string }
}

extension CronRun {
    var record: CronRunRecord {
        CronRunRecord(
            id: runID, jobId: jobID, status: phase.rawValue, scheduledMs: scheduledMs, startedAtMs: startedAtMs,
            json: JSON.object(place).serialized())
    }

    /// - Parameters:
    ///   - job: what is left of it afterwards.
    ///   - name: the job's.
    func record(_ outcome: CronOutcome, job: CronJob?, name: String?, nowMs: Int64) -> CronRunRecord {
        var fields = place
        fields["jobName"] = name.map { .string($0) }
        fields["deliveryError"] = outcome.deliveryError.map { .string($0) }
        fields["nextRunAtMs"] = job?.state.nextRunAtMs.map { .integer($0) }
        return CronRunRecord(
            id: runID, jobId: jobID, status: outcome.status.rawValue, scheduledMs: scheduledMs,
            startedAtMs: startedAtMs ?? nowMs, finishedAtMs: nowMs, deliveryStatus: outcome.deliveryStatus?.rawValue,
            summary: outcome.summary, error: outcome.error,
            json: JSON.object(fields).serialized())
    }

    private var place: JSONObject {
        var fields = JSONObject()
        if isManual { fields["manual"] = true }
        fields["sessionKey"] = sessionKey.map { .string($0) }
        fields["sessionId"] = sessionID.map { .string($0) }
        return fields
    }

    init(_ record: CronRunRecord) {
        let fields = record.json.flatMap { try? JSONParser.parse($0) }
        self.init(
            runID: record.id, jobID: record.jobId, scheduledMs: record.scheduledMs,
            isManual: fields?["manual"]?.bool ?? false, phase: Phase(rawValue: record.status) ?? .queued,
            startedAtMs: record.startedAtMs)
        sessionKey = fields?["sessionKey"]?.string
        sessionID = fields?["sessionId"]?.string
    }
}

extension CronRunRecord {
    /// A row of `cron.runs`.
    var entry: JSON {
        let fields = json.flatMap { try? JSONParser.parse($0) }
        var entry = JSONObject([
            ("ts", .integer(finishedAtMs ?? scheduledMs)), ("jobId", .string(jobId)), ("action", "finished"),
            ("status", .string(status)), ("runId", .string(id)),
        ])
        entry["error"] = error.map { .string($0) }
        entry["summary"] = summary.map { .string($0) }
        entry["runAtMs"] = startedAtMs.map { .integer($0) }
        if let startedAtMs, let finishedAtMs { entry["durationMs"] = .integer(max(0, finishedAtMs - startedAtMs)) }
        if let deliveryStatus {
            entry["delivered"] = .bool(deliveryStatus == CronJobState.DeliveryStatus.delivered.rawValue)
            entry["deliveryStatus"] = .string(deliveryStatus)
        }
        for name in ["deliveryError", "sessionId", "sessionKey", "nextRunAtMs", "jobName"] {
            entry[name] = fields?[name]
        }
        return .object(entry)
    }
}
