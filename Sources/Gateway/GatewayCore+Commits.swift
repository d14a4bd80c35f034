internal import JSON
internal import Sessions
package import Store
internal import Trust
internal import Wire

/// Memory changes before the disk does, so that no two decisions are made about the same state. Here is what becomes of
/// that when the disk has it, and when the disk refuses.
///
/// What gives somebody more is taken back. What takes something away goes on holding, and is written when the disk takes
/// it: memory is what the disk comes to, never the other way round.
extension GatewayCore {
    static let settleIntervalMs: Int64 = 5_000

    mutating func beginUndo() -> TrustUndo {
        nextChange += 1
        return TrustUndo(change: nextChange)
    }

    /// The disk has it.
    package mutating func committed(
        _ commit: CommitFailure, _ operations: [StoreOperation], nowMs: Int64
    ) -> [Effect] {
        for runID in operations.compactMap(\.endedRun) {
            table.wasStored(runID)
            unsavedEnds.remove(runID)
        }
        guard let undo = commit.undo else { return [] }
        trust.pairing.committed(undo.change, of: undo.devices)
        guard case .rotation(let caller, _, let deviceID, let role, _) = commit else { return [] }
        return endWhatHungOn(deviceID, role, caller, nowMs: nowMs)
    }

    package mutating func commitFailed(
        _ failure: CommitFailure, _ operations: [StoreOperation], why: String, nowMs: Int64
    ) -> [Effect] {
        var error = GatewayError.storeUnavailable(why)
        switch failure {
        case .request(let connection, let id, _), .rotation(let connection, let id, _, _, _):
            owe(operations, nowMs: nowMs)
            return [.respond(connection, Frames.failure(id: id, error))] + takeBack(failure.undo, nowMs: nowMs)
        case .revocation(let connection, let id):
            owe(operations, nowMs: nowMs)
            error.details["remediationHint"] =
                "it holds already, and is written when the store takes it; a restart before that would undo it"
            return [.respond(connection, Frames.failure(id: id, error))]
        case .connect(let connection, let id, _):
            owe(operations, nowMs: nowMs)
            let isOver = connections[connection]?.isClosing == true
            connections[connection]?.isClosing = true
            let answer: [Effect] = [
                .respond(connection, Frames.failure(id: id, error)), .close(connection, .storeUnavailable),
            ]
            return (isOver ? [] : answer) + takeBack(failure.undo, nowMs: nowMs)
        case .spawn(let connection, let id, let runID):
            let answer = Effect.respond(connection, Frames.failure(id: id, error))
            guard let run = table.runs[runID] else { return [answer] }
            pools.remove(runID)
            trust.lineage.takeBack(runID: runID)
            table.withdraw(runID)
            // Its identity is spent.
            if let entry = trust.lineage.entry(forRun: runID) {
                _ = trust.lineage.revoke(deviceID: entry.deviceID, nowMs: nowMs)
            }
            let answers = [answer] + refuseWaiters(of: runID, error, nowMs: nowMs)
            // The place that it held is free.
            var operations: [StoreOperation] = []
            let launches = launches(of: run.requesterKey, nowMs: nowMs, &operations)
            return launches.isEmpty ? answers : answers + [.commit(operations, then: launches, failure: .background)]
        case .sessionChange(let connection, let id, let undo):
            takeBack(undo)
            return [.respond(connection, Frames.failure(id: id, error))]
        case .turn(let connection, let id, let runID, let undo):
            let answer = Effect.respond(connection, Frames.failure(id: id, error))
            guard let run = table.runs[runID] else { return [answer] }
            let wasRunning = run.phase != .queued
            pools.remove(runID)
            trust.lineage.takeBack(runID: runID)
            table.withdraw(runID)
            trust.lineage.withdraw(runID: runID)
            exchanges[runID] = nil
            takeBack(undo)
            let answers = [answer] + refuseWaiters(of: runID, error, except: (connection, id), nowMs: nowMs)
            guard wasRunning else { return answers }
            var operations: [StoreOperation] = []
            let next = nextTurn(of: run.sessionKey, nowMs: nowMs, &operations)
            return next.isEmpty ? answers : answers + [.commit(operations, then: next, failure: .background)]
        case .cronChange(let connection, let id, let jobID, let before):
            cronChangeNotSaved(jobID, before: before)
            return [.respond(connection, Frames.failure(id: id, error))]
        case .cronRun(let connection, let id, let runID):
            cron.withdraw(runID)
            return [.respond(connection, Frames.failure(id: id, error))]
        case .cronTurn(let runID): return cronTurnNotSaved(runID, why: why, nowMs: nowMs)
        case .systemEvent(let connection, let id, let key):
            table.update(key) { _ = $0.systemEvents.popLast() }
            return [.respond(connection, Frames.failure(id: id, error))]
        case .end(let connection, let id, let runID):
            unsavedEnds.insert(runID)
            keepRows(of: operations)
            owe(operations, nowMs: nowMs)
            return [.respond(connection, Frames.failure(id: id, error))]
        case .localBegin(let runID): return localNotBegun(runID, why: why, nowMs: nowMs)
        case .localEnd, .background:
            keepRows(of: operations)
            owe(operations, nowMs: nowMs)
            return []
        }
    }

