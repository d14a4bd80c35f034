internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// Firings of cron jobs: their beginning, their turn, their end, and what becomes of the result.
extension GatewayCore {
    // MARK: - Beginning

    /// What is due begins. Firing and turn are one commit, and nothing is launched before it: after a crash either both
    /// are there or neither is.
    mutating func beginCronRuns(nowMs: Int64) -> [Effect] {
        cron.begin(nowMs: nowMs).flatMap { beginCronRun($0, nowMs: nowMs) }
    }

    private mutating func beginCronRun(_ run: CronRun, nowMs: Int64) -> [Effect] {
        guard let job = cron.jobs[run.jobID] else { return [] }
        var operations: [StoreOperation] = []
        do throws(GatewayError) {
            let started = try startCronTurn(job, run, nowMs: nowMs, &operations)
            let begun = cron.runs[run.runID] ?? run
            operations += [.putCronJob(job.record), .putCronRun(begun.record)]
            var payload: [(String, JSON)] = [("runAtMs", .integer(nowMs)), ("runId", .string(run.runID))]
            if let key = begun.sessionKey { payload.append(("sessionKey", .string(key))) }
            if let id = begun.sessionID { payload.append(("sessionId", .string(id))) }
            var then = [cronEvent(job, "started", payload)] + started.effects
            if started.isOver {
                then += endCronRun(run.runID, CronOutcome(status: .ok), nowMs: nowMs, &operations)
            }
            return [
                .log(LogLine(.info, "cron", "started job=\(job.id) run=\(run.runID)")),
                .commit(operations, then: then, failure: .cronTurn(runID: run.runID)),
            ]
        } catch {
            return failCronRun(run, error.message, nowMs: nowMs)
        }
    }

    private mutating func failCronRun(_ run: CronRun, _ why: String, nowMs: Int64) -> [Effect] {
        var operations: [StoreOperation] = []
        var outcome = CronOutcome(status: .error, error: why)
        outcome.isUnbegun = true
        let ended = endCronRun(run.runID, outcome, nowMs: nowMs, &operations)
        return [.commit(operations, then: ended, failure: .background)]
    }

    /// The one place in which a firing becomes a turn.
    ///
    /// - Returns: `isOver` when there is no turn to wait for.
    private mutating func startCronTurn(
        _ job: CronJob, _ run: CronRun, nowMs: Int64, _ operations: inout [StoreOperation]
    ) throws(GatewayError) -> (effects: [Effect], isOver: Bool) {
        let key: String
        var wanted: TurnRequest
        switch (job.payload, job.target) {
        case (.systemEvent(let text), _):
            key = mainSessionKey(of: job)
            if job.wakeMode == .nextHeartbeat {
                let noted = try queueSystemEvent(text, for: key, nowMs: nowMs, &operations)
                cron.note(run.runID, sessionKey: key, sessionID: table.sessions[key]?.sessionID ?? "")
                return (noted, true)
            }
            wanted = TurnRequest(runID: run.runID, sessionKey: key, message: text, origin: .cron)
            wanted.role = "system"
        case (.agentTurn(let message, let timeoutSeconds, _), let target):
            if case .session(let named) = target {
                key = named
            } else {
                key = openCronSession(job, nowMs: nowMs, &operations)
            }
            wanted = TurnRequest(
                runID: run.runID, sessionKey: key, message: "[cron:\(job.id) \(job.name)] \(message)", origin: .cron,
                timeoutSeconds: timeoutSeconds)
        }
        wanted.provenance = "cron"
        let effects: [Effect]
        switch try startTurn(wanted, asked: .owner, nowMs: nowMs, &operations) {
        case .accepted(_, let started): effects = started
        case .known:
            throw GatewayError(
                .invalidRequest, .cronFiringRepeated, "a run \(run.runID) is known already: this firing has happened")
        }
        cron.note(run.runID, sessionKey: key, sessionID: table.sessions[key]?.sessionID ?? "")
        return (effects, false)
    }

    private func agentID(of job: CronJob) -> String {
        job.agentID.flatMap { settings.catalog[$0]?.id } ?? settings.catalog.defaultAgentID
    }

    /// Where a job reports to.
    private func mainSessionKey(of job: CronJob) -> String {
        job.sessionKey ?? SessionKeySyntax.main(agentID: agentID(of: job), mainKey: settings.mainKey)
    }

