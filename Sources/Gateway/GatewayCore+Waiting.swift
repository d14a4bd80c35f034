internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// Requests that wait for the end of a run.
extension GatewayCore {
    mutating func wait(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let runID = try reader.requiredString("runId")
        let timeoutMs = try reader.integer("timeoutMs", in: 0...86_400_000) ?? 30_000
        guard let run = table.runs[runID] else {
            return [.read(.run(runId: runID), StoreReading(request, .forgottenRun))]
        }
        guard isVisible(run, to: caller) else { throw Self.unknown(runID) }
        if let end = run.end {
            let waiter = RunWaiter(connection: request.connection, requestID: request.id, deadlineMs: nowMs)
            return tell(waiter, of: run, end, nowMs: nowMs)
        }
        guard timeoutMs > 0 else { return [reply(request, stillRunning(run))] }
        try holdAnswer(run, for: request, caller, deadlineMs: nowMs + timeoutMs, answer: .outcome)
        return []
    }

    /// The request is answered when the run ends, or its own time is over.
    mutating func holdAnswer(
        _ run: Run, for request: GatewayRequest, _ caller: ClientConnection, deadlineMs: Int64,
        answer: RunWaiter.Answer
    ) throws(GatewayError) {
        try refuseAnotherWait(caller)
        connections[request.connection]?.waits += 1
        waiters[run.runID, default: []].append(
            RunWaiter(
                connection: request.connection, requestID: request.id, deadlineMs: deadlineMs, answer: answer))
    }

    func refuseAnotherWait(_ caller: ClientConnection) throws(GatewayError) {
        guard caller.waits < ClientConnection.maxWaits else {
            throw GatewayError(.unavailable, .tooManyWaits, "\(caller.waits) requests of this connection wait already")
        }
    }

    /// Tells everybody who waits for a run how it ended.
    mutating func answerWaiters(_ run: Run, _ end: RunEnd, nowMs: Int64) -> [Effect] {
        let waiting = waiters.removeValue(forKey: run.runID) ?? []
        var effects = waiting.map { waiter -> Effect in
            connections[waiter.connection]?.waits -= 1
            return .respond(waiter.connection, answer(waiter, run, end))
        }
        if !waiting.isEmpty, !run.isTurn { effects += acknowledge(run.runID, nowMs: nowMs) }
        return effects
    }

    /// A run that never was: nobody waits for it any longer.
    ///
    /// - Parameter asker: the request that the run was for, which has its answer.
    mutating func refuseWaiters(
        of runID: String, _ error: GatewayError, except asker: (ConnectionID, id: [UInt8])? = nil, nowMs: Int64
    ) -> [Effect] {
        let waiting = waiters.removeValue(forKey: runID) ?? []
        for waiter in waiting { connections[waiter.connection]?.waits -= 1 }
        return waiting.filter { waiter in asker.map { $0 != (waiter.connection, waiter.requestID) } ?? true }
            .map { .respond($0.connection, Frames.failure(id: $0.requestID, error)) }
            + runEndedInGroups(runID, nowMs: nowMs)
    }

    func answer(_ waiter: RunWaiter, _ run: Run, _ end: RunEnd) -> [UInt8] {
        switch waiter.answer {
        case .outcome: Frames.response(id: waiter.requestID, payload: outcome(of: run, end))
        case .tool: Frames.response(id: waiter.requestID, payload: toolReply(run, end))
        case .final: agentFinal(waiter.requestID, run, end)
        }
    }

    /// Somebody has the result: it leaves the outbox, and need not be taken up after a restart.
    mutating func acknowledge(_ runID: String, nowMs: Int64) -> [Effect] {
        guard acknowledgedRuns.insert(runID).inserted else { return [] }
        return [.commit([.acknowledgeResult(runId: runID, atMs: nowMs)], then: [], failure: .background)]
    }

    /// A derived device sees its own session and those below it; everybody else sees all.
    func isVisible(_ sessionKey: String, to caller: ClientConnection) -> Bool {
        guard let own = caller.admitted.lineage?.sessionKey else { return true }
        return table.isSession(sessionKey, atOrBelow: own)
    }

    /// Somebody else's run is no different from none: a result is for whom it concerns.
    static func unknown(_ runID: String) -> GatewayError {
        GatewayError(.invalidRequest, .runNotFound, "unknown runId: \(runID)")
    }

    /// Also when its session was deleted with its end.
    func isVisible(_ run: Run, to caller: ClientConnection) -> Bool {
        isVisible(run.sessionKey, to: caller) || isVisible(run.requesterKey, to: caller)
    }

    func outcome(of run: Run, _ end: RunEnd) -> JSON {
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
                let payload = waiter.answer == .tool ? toolTimeout(run) : stillRunning(run)
                return .respond(waiter.connection, Frames.response(id: waiter.requestID, payload: payload))
            }
        }
    }
}
