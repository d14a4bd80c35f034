internal import Sessions
package import Store
internal import Trust
internal import Wire

extension GatewayCore {
    /// Takes up what the store holds. Runs that had a worker wait for it to come back for their spawn timeout, then end
    /// as lost; what was queued is launched; results that nobody has acknowledged can be asked for again.
    package mutating func restore(_ snapshot: StoreSnapshot, nowMs: Int64) -> [Effect] {
        for record in snapshot.sessions { table.insert(Session(record)) }
        for record in snapshot.grants { trust.lineage.insert(LineageEntry(record)) }
        let tokens = Dictionary(grouping: snapshot.deviceTokens, by: \.deviceId)
        for record in snapshot.devices {
            trust.pairing.restore(PairedDevice(record, tokens: (tokens[record.deviceId] ?? []).map(DeviceToken.init)))
        }
        for record in snapshot.pendingPairings { trust.pairing.restore(PendingPairing(record)) }
        let results = Dictionary(snapshot.results.map { ($0.runId, $0) }, uniquingKeysWith: { _, last in last })
        for record in snapshot.endedRuns + snapshot.runs {
            let phase = phase(afterRestart: record, results[record.runId], nowMs: nowMs)
            table.insert(Run(record, phase: phase))
            guard let key = record.idempotencyKey else { continue }
            runByIdempotencyKey[IdempotencyKey(requesterKey: record.requesterKey, key: key)] = record.runId
        }
        adoptedRuns = Set(table.unendedRuns.filter { $0.phase != .queued && !$0.isExternal }.map(\.runID))
        var operations: [StoreOperation] = []
        let key = settings.defaultMainSessionKey
        if table.sessions[key] == nil { operations.append(.putSession(mainSession(&table, nowMs: nowMs).record)) }
        var effects: [Effect] = []
        for requester in Set(table.unendedRuns.map(\.requesterKey)).sorted() {
            effects += launches(of: requester, nowMs: nowMs, &operations)
        }
        return [.commit(operations, then: effects, failure: .background)]
    }

    private func phase(afterRestart record: RunRecord, _ result: ResultRecord?, nowMs: Int64) -> Run.Phase {
        switch record.status {
        case .queued: .queued
        case .launching, .running:
            record.external
                ? .running(deadlineMs: nil)
                : .launching(
                    attempt: SessionTable.maxLaunchAttempts,
                    deadlineMs: nowMs + max(record.spawnTimeoutMs, SessionTable.minReattachMs))
        case .ok, .error, .timeout, .killed, .lost:
            .ended(
                RunEnd(
                    status: RunEnd.Status(rawValue: record.status.rawValue) ?? .lost, cause: record.cause,
                    exitCode: record.exitCode.map(Int.init), text: result?.text ?? "",
                    totalBytes: Int(result?.totalBytes ?? 0), endedAtMs: record.endedAtMs ?? nowMs))
        }
    }
}
