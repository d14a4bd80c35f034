internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// Whether runs still have a worker (design document, section 6), and what becomes of those that have lost it.
extension GatewayCore {
    /// What the controlling session's agent says of a run's worker.
    func limits(of run: Run) -> SpawnLimits {
        settings.catalog.limits(of: table.sessions[run.requesterKey]?.agentID ?? run.agentID)
    }

    /// The worker of a run has said something.
    mutating func renewLease(_ runID: String, nowMs: Int64) {
        guard let run = table.runs[runID], case .running = run.phase else { return }
        leases.renew(runID, untilMs: nowMs + limits(of: run).workerLeaseMs)
    }

    mutating func heartbeat(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection
    ) throws -> [Effect] {
        let run = try ownRun(reader, caller)
        return [reply(request, .object(JSONObject([("ok", true), ("lease", lease(of: run))])))]
    }

    /// What a worker has to know: how often to say something, and how long it may be away.
    func lease(of run: Run) -> JSON {
        let limits = limits(of: run)
        return ["leaseMs": .integer(limits.workerLeaseMs), "graceMs": .integer(limits.workerGraceMs)]
    }

    /// A connection that had attached to its run is gone.
    mutating func workerDisconnected(_ connection: ClientConnection, nowMs: Int64) {
        guard connection.isWorker, let runID = connection.admitted.lineage?.runID, let run = table.runs[runID],
            !isAttached(connection.admitted.deviceID)
        else { return }
        leases.connectionLost(runID, graceUntilMs: nowMs + limits(of: run).workerGraceMs)
    }

    /// The agent command speaks as the same device: only a connection that has attached is its worker's.
    func isAttached(_ deviceID: String?) -> Bool {
        deviceID.map { connections(ofDevice: $0).contains { connections[$0]?.isWorker == true } } ?? false
    }

    mutating func expireLeases(nowMs: Int64) -> [Effect] {
        let overdue = leases.overdue(nowMs: nowMs)
        var effects: [Effect] = []
        for runID in overdue.silent {
            guard let run = table.runs[runID] else { continue }
            let limits = limits(of: run)
            leases.connectionLost(runID, graceUntilMs: nowMs + limits.workerGraceMs)
            effects.append(
                .log(
                    LogLine(
                        .warn, "agent/sessions-spawn",
                        "silent run=\(runID): its worker said nothing for \(limits.workerLeaseMs) ms")))
            guard let entry = trust.lineage.entry(forRun: runID) else { continue }
            for id in connections(ofDevice: entry.deviceID) where connections[id]?.isWorker == true {
                connections[id]?.isClosing = true
                effects.append(.close(id, .workerSilent))
            }
        }
        for runID in overdue.lost {
            guard let run = table.runs[runID] else { continue }
            effects += workerLost(
                run, cause: "its worker was out of sight for \(limits(of: run).workerGraceMs) ms", nowMs: nowMs)
        }
        return effects
    }

    /// A run that had begun has no worker any more: it ends, or is started anew, as configured.
    mutating func workerLost(_ run: Run, cause: String, nowMs: Int64) -> [Effect] {
        let limits = limits(of: run)
        guard limits.recovery != .end else { return lose(run, cause: cause, nowMs: nowMs) }
        guard run.restarts < limits.maxRestarts else {
            return lose(
                run,
                cause: cause + "; it was started anew \(run.restarts) times already "
                    + "(agents.defaults.subagents.maxRestarts)",
                nowMs: nowMs)
        }
        guard limits.recovery == .restart || resumedConversation(of: run) != nil else {
            return lose(run, cause: cause + "; its agent has no conversation that could be resumed", nowMs: nowMs)
        }
        return restart(run, cause: cause, keepingChildren: limits.recovery == .resume, nowMs: nowMs)
    }

    private mutating func lose(_ run: Run, cause: String, nowMs: Int64) -> [Effect] {
        let text = progress[run.runID]?.text ?? ""
        let end = RunEnd(
            status: .lost, cause: cause, exitCode: nil, text: text, totalBytes: text.utf8.count, endedAtMs: nowMs)
        let stop = stopWorker(run.runID, reason: cause)
        pools.noteLost(run.runID)
        return finish(run.runID, end, nowMs: nowMs) + stop
    }

    private mutating func restart(
        _ run: Run, cause: String, keepingChildren: Bool, nowMs: Int64
    ) -> [Effect] {
        guard let restarted = table.restarted(run.runID, nowMs: nowMs) else { return [] }
        leases.remove(run.runID)
        progress[run.runID]?.beginAnew()
        // Its worker, should it be there after all, is to give up before the next one begins.
        var effects = stopWorker(run.runID, reason: "it is started anew") + dropApprovals(of: run.runID, nowMs: nowMs)
        if let entry = trust.lineage.entry(forRun: run.runID) {
            effects += close(device: entry.deviceID, .clientInvalidated("run-restarted"))
        }
        if !keepingChildren {
            effects += endBelow(
                run.sessionKey, cause: "its parent \(run.sessionKey) is started anew", nowMs: nowMs)
        }
        var operations: [StoreOperation] = []
        let launches = launch(restarted, nowMs: nowMs, &operations)
        effects.append(
            .log(
                LogLine(
                    .warn, "agent/sessions-spawn",
                    "started anew run=\(run.runID) times=\(restarted.restarts): \(cause)")))
        return effects + [.commit(operations, then: launches, failure: .background)]
    }

    /// The conversation with which a run's agent goes on.
    func resumedConversation(of run: Run) -> ACPSessionState.Conversation? {
        guard let session = table.sessions[run.sessionKey], let known = session.acp?.conversation,
            known.sessionID == session.sessionID, workRuntime(of: run) == .acp
        else { return nil }
        // A run that is started anew from its task forgets what its first attempt has said.
        if run.restarts > 0, !run.isTurn, limits(of: run).recovery != .resume { return nil }
        return known
    }

    func workRuntime(of run: Run) -> SpawnRequest.Runtime? {
        run.isTurn ? settings.catalog.turnRuntime(of: run.agentID) : run.runtime
    }

    /// What the agent is told: an agent that goes on with its conversation has heard its task already.
    func workTask(of run: Run) -> String {
        guard run.restarts > 0, limits(of: run).recovery == .resume else { return run.task }
        return "[You were interrupted and go on with your work. What was asked of you:]\n" + run.task
    }
}

extension GatewayCore.RunProgress {
    /// The next attempt counts its output from the beginning; its events go on.
    fileprivate mutating func beginAnew() {
        outputSeq = 0
        text = ""
        isWhole = true
        unsentDelta = ""
    }
}
