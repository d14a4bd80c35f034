internal import JSON
package import Sessions
internal import Store
internal import Trust
internal import Wire

/// `cron.*` (wire protocol, section 6.7). Whatever changes a job is answered after its commit.
extension GatewayCore {
    static let maxCronPage: Int64 = 200
    /// A one-shot may be that late: clocks differ.
    static let lateOneShotMs: Int64 = 60_000

    // MARK: - Reading

    func cronStatus() -> JSON {
        var status = JSONObject([
            ("enabled", .bool(cron.settings.isEnabled)), ("storePath", .string(settings.cron.databasePath)),
            ("storage", "sqlite"), ("sqlitePath", .string(settings.cron.databasePath)),
            ("jobs", .integer(Int64(cron.jobs.count))),
        ])
        status["nextWakeAtMs"] = cron.nextWakeMs.map { .integer($0) } ?? .null
        return .object(status)
    }

    func cronGet(_ reader: ParamReader, for caller: ClientConnection) throws -> JSON {
        try cronJob(reader, caller).json
    }

    /// What a job tells of is the owner's: a derived device sees those of its own session and of those below.
    private func isVisible(_ job: CronJob, to caller: ClientConnection) -> Bool {
        guard caller.admitted.lineage != nil else { return true }
        if case .session(let key) = job.target { return isVisible(key, to: caller) }
        return job.sessionKey.map { isVisible($0, to: caller) } ?? false
    }

    private func cronJobID(_ reader: ParamReader) throws(ParamReader.Failure) -> String {
        if let id = try reader.nonEmptyString("id", maxBytes: 128) { return id }
        return try reader.requiredString("jobId", maxBytes: 128)
    }

    private func cronJob(_ reader: ParamReader, _ caller: ClientConnection) throws -> CronJob {
        let id = try cronJobID(reader)
        guard let job = cron.jobs[id], isVisible(job, to: caller) else {
            throw GatewayError(.invalidRequest, .cronJobNotFound, "unknown cron job: \(id)")
        }
        return job
    }

    func cronList(_ reader: ParamReader, for caller: ClientConnection) throws(ParamReader.Failure) -> JSON {
        let limit = Int(try reader.integer("limit", in: 1...Self.maxCronPage) ?? 50)
        let offset = Int(try reader.integer("offset", in: 0...1_000_000) ?? 0)
        let filter = try CronJobFilter(reader)
        let found = cron.jobs.values.filter { filter.includes($0) && isVisible($0, to: caller) }.sorted(
            by: filter.order)
        let page = found.dropFirst(offset).prefix(limit)
        var result = JSONObject([
            ("jobs", .array(page.map(\.json))), ("total", .integer(Int64(found.count))),
            ("offset", .integer(Int64(offset))), ("limit", .integer(Int64(limit))),
            ("hasMore", .bool(offset + page.count < found.count)),
        ])
        result["nextOffset"] =
            offset + page.count < found.count ? .integer(Int64(offset + page.count)) : .null
        result["deliveryPreviews"] = .object(JSONObject())
        return .object(result)
    }

    /// Ended runs, from the store.
    func cronRuns(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection
    ) throws -> [Effect] {
        var filter = CronRunFilter()
        let scope = try reader.nonEmptyString("scope")
        guard scope == nil || scope == "job" || scope == "all" else {
            throw reader.failure("scope", "must be job or all")
        }
        if scope != "all", reader.raw("id") != nil || reader.raw("jobId") != nil || scope == "job" {
            let id = try cronJobID(reader)
            guard !id.contains("/"), !id.contains("\\") else { throw reader.failure("jobId", "must NOT have slashes") }
            filter.jobId = id
        }
        if caller.admitted.lineage != nil {
            // The log outlives jobs; whose an old one was is not known.
            guard let job = filter.jobId.flatMap({ cron.jobs[$0] }), isVisible(job, to: caller) else {
                throw GatewayError(.forbidden, .cronJobNotVisible)
            }
        }
        filter.runId = try reader.nonEmptyString("runId", maxBytes: 256)
        filter.text = try reader.nonEmptyString("query", maxBytes: 256)
        filter.limit = Int(try reader.integer("limit", in: 1...Self.maxCronPage) ?? 50)
        filter.offset = Int(try reader.integer("offset", in: 0...1_000_000) ?? 0)
        filter.newestFirst = try Self.isDescending(reader) ?? true
        filter.statuses = try Self.statuses(reader, "statuses", "status", CronJobState.Status.init(rawValue:))
        filter.deliveryStatuses = try Self.statuses(
            reader, "deliveryStatuses", "deliveryStatus", CronJobState.DeliveryStatus.init(rawValue:))
        return [.read(.cronRuns(filter), StoreReading(request, .cronRuns(limit: filter.limit, offset: filter.offset)))]
    }

