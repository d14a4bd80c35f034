internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// What time brings, and the ends of processes.
extension GatewayCore {
    mutating func expireRuns(nowMs: Int64) -> [Effect] {
        let late = table.overdue(nowMs: nowMs)
        var effects: [Effect] = []
        for run in late.runs {
            effects += kill(
                run, status: .timeout, cause: "the run's time of \(run.runTimeoutSeconds) s is over", nowMs: nowMs)
        }
        for run in late.launches {
            effects += stopWorker(run.runID, reason: "it did not attach in time")
            effects += relaunch(
                run.runID, cause: "no worker attached within \(run.spawnTimeoutMs) ms", nowMs: nowMs)
        }
        return effects
    }

    private mutating func relaunch(_ runID: String, cause: String, nowMs: Int64) -> [Effect] {
        switch table.launchFailed(runID, nowMs: nowMs) {
        case .relaunch(let run):
            var operations: [StoreOperation] = []
            let launches = launch(run, nowMs: nowMs, &operations)
            return [
                .log(LogLine(.warn, "agent/sessions-spawn", "retrying run=\(runID): \(cause)")),
                .commit(operations, then: launches, failure: .background),
            ]
        case .giveUp:
            let end = RunEnd(status: .error, cause: cause, exitCode: nil, text: "", totalBytes: 0, endedAtMs: nowMs)
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
        return workerLost(run, cause: "the worker ended without a result (\(how))", nowMs: nowMs)
    }

    /// The worker could not be started at all.
    package mutating func launchFailed(runID: String, why: String, nowMs: Int64) -> [Effect] {
        relaunch(runID, cause: why, nowMs: nowMs)
    }

    mutating func housekeeping(nowMs: Int64) -> [Effect] {
        var operations: [StoreOperation] = []
        var effects: [Effect] = []
        for key in table.archivable(nowMs: nowMs, afterMinutes: { settings.catalog.limits(of: $0).archiveAfterMinutes })
        {
            operations += remove(session: key, reason: .deleted, nowMs: nowMs)
        }
        table.forgetOldRuns(nowMs: nowMs)
        unsavedEnds = unsavedEnds.filter { table.runs[$0] != nil }
        unsavedRows = unsavedRows.filter { table.runs[$0.key] != nil }
        runByIdempotencyKey = runByIdempotencyKey.filter { table.runs[$0.value] != nil }
        acknowledgedRuns = acknowledgedRuns.filter { table.runs[$0] != nil }
        operations += cronHousekeeping(nowMs: nowMs, purges: nowMs >= nextPurgeMs)
        if nowMs >= nextPurgeMs {
            nextPurgeMs = nowMs + Self.purgeIntervalMs
            effects += purgeStreamLogs(nowMs: nowMs)
            operations += [
                .purge(.acknowledgedResults, beforeMs: nowMs - Self.purgeIntervalMs * 24),
                .purge(.endedRuns, beforeMs: nowMs - Self.purgeIntervalMs * 24 * 7),
            ]
            operations += settings.archiveRetentionMs.map { [.purge(.transcriptArchives, beforeMs: nowMs - $0)] } ?? []
        }
        pools.forget(nowMs: nowMs)
        let expired = trust.pairing.expire(nowMs: nowMs)
        operations += expired.map { .removePending(requestId: $0.requestID) }
        operations += trust.invitations.purge(nowMs: nowMs).map { .removeInvitation(id: $0.id) }
        operations += trust.lineage.purge(nowMs: nowMs).map { .deleteGrant(childDeviceId: $0) }
        effects.append(.reconcile(unended: Set(table.unendedRuns.map(\.runID))))
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
