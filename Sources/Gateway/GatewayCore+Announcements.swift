internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// Results that nobody waited for go to the session whose agent asked for them, as its next turn. The turn is part of
/// the commit of the run's end, so no crash comes between them; its id is made of the run's, so none comes twice.
extension GatewayCore {
    /// - Parameter said: the message of an attempt before.
    mutating func announce(
        _ run: Run, _ end: RunEnd, said: String? = nil, attempt: Int = 1, nowMs: Int64,
        _ operations: inout [StoreOperation]
    ) -> [Effect] {
        // Whoever ended it knows that it has.
        guard !run.isTurn, !run.isExternal, run.parentRunID != nil, end.status != .killed,
            !acknowledgedRuns.contains(run.runID),
            attempt <= Announcement.maxAttempts, let requester = table.sessions[run.requesterKey],
            requester.kind != .spawned, let entry = trust.lineage.entry(forRun: run.runID),
            isAlive(above: entry, nowMs: nowMs)
        else { return [] }
        let wanted = TurnRequest(
            runID: Announcement.runID(of: run.runID, attempt: attempt), sessionKey: requester.key,
            message: said ?? Announcement.text(of: run, end, sessionID: table.sessions[run.sessionKey]?.sessionID),
            origin: .announce, timeoutSeconds: settings.catalog.limits(of: requester.agentID).announceTimeoutSeconds,
            provenance: run.sessionKey)
        do throws(GatewayError) {
            switch try startTurn(wanted, asked: Asker(entry), nowMs: nowMs, &operations) {
            case .known: return []
            case .accepted(_, let effects): return effects
            }
        } catch {
            return [
                .log(
                    LogLine(
                        .warn, "agent/announce", "run=\(run.runID) stays to be asked for: \(error.message)"))
            ]
        }
    }

    /// A turn that carried a result has ended: the result has arrived, or is carried again.
    mutating func announced(
        _ turn: Run, _ end: RunEnd, nowMs: Int64, _ operations: inout [StoreOperation]
    ) -> [Effect] {
        guard turn.kind == .turn(.announce), let subject = Announcement.subject(of: turn.runID) else { return [] }
        // Whoever ended it has seen it.
        if end.status == .ok || end.status == .killed { return acknowledge(subject.runID, nowMs: nowMs) }
        guard let run = table.runs[subject.runID], let result = run.end else { return [] }
        return announce(
            run, result, said: turn.task, attempt: subject.attempt + 1, nowMs: nowMs, &operations)
    }

    /// Whether a queued turn carries what somebody has fetched meanwhile.
    func isStale(_ turn: Run) -> Bool {
        guard turn.kind == .turn(.announce), let subject = Announcement.subject(of: turn.runID) else { return false }
        return acknowledgedRuns.contains(subject.runID)
    }

    /// The line above a run that has ended is what its result is handed up along.
    private func isAlive(above entry: LineageEntry, nowMs: Int64) -> Bool {
        if case .revoked = entry.state { return false }
        return entry.asker.map { trust.isPaired($0) || trust.lineage[$0] != nil } ?? true
    }
}
