internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// The life of a run after its launch: attach, output, end (design document, section 6).
extension GatewayCore {
    // MARK: - Requests of the worker

    /// The run of the calling device; the params must name the same one, so that a confused worker is noticed.
    private func ownRun(_ reader: ParamReader, _ caller: ClientConnection) throws -> Run {
        let named = try reader.requiredString("runId")
        guard let own = caller.admitted.lineage?.runID, own == named, let run = table.runs[own] else {
            throw GatewayError(
                .forbidden, "run \(named) is not the run of this device",
                details: JSONObject([
                    ("code", "NOT_YOUR_RUN"), ("remediationHint", "use the run id that came with the identity"),
                ]))
        }
        return run
    }

    mutating func attach(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let run = try ownRun(reader, caller)
        let isFirst = run.startedAtMs == nil
        guard table.attached(run.runID, nowMs: nowMs), let run = table.runs[run.runID] else {
            throw GatewayError(
                .invalidRequest, "run \(run.runID) is \(run.phase.name)",
                details: JSONObject([("code", "RUN_NOT_ATTACHABLE"), ("phase", .string(run.phase.name))]))
        }
        connections[request.connection]?.isWorker = true
        let answer = reply(request, workOrder(run))
        guard isFirst else { return [answer] }
        let started = agentEvent(
            run, stream: "lifecycle", data: [("phase", "start"), ("startedAt", .integer(nowMs))], nowMs: nowMs)
        return [
            .commit(
                [.putRun(run.record)], then: [answer, started], failure: .request(request.connection, id: request.id)),
            .log(LogLine(.info, "agent/sessions-spawn", "attached run=\(run.runID) conn=\(caller.connID)")),
        ]
    }

    private func workOrder(_ run: Run) -> JSON {
        var order = JSONObject([
            ("runId", .string(run.runID)), ("sessionKey", .string(run.sessionKey)), ("agentId", .string(run.agentID)),
            ("task", .string(run.task)), ("runTimeoutSeconds", .integer(Int64(run.runTimeoutSeconds))),
        ])
        if let agent = settings.catalog[run.agentID], let exec = agent.exec {
            order["exec"] = .object(
                JSONObject([
                    ("command", .array(exec.command.map { .string($0) })), ("stdin", .string(exec.stdin.rawValue)),
                ]))
            order["cwd"] = agent.workingDirectory.map { .string($0) }
            order["env"] = .object(JSONObject(agent.environment.sorted { $0.key < $1.key }.map { ($0, .string($1)) }))
        }
        return .object(order)
    }

    mutating func output(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let run = try ownRun(reader, caller)
        let stream = try reader.requiredString("stream")
        guard stream == "stdout" || stream == "stderr" else {
            throw reader.failure("stream", "must be \"stdout\" or \"stderr\"")
        }
        guard let text = try reader.string("text") else { throw reader.failure("text", "must be string") }
        guard text.utf8.count <= RunEnd.maxTextBytes else {
            throw reader.failure("text", "must NOT have more than \(RunEnd.maxTextBytes) bytes")
        }
        let seq = try reader.requiredInteger("seq", in: 1...(1 << 53))
        guard !run.phase.isEnded, seq > progress[run.runID]?.outputSeq ?? 0 else {
            return [reply(request, .object(JSONObject([("ok", true)])))]
        }
        progress[run.runID, default: RunProgress()].outputSeq = seq
        let event: Effect
        if stream == "stdout" {
            var data: [(String, JSON)] = [("delta", .string(text))]
            if let whole = noteText(run.runID, text) { data.insert(("text", .string(whole)), at: 0) }
            event = agentEvent(run, stream: "assistant", data: data, nowMs: nowMs)
        } else {
            event = agentEvent(
                run, stream: "command_output", data: [("stream", "stderr"), ("delta", .string(text))], nowMs: nowMs)
        }
        return [reply(request, .object(JSONObject([("ok", true)]))), event]
    }