    // MARK: - Taking back

    private mutating func takeBack(_ undo: TrustUndo?, nowMs: Int64) -> [Effect] {
        guard let undo else { return [] }
        let paired = undo.devices.filter { trust.isPaired($0) }
        trust.pairing.commitFailed(undo.change, of: undo.devices)
        for use in undo.uses { trust.invitations.giveBack(use.invitation, by: use.deviceID) }
        if let id = undo.invitation { _ = trust.invitations.remove(id: id) }
        var effects: [Effect] = []
        for pending in undo.pending where trust.pairing.reopen(pending, nowMs: nowMs) {
            effects.append(event(.devicePairRequested, pending.json))
        }
        var operations: [StoreOperation] = []
        effects += withdraw(undo.runs, nowMs: nowMs, &operations)
        for deviceID in undo.devices.sorted() {
            effects += closeGroundless(deviceID)
            guard paired.contains(deviceID), !trust.isPaired(deviceID) else { continue }
            effects += revoke(
                deviceID, .storeUnavailable, because: "device \(deviceID.prefix(12))… could not be stored",
                nowMs: nowMs, &operations)
        }
        return operations.isEmpty ? effects : [.commit(operations, then: [], failure: .background)] + effects
    }

    /// Closes who was let in by what is no more.
    private mutating func closeGroundless(_ deviceID: String) -> [Effect] {
        var effects: [Effect] = []
        for id in connections(ofDevice: deviceID) {
            guard let connection = connections[id], !connection.isClosing, !trust.covers(connection.admitted) else {
                continue
            }
            connections[id]?.isClosing = true
            effects.append(.close(id, .storeUnavailable))
        }
        return effects
    }

    /// Forgets presented children as if they had never come: the same grants may come again. What they have spawned
    /// meanwhile ends.
    private mutating func withdraw(
        _ runs: [String], nowMs: Int64, _ operations: inout [StoreOperation]
    ) -> [Effect] {
        let withdrawn = runs.compactMap { trust.lineage.entry(forRun: $0) }
        let own = Set(withdrawn.map(\.deviceID))
        var effects: [Effect] = []
        for entry in withdrawn {
            for below in trust.lineage.descendants(of: entry.deviceID) where !own.contains(below.deviceID) {
                effects += close(device: below.deviceID, .storeUnavailable)
                effects += revoke(
                    below.deviceID, .storeUnavailable, because: "its parent could not be stored", nowMs: nowMs,
                    &operations)
            }
            effects += close(device: entry.deviceID, .storeUnavailable)
        }
        for runID in runs { table.withdraw(runID) }
        for entry in withdrawn { trust.lineage.remove(deviceID: entry.deviceID) }
        return effects
    }