    /// The session of an isolated job, empty; what was said in it before goes into the archive.
    private mutating func openCronSession(
        _ job: CronJob, nowMs: Int64, _ operations: inout [StoreOperation]
    ) -> String {
        let key = "agent:\(agentID(of: job)):cron:\(job.id)"
        if let old = table.sessions[key] {
            operations.append(
                .archiveTranscript(
                    sessionId: old.sessionID, sessionKey: key, agentId: old.agentID, reason: .reset, atMs: nowMs))
            let fresh = ids.uuid()
            table.update(key) { session in
                session.sessionID = fresh
                session.label = job.name
                session.title = nil
                session.preview = nil
                session.outcome = nil
                session.updatedAtMs = nowMs
            }
        } else {
            table.insert(
                Session(
                    key: key, sessionID: ids.uuid(), agentID: agentID(of: job), kind: .chat, label: job.name,
                    parentKey: nil, depth: 0, createdAtMs: nowMs, updatedAtMs: nowMs))
        }
        return key
    }

    // MARK: - Ending

    /// The turn of a firing has ended; what follows is part of the same commit.
    ///
    /// - Returns: what tells of it, once the operations are durable.
    mutating func cronTurnEnded(
        _ run: Run, _ end: RunEnd, nowMs: Int64, _ operations: inout [StoreOperation]
    ) -> [Effect] {
        guard run.kind == .turn(.cron), let begun = cron.runs[run.runID] else { return [] }
        var outcome = CronOutcome(status: end.status == .ok ? .ok : .error)
        if end.status != .ok {
            outcome.isUnbegun = run.startedAtMs == nil
            outcome.error =
                end.cause ?? end.exitCode.map { "the agent ended with exit code \($0)" } ?? end.status.rawValue
        }
        let text = end.text.trimmingWhitespace
        outcome.summary = text.isEmpty ? nil : String(text.prefix(CronOutcome.maxSummaryCharacters))
        var effects: [Effect] = []
        if let job = cron.jobs[begun.jobID] {
            effects = deliver(text, job, begun, &outcome, nowMs: nowMs, &operations)
        }
        return effects + endCronRun(run.runID, outcome, nowMs: nowMs, &operations)
    }

    private mutating func endCronRun(
        _ runID: String, _ outcome: CronOutcome, nowMs: Int64, _ operations: inout [StoreOperation]
    ) -> [Effect] {
        let before = cron.runs[runID].flatMap { cron.jobs[$0.jobID] }
        guard let (run, job, isRemoved) = cron.finish(runID, outcome, nowMs: nowMs) else { return [] }
        operations.append(
            .putCronRun(
                run.record(outcome, job: isRemoved ? nil : job, name: before?.name, nowMs: nowMs)))
        operations.append(.trimCronRuns(jobId: run.jobID, keepLast: settings.cron.keepRuns))
        if let job { operations.append(isRemoved ? .removeCronJob(id: job.id) : .putCronJob(job.record)) }
        var payload: [(String, JSON)] = [
            ("runId", .string(runID)), ("runAtMs", .integer(run.startedAtMs ?? nowMs)),
            ("durationMs", .integer(max(0, nowMs - (run.startedAtMs ?? nowMs)))),
            ("status", .string(outcome.status.rawValue)),
        ]
        if let error = outcome.error { payload.append(("error", .string(error))) }
        if let summary = outcome.summary { payload.append(("summary", .string(summary))) }
        if let status = outcome.deliveryStatus { payload.append(("deliveryStatus", .string(status.rawValue))) }
        if let key = run.sessionKey { payload.append(("sessionKey", .string(key))) }
        if let id = run.sessionID { payload.append(("sessionId", .string(id))) }
        if !isRemoved, let nextMs = job?.state.nextRunAtMs { payload.append(("nextRunAtMs", .integer(nextMs))) }
        let level: LogLine.Level = outcome.status == .error ? .warn : .info
        var effects: [Effect] = [
            .log(
                LogLine(
                    level, "cron",
                    "finished job=\(run.jobID) run=\(runID) status=\(outcome.status.rawValue)"
                        + (outcome.error.map { " error=\($0)" } ?? "")))
        ]
        guard let job = job ?? before else { return effects }
        effects.append(cronEvent(job, "finished", payload))
        if isRemoved { effects.append(cronEvent(job, "removed", [])) }
        return effects
    }