    /// - Returns: the whole text so far, while it is short enough to repeat.
    private mutating func noteText(_ runID: String, _ text: String) -> String? {
        var known = progress[runID] ?? RunProgress()
        defer { progress[runID] = known }
        guard known.isWhole, known.text.utf8.count + text.utf8.count <= RunProgress.maxWholeTextBytes else {
            known.isWhole = false
            known.text = ""
            return nil
        }
        known.text += text
        return known.text
    }

    private mutating func agentEvent(
        _ run: Run, stream: String, data: [(String, JSON)], nowMs: Int64
    ) -> Effect {
        progress[run.runID, default: RunProgress()].seq += 1
        let payload = JSONObject([
            ("runId", .string(run.runID)), ("seq", .integer(progress[run.runID]?.seq ?? 1)),
            ("stream", .string(stream)),
            ("ts", .integer(nowMs)), ("data", .object(JSONObject(data))), ("sessionKey", .string(run.sessionKey)),
            ("agentId", .string(run.agentID)), ("spawnedBy", .string(run.requesterKey)),
        ])
        return event(.agent, .object(payload), about: run.sessionKey)
    }

    mutating func complete(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let run = try ownRun(reader, caller)
        let statusName = try reader.requiredString("status")
        guard let status = RunEnd.Status(rawValue: statusName), status != .lost else {
            throw reader.failure("status", "must be ok, error, timeout or killed")
        }
        let text = try reader.string("text") ?? ""
        guard text.utf8.count <= RunEnd.maxTextBytes else {
            throw reader.failure("text", "must NOT have more than \(RunEnd.maxTextBytes) bytes")
        }
        let end = RunEnd(
            status: status,
            cause: try reader.nonEmptyString("cause").map { String($0.prefix(RunEnd.maxCauseCharacters)) },
            exitCode: try reader.integer("exitCode", in: 0...255).map(Int.init), text: text,
            totalBytes: Int(try reader.integer("totalBytes", in: 0...(1 << 53)) ?? Int64(text.utf8.count)),
            endedAtMs: nowMs)
        let answer = reply(request, .object(JSONObject([("ok", true)])))
        // Behind the commit of the end, should that still be under way.
        let failure = CommitFailure.end(request.connection, id: request.id, runID: run.runID)
        if let known = run.end {
            let operations = unsavedEnds.remove(run.runID) == nil ? [] : endRecords(of: run, known)
            return [.commit(operations, then: [answer], failure: failure)]
        }
        return finish(
            run.runID, end, nowMs: nowMs, answering: [answer], keepingOpen: request.connection, failure: failure)
    }

    /// What an end changes in the store, whichever commit carries it.
    private func endRecords(of run: Run, _ end: RunEnd) -> [StoreOperation] {
        var operations: [StoreOperation] = [.putRun(run.record), .putResult(run.resultRecord(end))]
        if let session = table.sessions[run.sessionKey] { operations.append(.putSession(session.record)) }
        if let entry = trust.lineage.entry(forRun: run.runID) { operations.append(.putGrant(entry.record)) }
        return operations
    }

    // MARK: - Ends

