internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// How runs end (design document, section 6).
extension GatewayCore {
    /// What an end changes in the store, whichever commit carries it.
    func endRecords(of run: Run, _ end: RunEnd) -> [StoreOperation] {
        var operations: [StoreOperation] = [.putRun(run.record), .putResult(run.resultRecord(end))]
        // Whoever asked for a turn has its events and the transcript: nothing waits in the outbox.
        if run.isTurn { operations.append(.acknowledgeResult(runId: run.runID, atMs: end.endedAtMs)) }
        if let session = table.sessions[run.sessionKey] { operations.append(.putSession(session.record)) }
        if let entry = trust.lineage.entry(forRun: run.runID) { operations.append(.putGrant(entry.record)) }
        if dropsAttachments(run) {
            operations.append(.deleteTranscript(sessionId: Self.attachmentRows(of: run)))
        }
        return operations
    }

    /// Ends a run, once: result and end in one commit; then everybody who waits is told, its sockets are closed, what
    /// hangs on it is ended too, and the next queued run is launched.
    mutating func finish(
        _ runID: String, _ end: RunEnd, nowMs: Int64, answering: [Effect] = [], keepingOpen: ConnectionID? = nil,
        failure: CommitFailure = .background
    ) -> [Effect] {
        guard let run = table.end(runID, end) else { return answering }
        counts.ended(end.status.rawValue)
        var closing: [Effect] = []
        if let entry = trust.lineage.end(runID: runID, nowMs: nowMs) {
            closing = close(
                device: entry.deviceID, .clientInvalidated("run-ended"), except: keepingOpen)
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
        let said = answer(of: run, end)
        then += chatEnd(run, end, message: said, nowMs: nowMs)
        then += append(said, to: run.sessionKey, run: runID, nowMs: nowMs, &operations)
        then += sessionsChanged(run.sessionKey, phase: end.status == .ok ? "end" : "error", nowMs: nowMs)
        then += answerWaiters(run, end, nowMs: nowMs) + runEndedInGroups(runID, nowMs: nowMs)
        then += dropApprovals(of: runID, nowMs: nowMs)
        progress[runID] = nil
        leases.remove(runID)
        var cascade: [Effect] = []
        if run.isTurn {
            then += cronTurnEnded(run, end, nowMs: nowMs, &operations)
            then += goOnWithExchange(run, end, nowMs: nowMs, &operations)
            then += announced(run, end, nowMs: nowMs, &operations)
            then += nextTurn(of: run.sessionKey, nowMs: nowMs, &operations)
        } else {
            cascade = endBelow(run.sessionKey, cause: "its parent \(run.sessionKey) ended", nowMs: nowMs)
            then += announce(run, end, nowMs: nowMs, &operations)
            if run.cleanup == .delete { operations += remove(session: run.sessionKey, reason: .deleted, nowMs: nowMs) }
            then += launches(of: run.requesterKey, nowMs: nowMs, &operations)
            then += nextTurn(of: run.sessionKey, nowMs: nowMs, &operations)
        }
        return [
            .commit(operations, then: answering + then, failure: failure, otherwise: then),
            .log(
                LogLine(
                    end.status == .ok ? .info : .warn, "agent/sessions-spawn",
                    "ended run=\(runID) status=\(end.status.rawValue)"
                        + (end.exitCode.map { " exit=\($0)" } ?? "") + (end.cause.map { " cause=\($0)" } ?? ""),
                    ids: [.run: runID, .session: run.sessionKey])),
            // Last: what ends with this run does not take its place.
        ] + closing + cascade + leavePool(runID, nowMs: nowMs)
    }

    /// Ends what the sessions below one have to do. Where a child's own run is over, others may have begun in it: it was
    /// steered, or somebody sent it a message.
    mutating func endBelow(_ key: String, cause: String, nowMs: Int64) -> [Effect] {
        let isOuter = endingBelow.insert(key).inserted
        defer { if isOuter { endingBelow.remove(key) } }
        var effects: [Effect] = []
        for child in table.children(of: key) {
            for run in table.unendedRuns(of: child) { effects += kill(run, cause: cause, nowMs: nowMs) }
            effects += endBelow(child, cause: cause, nowMs: nowMs)
        }
        // Of those whose session is gone already.
        for run in table.activeChildren(of: key) { effects += kill(run, cause: cause, nowMs: nowMs) }
        return effects
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
        let stop = stopWorker(run.runID, reason: cause)
        return notice + finish(run.runID, end, nowMs: nowMs) + stop
    }
}

extension RunEnd {
    var json: JSON { .object(fields) }

    var fields: JSONObject {
        var result = JSONObject([
            ("status", .string(status.rawValue)), ("text", .string(text)), ("totalBytes", .integer(Int64(totalBytes))),
        ])
        if isTextGone { result["textExpired"] = true }
        result["exitCode"] = exitCode.map { .integer(Int64($0)) }
        result["cause"] = cause.map { .string($0) }
        return result
    }
}