    /// Puts the result where the job reports to. There are no channels; that is said, not hidden.
    private mutating func deliver(
        _ text: String, _ job: CronJob, _ run: CronRun, _ outcome: inout CronOutcome, nowMs: Int64,
        _ operations: inout [StoreOperation]
    ) -> [Effect] {
        let key = mainSessionKey(of: job)
        guard job.target != .main, job.delivery.mode == .announce, key != run.sessionKey,
            !["NO_REPLY", "HEARTBEAT_OK"].contains(text)
        else {
            outcome.deliveryStatus = .notRequested
            return []
        }
        outcome.deliveryStatus = .notDelivered
        guard (try? openSession(key, nowMs: nowMs)) != nil else {
            outcome.deliveryError = "there is no session \(key)"
            return []
        }
        outcome.deliveryError =
            "this gateway has no channels: the result stands in the transcript of \(key) and in this log"
        let said = "[cron:\(job.id) \(job.name)] " + (outcome.error.map { "failed: \($0)\n" } ?? "") + text
        let id = ids.uuid()
        let message = ChatMessage.text(
            role: "system", said, atMs: nowMs,
            fields: [("provenance", "cron"), ("sourceRunId", .string(run.runID))])
        let heard = append(message, to: key, run: nil, id: id, nowMs: nowMs, &operations)
        let payload = JSONObject([
            ("runId", .string("announce-\(id)")), ("sessionKey", .string(key)), ("seq", 0), ("state", "final"),
            ("message", .object(message)),
        ])
        return [event(.chat, .object(payload), about: key, isDroppable: false)] + heard
    }

    func cronEvent(_ job: CronJob, _ action: String, _ fields: [(String, JSON)]) -> Effect {
        let payload = JSONObject([("jobId", .string(job.id)), ("action", .string(action))] + fields)
        let key: String =
            switch job.target {
            case .session(let key): key
            case .main: mainSessionKey(of: job)
            case .isolated: "agent:\(agentID(of: job)):cron:\(job.id)"
            }
        return event(.cron, .object(payload), about: key)
    }

    // MARK: - Failures of the store

    /// The firing could not be written: it has not happened, and its turn is not launched.
    mutating func cronTurnNotSaved(_ runID: String, why: String, nowMs: Int64) -> [Effect] {
        if let run = table.runs[runID], !run.phase.isEnded {
            table.withdraw(runID)
            trust.lineage.withdraw(runID: runID)
        }
        let answers = refuseWaiters(of: runID, .storeUnavailable(why), nowMs: nowMs)
        guard let run = cron.runs[runID] else { return answers }
        return answers + failCronRun(run, "the gateway's store refused the change: \(why)", nowMs: nowMs)
    }

    mutating func cronChangeNotSaved(_ jobID: String, before: CronJob?) { cron.reinstate(jobID, before) }

    // MARK: - Starts and housekeeping

    /// Takes up jobs, and runs that had not ended. Their turns have been taken up before, and end as usual.
    mutating func restoreCron(
        _ snapshot: StoreSnapshot, zones: [String: TimeZoneRules], nowMs: Int64, _ operations: inout [StoreOperation]
    ) -> [Effect] {
        cron.setHostZone(settings.cron.hostZone)
        for (name, rules) in zones { cron.setZone(name, rules) }
        var effects: [Effect] = []
        var jobs: [CronJob] = []
        for record in snapshot.cronJobs {
            if let job = CronJob(record) {
                jobs.append(job)
            } else {
                effects.append(.log(LogLine(.error, "cron", "cannot read job=\(record.id): it does not fire")))
            }
        }
        operations += cron.restore(jobs, snapshot.cronRuns.map(CronRun.init), nowMs: nowMs)
            .map { .putCronJob($0.record) }
        for run in cron.runs.values.sorted(by: { $0.runID < $1.runID }) where run.phase == .running {
            guard let turn = table.runs[run.runID] else {
                // They were one commit: the turn has ended, so long ago that it is not taken up any more.
                let outcome = CronOutcome(status: .error, error: "the store refused its end")
                effects += endCronRun(run.runID, outcome, nowMs: nowMs, &operations)
                continue
            }
            guard let end = turn.end else { continue }
            effects += cronTurnEnded(turn, end, nowMs: nowMs, &operations)
        }
        return effects
    }

    /// What is old goes: runs from the log, conversations of isolated jobs.
    mutating func cronHousekeeping(nowMs: Int64, purges: Bool) -> [StoreOperation] {
        var operations: [StoreOperation] = []
        if purges { operations.append(.purge(.cronRuns, beforeMs: nowMs - CronCoreSettings.runLogLifeMs)) }
        guard let retentionMs = settings.cron.sessionRetentionMs else { return operations }
        let old = table.sessions.values.filter {
            SessionKeySyntax.isCron($0.key) && $0.updatedAtMs + retentionMs <= nowMs
        }.map(\.key)
        for key in old.sorted() where table.turns(of: key).isEmpty && table.activeChildren(of: key).isEmpty {
            operations += remove(session: key, reason: .deleted, nowMs: nowMs)
        }
        return operations
    }
}

extension String {
    fileprivate var trimmingWhitespace: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