    /// Ends a run, once: result and end in one commit; then everybody who waits is told, its sockets are closed, what
    /// hangs on it is ended too, and the next queued run is launched.
    mutating func finish(
        _ runID: String, _ end: RunEnd, nowMs: Int64, answering: [Effect] = [], keepingOpen: ConnectionID? = nil,
        failure: CommitFailure = .background
    ) -> [Effect] {
        guard let run = table.end(runID, end) else { return answering }
        var closing: [Effect] = []
        if let entry = trust.lineage.end(runID: runID, nowMs: nowMs) {
            closing = close(
                device: entry.deviceID, GatewayClose(4001, "client invalidated: run-ended"), except: keepingOpen)
            // It may hear the answer and say the same again, and no more.
            if let keepingOpen { connections[keepingOpen]?.admitted.isReportingOnly = true }
        }
        var data: [(String, JSON)] = [
            ("phase", .string(end.status == .ok ? "end" : "error")), ("status", .string(end.status.rawValue)),
            ("endedAt", .integer(end.endedAtMs)), ("result", end.json),
        ]
        if let startedAt = run.startedAtMs { data.append(("startedAt", .integer(startedAt))) }
        if let cause = end.cause { data.append(("error", .string(cause))) }
        var operations = endRecords(of: run, end)
        var then = [agentEvent(run, stream: "lifecycle", data: data, nowMs: nowMs)]
        let waiting = waiters.removeValue(forKey: runID) ?? []
        then += waiting.map { waiter in
            connections[waiter.connection]?.waits -= 1
            return .respond(waiter.connection, Frames.response(id: waiter.requestID, payload: outcome(of: run, end)))
        }
        if !waiting.isEmpty { then += acknowledge(runID, nowMs: nowMs) }
        progress[runID] = nil
        adoptedRuns.remove(runID)
        var cascade: [Effect] = []
        for child in table.activeChildren(of: run.sessionKey) {
            cascade += kill(child, cause: "its parent \(run.sessionKey) ended", nowMs: nowMs)
        }
        if run.cleanup == .delete, table.removeSession(run.sessionKey) != nil {
            operations.append(.deleteSession(key: run.sessionKey))
        }
        then += launches(of: run.requesterKey, nowMs: nowMs, &operations)
        return [
            .commit(operations, then: answering + then, failure: failure, otherwise: then),
            .log(
                LogLine(
                    end.status == .ok ? .info : .warn, "agent/sessions-spawn",
                    "ended run=\(runID) status=\(end.status.rawValue)"
                        + (end.exitCode.map { " exit=\($0)" } ?? "") + (end.cause.map { " cause=\($0)" } ?? ""))),
        ] + closing + cascade
    }

    /// Ends a run from outside: its worker is told, then stopped.
    mutating func kill(_ run: Run, status: RunEnd.Status = .killed, cause: String, nowMs: Int64) -> [Effect] {
        let text = progress[run.runID]?.text ?? ""
        let end = RunEnd(
            status: status, cause: cause, exitCode: nil, text: text, totalBytes: text.utf8.count, endedAtMs: nowMs)
        var notice: [Effect] = []
        if let entry = trust.lineage.entry(forRun: run.runID) {
            let payload = JSONObject([("runId", .string(run.runID)), ("reason", .string(cause))])
            notice = [
                .event(OutboundEvent(.runCancel, .object(payload)), to: connections(ofDevice: entry.deviceID))
            ]
        }
        return notice + finish(run.runID, end, nowMs: nowMs) + [.stopWorker(runID: run.runID)]
    }

    mutating func abort(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let key = try reader.nonEmptyString("key")
        let runID = try reader.nonEmptyString("runId")
        guard key != nil || runID != nil else { throw reader.failure("key", "key or runId is required") }
        let run = runID.flatMap { table.runs[$0] } ?? key.flatMap { table.run(ofSession: $0) }
        if let lineage = caller.admitted.lineage, let run,
            !table.runsBelow(lineage.sessionKey).contains(where: { $0.runID == run.runID }), !run.phase.isEnded
        {
            throw GatewayError(
                .forbidden, "a spawned session can abort only what it spawned",
                details: JSONObject([("code", "NOT_YOUR_CHILD")]))
        }
        guard let run, !run.phase.isEnded else {
            return [
                reply(
                    request, .object(JSONObject([("ok", true), ("abortedRunId", nil), ("status", "no-active-run")])))
            ]
        }
        let answer = reply(
            request,
            .object(JSONObject([("ok", true), ("abortedRunId", .string(run.runID)), ("status", "aborted")])))
        return kill(run, cause: "aborted by \(caller.client.id)", nowMs: nowMs) + [
            .commit([], then: [answer], failure: .background)
        ]
    }

    // MARK: - Waiting

    mutating func wait(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let runID = try reader.requiredString("runId")
        let timeoutMs = try reader.integer("timeoutMs", in: 0...86_400_000) ?? 30_000
        // Somebody else's run is no different from none: a result is for whom it concerns.
        guard let run = table.runs[runID], isVisible(run, to: caller) else {
            throw GatewayError(
                .invalidRequest, "unknown runId: \(runID)", details: JSONObject([("code", "RUN_NOT_FOUND")]))
        }
        if let end = run.end { return [reply(request, outcome(of: run, end))] + acknowledge(runID, nowMs: nowMs) }
        guard timeoutMs > 0 else { return [reply(request, stillRunning(run))] }
        guard caller.waits < ClientConnection.maxWaits else {
            throw GatewayError(
                .unavailable, "\(caller.waits) requests of this connection wait already",
                details: JSONObject([("code", "TOO_MANY_WAITS")]))
        }
        connections[request.connection]?.waits += 1
        waiters[runID, default: []].append(
            RunWaiter(connection: request.connection, requestID: request.id, deadlineMs: nowMs + timeoutMs))
        return []
    }