    private static func statuses<Status>(
        _ reader: ParamReader, _ many: String, _ one: String, _ known: (String) -> Status?
    ) throws(ParamReader.Failure) -> [String] {
        var names = try reader.strings(many, maxCount: 8, maxBytes: 32) ?? []
        if let name = try reader.nonEmptyString(one), name != "all" { names.append(name) }
        for name in names where known(name) == nil { throw reader.failure(many, "has an unknown status") }
        return Set(names).sorted()
    }

    static func isDescending(_ reader: ParamReader) throws(ParamReader.Failure) -> Bool? {
        switch try reader.nonEmptyString("sortDir") {
        case nil: return nil
        case "asc": return false
        case "desc": return true
        default: throw reader.failure("sortDir", "must be asc or desc")
        }
    }

    func cronRunsPage(_ page: CronRunPage, limit: Int, offset: Int) -> JSON {
        let next = offset + page.runs.count
        return .object(
            JSONObject([
                ("entries", .array(page.runs.map(\.entry))), ("total", .integer(Int64(page.total))),
                ("offset", .integer(Int64(offset))), ("limit", .integer(Int64(limit))),
                ("hasMore", .bool(next < page.total)),
                ("nextOffset", next < page.total ? .integer(Int64(next)) : .null),
            ]))
    }

    // MARK: - Changing

    mutating func cronAdd(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        guard cron.jobs.count < CronTable.maxJobs else {
            throw GatewayError(.invalidRequest, .cronJobLimit, "there are \(CronTable.maxJobs) cron jobs already")
        }
        let named = try reader.nonEmptyString("sessionKey", maxBytes: 512).map(canonicalKey)
        let job = try CronJob(
            reader, id: ids.uuid(),
            current: caller.admitted.lineage?.sessionKey ?? named ?? settings.defaultMainSessionKey,
            createdAtMs: nowMs, updatedAtMs: nowMs)
        return try putCronJob(job, before: nil, request, reader, nowMs: nowMs)
    }

    mutating func cronUpdate(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let before = try cronJob(reader, caller)
        let patch = try reader.requiredObject("patch")
        guard var fields = before.json.object, let changes = reader.raw("patch")?.object else { return [] }
        for (name, value) in changes { fields[name] = Self.patched(fields[name], value) }
        let merged = try ParamReader(.object(fields))
        var job = try CronJob(
            merged, id: before.id, current: caller.admitted.lineage?.sessionKey ?? settings.defaultMainSessionKey,
            createdAtMs: before.createdAtMs, updatedAtMs: nowMs)
        job.state = before.state
        return try putCronJob(job, before: before, request, patch, nowMs: nowMs)
    }

    /// An object changes the members that it names, unless it is of another kind; null removes.
    private static func patched(_ old: JSON?, _ new: JSON) -> JSON? {
        if new.isNull { return nil }
        guard var object = old?.object, case .object(let changes) = new else { return new }
        if let kind = changes["kind"], kind != object["kind"] { return new }
        for (name, value) in changes { object[name] = value.isNull ? nil : value }
        return .object(object)
    }

