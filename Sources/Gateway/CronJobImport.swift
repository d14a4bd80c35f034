package import JSON
internal import Sessions
package import Store
internal import Wire

/// The jobs in an OpenClaw `cron/jobs.json`: what can be taken, and what of it cannot.
package struct CronJobImport: Equatable, Sendable {
    /// Something that was left out.
    package struct Remark: Equatable, Sendable {
        package let what: String
        package let why: String
        /// The whole job is left out.
        package let isSkipped: Bool
    }

    /// In the file's order.
    package private(set) var jobs: [CronJobRecord] = []
    package private(set) var remarks: [Remark] = []

    /// Larger files are no list of jobs that anybody made.
    package static let maxEntries = 10_000

    /// - Parameter document: `{version, jobs: […]}`, or the list alone.
    /// - Returns: nil when it is neither.
    package init?(_ document: JSON, nowMs: Int64) {
        guard let entries = document["jobs"]?.array ?? document.array else { return nil }
        var seen: Set<String> = []
        for (index, entry) in entries.prefix(Self.maxEntries).enumerated() {
            let id = entry["id"]?.string ?? entry["jobId"]?.string
            let what = "cron job \(id.map { Self.shown($0) } ?? "number \(index + 1)")"
            guard let id, Self.isID(id) else {
                skip(what, "it has no id that could be used")
                continue
            }
            guard seen.insert(id).inserted else {
                skip(what, "its id stands there twice")
                continue
            }
            guard jobs.count < CronTable.maxJobs else {
                skip(what, "there are more than \(CronTable.maxJobs) jobs")
                continue
            }
            take(id, entry, what, nowMs: nowMs)
        }
        if entries.count > Self.maxEntries {
            skip("\(entries.count - Self.maxEntries) further entries", "there are more than \(Self.maxEntries)")
        }
    }

    private mutating func take(_ id: String, _ entry: JSON, _ what: String, nowMs: Int64) {
        guard var fields = entry.object else { return skip(what, "it is no object") }
        if let alert = fields["failureAlert"], alert != false, !alert.isNull {
            note(what, "its failure alert: there are no channels here")
            fields["failureAlert"] = nil
        }
        fields["delivery"] = delivery(fields, what)
        fields["schedule"] = Self.schedule(fields["schedule"])
        do {
            var job = try CronJob(
                try ParamReader(.object(fields)), id: id, current: nil,
                createdAtMs: fields["createdAtMs"]?.integer ?? nowMs, updatedAtMs: nowMs)
            job.state = CronJobState(fields["state"])
            job.state.runningAtMs = nil
            job.state.nextRunAtMs = nil
            if case .at(let atMs) = job.schedule, job.isEnabled {
                if atMs > nowMs {
                    job.state.nextRunAtMs = atMs
                } else {
                    // Whether it has happened there is not known: it must not happen twice.
                    job.isEnabled = false
                    note(what, "its time has passed: it is taken over disabled")
                }
            }
            jobs.append(job.record)
        } catch {
            skip(what, error.message)
        }
    }

    /// What is older than `delivery` stands in the payload.
    private mutating func delivery(_ fields: JSONObject, _ what: String) -> JSON? {
        guard var delivery = fields["delivery"]?.object else {
            return fields["payload"]?["deliver"] == false ? ["mode": "none"] : nil
        }
        if delivery["mode"] == "deliver" { delivery["mode"] = "announce" }
        if delivery["mode"] == "webhook" {
            note(what, "its webhook: results are told to nobody")
            delivery["mode"] = "none"
        }
        for name in ["failureDestination", "completionDestination"] where delivery.contains(name) {
            note(what, "its \(name)")
            delivery[name] = nil
        }
        return .object(delivery)
    }

    /// Older releases wrote `atMs`, `cron` and a bare expression.
    private static func schedule(_ schedule: JSON?) -> JSON? {
        guard var fields = schedule?.object else { return schedule }
        if fields["at"] == nil { fields["at"] = fields["atMs"] }
        if fields["expr"] == nil { fields["expr"] = fields["cron"] }
        if fields["kind"] == nil {
            let kinds = [("at", "at"), ("everyMs", "every"), ("expr", "cron")]
            fields["kind"] = kinds.first { fields[$0.0] != nil }.map { .string($0.1) }
        }
        return .object(fields)
    }

    private static func isID(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count)
            && id.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
            }
    }

    private static func shown(_ id: String) -> String {
        isID(id) ? id : String(decoding: JSON.string(String(id.prefix(64))).serialized(), as: UTF8.self)
    }

    private mutating func skip(_ what: String, _ why: String) {
        remarks.append(Remark(what: what, why: why, isSkipped: true))
    }

    private mutating func note(_ what: String, _ why: String) {
        remarks.append(Remark(what: what, why: "not taken over: \(why)", isSkipped: false))
    }
}