    /// Somebody has the result: it leaves the outbox, and need not be taken up after a restart.
    private mutating func acknowledge(_ runID: String, nowMs: Int64) -> [Effect] {
        guard acknowledgedRuns.insert(runID).inserted else { return [] }
        return [.commit([.acknowledgeResult(runId: runID, atMs: nowMs)], then: [], failure: .background)]
    }

    /// A derived device sees its own session and those below it; everybody else sees all.
    func isVisible(_ sessionKey: String, to caller: ClientConnection) -> Bool {
        guard let own = caller.admitted.lineage?.sessionKey else { return true }
        return table.isSession(sessionKey, atOrBelow: own)
    }

    /// Also when its session was deleted with its end.
    private func isVisible(_ run: Run, to caller: ClientConnection) -> Bool {
        isVisible(run.sessionKey, to: caller) || isVisible(run.requesterKey, to: caller)
    }

    private func outcome(of run: Run, _ end: RunEnd) -> JSON {
        var result = JSONObject([
            ("runId", .string(run.runID)),
            ("status", .string(end.status == .timeout ? "timeout" : end.status == .ok ? "ok" : "error")),
            ("endedAt", .integer(end.endedAtMs)), ("result", end.json),
        ])
        result["startedAt"] = run.startedAtMs.map { .integer($0) }
        if end.status != .ok { result["error"] = .string(end.cause ?? end.status.rawValue) }
        return .object(result)
    }

    private func stillRunning(_ run: Run) -> JSON {
        .object(
            JSONObject([
                ("runId", .string(run.runID)), ("status", "timeout"), ("phase", .string(run.phase.name)),
            ]))
    }

    func expireWaitersNow(_ nowMs: Int64) -> [(String, RunWaiter)] {
        waiters.flatMap { runID, list in list.filter { $0.deadlineMs <= nowMs }.map { (runID, $0) } }
    }

    mutating func expireWaiters(nowMs: Int64) -> [Effect] {
        let late = expireWaitersNow(nowMs)
        for runID in Set(late.map(\.0)) {
            waiters[runID]?.removeAll { $0.deadlineMs <= nowMs }
            if waiters[runID]?.isEmpty == true { waiters[runID] = nil }
        }
        return late.compactMap { runID, waiter in
            connections[waiter.connection]?.waits -= 1
            return table.runs[runID].map { run in
                .respond(waiter.connection, Frames.response(id: waiter.requestID, payload: stillRunning(run)))
            }
        }
    }

    // MARK: - Time and processes

    mutating func expireRuns(nowMs: Int64) -> [Effect] {
        let late = table.overdue(nowMs: nowMs)
        var effects: [Effect] = []
        for run in late.runs {
            effects += kill(
                run, status: .timeout, cause: "the run's time of \(run.runTimeoutSeconds) s is over", nowMs: nowMs)
        }
        for run in late.launches {
            effects += [.stopWorker(runID: run.runID)]
            effects += relaunch(
                run.runID, cause: "no worker attached within \(run.spawnTimeoutMs) ms", nowMs: nowMs)
        }
        return effects
    }

    private mutating func relaunch(_ runID: String, cause: String, nowMs: Int64) -> [Effect] {
        switch table.launchFailed(runID, nowMs: nowMs) {
        case .relaunch(let run):
            var operations: [StoreOperation] = []
            guard let launch = launch(run, &operations) else { return [] }
            return [
                .log(LogLine(.warn, "agent/sessions-spawn", "retrying run=\(runID): \(cause)")),
                .commit(operations, then: [launch], failure: .background),
            ]
        case .giveUp:
            // A run that had started before has lost its worker in a restart of the gateway.
            let status: RunEnd.Status = table.runs[runID]?.startedAtMs == nil ? .error : .lost
            let end = RunEnd(status: status, cause: cause, exitCode: nil, text: "", totalBytes: 0, endedAtMs: nowMs)
            return finish(runID, end, nowMs: nowMs)
        }
    }