    private mutating func putCronJob(
        _ job: CronJob, before: CronJob?, _ request: GatewayRequest, _ reader: ParamReader, nowMs: Int64
    ) throws -> [Effect] {
        var job = job
        if case .session(let key) = job.target { job.target = .session(canonicalKey(key)) }
        job.sessionKey = job.sessionKey.map(canonicalKey)
        if let tz = job.schedule.tz, !cron.knowsZone(of: job.schedule) { return [.readZone(tz, for: request)] }
        let isAnew = before.map { $0.schedule != job.schedule || !$0.isEnabled } ?? true
        if case .at(let atMs) = job.schedule, isAnew, job.isEnabled, atMs < nowMs - Self.lateOneShotMs {
            throw reader.failure(
                "schedule/at",
                "is in the past: \(InstantSyntax.format(ms: atMs)); it is now \(InstantSyntax.format(ms: nowMs))")
        }
        let kept = cron.put(job, nowMs: nowMs)
        let action = before == nil ? "added" : "updated"
        return [
            .commit(
                [.putCronJob(kept.record)],
                then: [reply(request, kept.json), cronEvent(kept, action, [("job", kept.json)])],
                failure: .cronChange(request.connection, id: request.id, jobID: job.id, before: before)),
            .log(
                LogLine(
                    .info, "cron",
                    "\(action) job=\(job.id) schedule=\(String(decoding: job.schedule.json.serialized(), as: UTF8.self))"
                )),
        ]
    }

    mutating func cronRemove(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection
    ) throws -> [Effect] {
        let id = try cronJobID(reader)
        guard let removed = cron.remove(id) else {
            return [reply(request, .object(JSONObject([("ok", true), ("removed", false)])))]
        }
        return [
            .commit(
                [.removeCronJob(id: id)] + removed.dropped.map { .removeCronRun(id: $0.runID) },
                then: [
                    reply(request, .object(JSONObject([("ok", true), ("removed", true)]))),
                    cronEvent(removed.job, "removed", []),
                ],
                failure: .cronChange(request.connection, id: request.id, jobID: id, before: removed.job)),
            .log(LogLine(.info, "cron", "removed job=\(id)")),
        ]
    }

    mutating func cronRun(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let job = try cronJob(reader, caller)
        let mode = try reader.nonEmptyString("mode") ?? "force"
        guard mode == "force" || mode == "due" else { throw reader.failure("mode", "must be due or force") }
        let run: CronRun
        do throws(CronTable.ManualRefusal) {
            run = try cron.enqueue(job, onlyIfDue: mode == "due", nowMs: nowMs)
        } catch {
            return [
                reply(
                    request,
                    .object(JSONObject([("ok", true), ("ran", false), ("reason", .string(error.rawValue))])))
            ]
        }
        let answer = JSONObject([("ok", true), ("enqueued", true), ("runId", .string(run.runID))])
        // It begins at the next look at the clock.
        return [
            .commit(
                [.putCronRun(run.record, expectedRevision: 0)], then: [reply(request, .object(answer))],
                failure: .cronRun(request.connection, id: request.id, runID: run.runID))
        ]
    }

    // MARK: - Zones

    /// A zone's file was looked for, for a request that goes on with it.
    package mutating func zoneWasRead(
        _ name: String, _ result: Result<TimeZoneRules, ZoneFailure>, for request: GatewayRequest, nowMs: Int64
    ) -> [Effect] {
        switch result {
        case .success(let rules):
            cron.setZone(name, rules)
            return handle(request, nowMs: nowMs)
        case .failure(let failure):
            let error = GatewayError(
                .invalidRequest, .timeZoneUnknown,
                "invalid \(request.method.rawValue) params: at /schedule/tz: \(failure.message)", remedy: failure.remedy
            )
            return [.respond(request.connection, Frames.failure(id: request.id, error))]
        }
    }
}

/// Why there is no zone of a name.
package struct ZoneFailure: Error, Equatable, Sendable {
    package let message: String
    package let remedy: String

    package init(message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }
}
