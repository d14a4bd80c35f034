package import Sessions
package import Store
internal import Trust
internal import Wire

extension GatewayCore {
    /// Takes up what the store holds. Runs that had a worker wait for it to come back for its grace, or until its process is
    /// seen to be gone, then are lost; what was queued is launched; results that nobody has acknowledged can be asked for
    /// again.
    package mutating func restore(
        _ snapshot: StoreSnapshot, zones: [String: TimeZoneRules] = [:], nowMs: Int64
    ) -> [Effect] {
        for record in snapshot.sessions { table.insert(Session(record)) }
        for record in snapshot.grants { trust.lineage.insert(LineageEntry(record)) }
        let tokens = Dictionary(grouping: snapshot.deviceTokens, by: \.deviceId)
        for record in snapshot.devices {
            trust.pairing.restore(PairedDevice(record, tokens: (tokens[record.deviceId] ?? []).map(DeviceToken.init)))
        }
        for record in snapshot.invitations { trust.invitations.put(Invitation(record)) }
        for record in snapshot.pendingPairings { trust.pairing.restore(PendingPairing(record)) }
        for record in snapshot.endedRuns + snapshot.runs {
            table.insert(Run(record, phase: phase(afterRestart: record, nowMs: nowMs)).stored)
            guard let key = record.idempotencyKey else { continue }
            runByIdempotencyKey[IdempotencyKey(requesterKey: record.requesterKey, key: key)] = record.runId
        }
        for run in table.unendedRuns where run.startedAtMs != nil && !run.isExternal && !isLocal(run) {
            leases.await(run.runID, graceUntilMs: nowMs + limits(of: run).workerGraceMs)
        }
        var operations: [StoreOperation] = []
        let key = settings.defaultMainSessionKey
        if table.sessions[key] == nil { operations.append(.putSession(mainSession(&table, nowMs: nowMs).record)) }
        var effects = endChildrenOfOldSecret(snapshot.meta, nowMs: nowMs, &operations)
        effects += restoreLocalRuns(nowMs: nowMs, &operations)
        for requester in Set(table.unendedRuns.map(\.requesterKey)).sorted() {
            effects += launches(of: requester, nowMs: nowMs, &operations)
        }
        effects += restoreCron(snapshot, zones: zones, nowMs: nowMs, &operations)
        effects += restorePools(nowMs: nowMs, &operations)
        for key in table.busySessions { effects += nextTurn(of: key, nowMs: nowMs, &operations) }
        let here = table.unendedRuns.filter { run in
            run.startedAtMs != nil && !run.isExternal && !isLocal(run) && !pools.has(run.runID)
        }
        return [
            .reconcile(unended: Set(table.unendedRuns.map(\.runID))), .findWorkers(of: Set(here.map(\.runID))),
            .commit(operations, then: effects, failure: .background),
        ]
    }

    /// The shared secret is another one than when the gateway last ran: those who began with it do not go on, unless
    /// the owner wants that.
    private mutating func endChildrenOfOldSecret(
        _ meta: [MetaRecord], nowMs: Int64, _ operations: inout [StoreOperation]
    ) -> [Effect] {
        let now = secretGenerationRecord
        let before = meta.first { $0.key == now.key }?.value
        guard before != now.value else { return [] }
        operations.append(.putMeta(now))
        guard before != nil, settings.policy.onRotate == .close else { return [] }
        return endSharedLines(nowMs: nowMs, &operations)
    }

    var secretGenerationRecord: MetaRecord {
        MetaRecord(
            key: "auth.secretGeneration",
            value: Array((settings.policy.secretGeneration.map(String.init) ?? "none").utf8))
    }

    /// Ends the children whose line began with the shared secret.
    mutating func endSharedLines(nowMs: Int64, _ operations: inout [StoreOperation]) -> [Effect] {
        let children = trust.lineage.all.filter { child in
            // A password stands behind no principal that could be told from others: only a device's line goes on.
            if case .device = child.principal { return false }
            return child.runID != nil && child.state == .live
        }
        var effects: [Effect] = []
        for child in children.sorted(by: { ($0.depth, $0.deviceID) < ($1.depth, $1.deviceID) }) {
            guard let revoked = trust.lineage.revoke(deviceID: child.deviceID, nowMs: nowMs) else { continue }
            operations.append(.putGrant(revoked.record))
            if let run = revoked.runID.flatMap({ table.runs[$0] }), !run.phase.isEnded {
                effects += kill(run, cause: "the gateway's token was changed", nowMs: nowMs)
            }
            effects += close(device: child.deviceID, .authChanged)
        }
        return effects
    }

    private func phase(afterRestart record: RunRecord, nowMs: Int64) -> Run.Phase {
        switch record.status {
        case .queued: .queued
        case .launching, .running:
            // Nothing has begun where no worker attached: what was launched may attach yet, or be launched again.
            if let startedAtMs = record.startedAtMs {
                .running(
                    deadlineMs: record.runTimeoutSeconds > 0 ? startedAtMs + record.runTimeoutSeconds * 1000 : nil)
            } else {
                .launching(attempt: 1, deadlineMs: nowMs + record.spawnTimeoutMs)
            }
        case .ok, .error, .timeout, .killed, .lost:
            .ended(RunEnd(record, endedAtMs: record.endedAtMs ?? nowMs))
        }
    }
}