    // MARK: - What the disk has yet to take

    private mutating func owe(_ operations: [StoreOperation], nowMs: Int64) {
        let wasEmpty = owed.isEmpty
        owed.note(operations)
        if wasEmpty { nextSettleMs = nowMs + Self.settleIntervalMs }
    }

    /// Writes what memory has of the records that the disk once refused.
    mutating func settle(nowMs: Int64) -> [Effect] {
        guard !owed.isEmpty, nowMs >= nextSettleMs else { return [] }
        nextSettleMs = nowMs + Self.settleIntervalMs
        let records = owed.take { record in
            // A change under way has its own commit, and may yet be taken back.
            if case .device(let id) = record { !trust.pairing.isUnderWay(id) } else { true }
        }
        var operations: [StoreOperation] = []
        for owed in records { operations += record(operations: owed, nowMs: nowMs) }
        return operations.isEmpty ? [] : [.commit(operations, then: [], failure: .background)]
    }

    private mutating func record(operations record: OwedRecords.Record, nowMs: Int64) -> [StoreOperation] {
        switch record {
        case .device(let id):
            guard let device = trust.pairing.devices[id] else { return [.removeDevice(deviceId: id)] }
            let tokens = Role.allCases.map { role -> StoreOperation in
                device.tokens[role.rawValue].map { .putDeviceToken($0.record(deviceID: id)) }
                    ?? .removeDeviceToken(deviceId: id, role: role.rawValue)
            }
            return [.putDevice(device.record)] + tokens
        case .pending(let id):
            let pending = trust.pairing.pending(requestID: id, nowMs: nowMs)
            return [pending.map { .putPending($0.record) } ?? .removePending(requestId: id)]
        case .invitation(let id):
            return [trust.invitations.find(id: id).map { .putInvitation($0.record) } ?? .removeInvitation(id: id)]
        case .grant(let id):
            return [trust.lineage[id].map { .putGrant($0.record) } ?? .deleteGrant(childDeviceId: id)]
        case .run(let id):
            guard let run = table.runs[id] else { return [] }
            if let end = run.end { return unsavedEnd(of: run, end) }
            let session = table.sessions[run.sessionKey].map { [StoreOperation.putSession($0.record)] } ?? []
            return [.putRun(run.record)] + session + takeUnsavedRows(of: id)
        }
    }

    /// What the disk lacks of the end of a run.
    mutating func unsavedEnd(of run: Run, _ end: RunEnd) -> [StoreOperation] {
        let isAcknowledged = acknowledgedRuns.contains(run.runID)
        // Here may be less of it than there.
        return (run.isStored ? [] : endRecords(of: run, end)) + takeUnsavedRows(of: run.runID)
            + (isAcknowledged ? [.acknowledgeResult(runId: run.runID, atMs: end.endedAtMs)] : [])
    }

    /// Rows of transcripts are written once: they come back only with the commit that took them, when it fails.
    private mutating func takeUnsavedRows(of runID: String) -> [StoreOperation] {
        guard let rows = unsavedRows.removeValue(forKey: runID) else { return [] }
        let sessions = Set(table.sessions.values.map(\.sessionID))
        return rows.filter { row in
            if case .appendTranscript(let record) = row { sessions.contains(record.sessionId) } else { false }
        }
    }

    /// Keeps the rows of a failed commit with the first run of it.
    private mutating func keepRows(of operations: [StoreOperation]) {
        let runID = operations.lazy.compactMap { operation -> String? in
            if case .putRun(let record, _) = operation { record.runId } else { nil }
        }.first
        guard let runID else { return }
        let rows = operations.filter { if case .appendTranscript = $0 { true } else { false } }
        if !rows.isEmpty { unsavedRows[runID, default: []] += rows }
    }
}