    /// The worker process of a run is gone; whatever it had to say was said before on its connection.
    /// - Parameter how: a sentence, such as "exit code 1" or "signal 9".
    package mutating func workerExited(runID: String, how: String, nowMs: Int64) -> [Effect] {
        guard let run = table.runs[runID], !run.phase.isEnded else { return [] }
        if case .launching = run.phase {
            return relaunch(runID, cause: "the worker ended before it attached (\(how))", nowMs: nowMs)
        }
        let text = progress[runID]?.text ?? ""
        let end = RunEnd(
            status: .lost, cause: "the worker ended without a result (\(how))", exitCode: nil, text: text,
            totalBytes: text.utf8.count, endedAtMs: nowMs)
        return finish(runID, end, nowMs: nowMs)
    }

    /// The worker could not be started at all.
    package mutating func launchFailed(runID: String, why: String, nowMs: Int64) -> [Effect] {
        relaunch(runID, cause: why, nowMs: nowMs)
    }

    mutating func housekeeping(nowMs: Int64) -> [Effect] {
        var operations: [StoreOperation] = []
        for key in table.archivable(nowMs: nowMs, afterMinutes: { settings.catalog.limits(of: $0).archiveAfterMinutes })
        {
            if table.removeSession(key) != nil { operations.append(.deleteSession(key: key)) }
        }
        table.forgetOldRuns(nowMs: nowMs)
        unsavedEnds = unsavedEnds.filter { table.runs[$0] != nil }
        runByIdempotencyKey = runByIdempotencyKey.filter { table.runs[$0.value] != nil }
        acknowledgedRuns = acknowledgedRuns.filter { table.runs[$0] != nil }
        if nowMs >= nextPurgeMs {
            nextPurgeMs = nowMs + Self.purgeIntervalMs
            operations += [
                .purge(.acknowledgedResults, beforeMs: nowMs - Self.purgeIntervalMs * 24),
                .purge(.endedRuns, beforeMs: nowMs - Self.purgeIntervalMs * 24 * 7),
            ]
        }
        let expired = trust.pairing.expire(nowMs: nowMs)
        operations += expired.map { .removePending(requestId: $0.requestID) }
        operations += trust.invitations.purge(nowMs: nowMs).map { .removeInvitation(id: $0.id) }
        operations += trust.lineage.purge(nowMs: nowMs).map { .deleteGrant(childDeviceId: $0) }
        var effects: [Effect] = []
        for run in table.unendedRuns {
            guard let entry = trust.lineage.entry(forRun: run.runID), let expiresAtMs = entry.expiresAtMs else {
                continue
            }
            // A presented grant is renewed by whoever issued it; a run without a grant can never report again.
            if !entry.isRegistered, nowMs > expiresAtMs + SpawnGrant.clockSkewSeconds * 1000,
                table.runs[run.runID]?.phase.isEnded == false
            {
                effects += kill(run, status: .lost, cause: "its grant has expired", nowMs: nowMs)
            }
            guard entry.isRegistered, expiresAtMs - nowMs < 3_600_000,
                let renewed = trust.lineage.renew(deviceID: entry.deviceID, expiresAtMs: nowMs + Self.grantLifeMs)
            else { continue }
            operations.append(.putGrant(renewed.record))
        }
        guard !operations.isEmpty else { return effects }
        return [.commit(operations, then: lapsed(expired, nowMs: nowMs), failure: .background)] + effects
    }
}

extension RunEnd {
    var json: JSON {
        var result = JSONObject([
            ("status", .string(status.rawValue)), ("text", .string(text)), ("totalBytes", .integer(Int64(totalBytes))),
        ])
        result["exitCode"] = exitCode.map { .integer(Int64($0)) }
        result["cause"] = cause.map { .string($0) }
        return .object(result)
    }
}
