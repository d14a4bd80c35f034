internal import Crypto
internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// Runs on other hosts: pool workers, and which of them gets which run (design document, sections 5 and 6).
extension GatewayCore {
    /// Between two signs of life of a pool worker.
    static let poolHeartbeatMs: Int64 = 10_000
    /// After which a connected one counts as gone.
    static let poolSilenceMs: Int64 = 30_000
    static let maxPoolCapacity: Int64 = 10_000
    static let poolScopePrefix = "pool:"

    /// Where a run goes; nil: it is launched by the gateway itself.
    func pool(of run: Run) -> String? { run.isExternal || isLocal(run) ? nil : settings.catalog[run.agentID]?.pool }

    // MARK: - Requests of pool workers

    /// The device that calls, which has to be paired for this pool.
    private func poolMember(_ caller: ClientConnection, pool: String) throws -> String {
        guard let device = caller.admitted.deviceID, trust.isPaired(device), caller.admitted.lineage == nil,
            caller.admitted.scopes.covers(Self.poolScopePrefix + pool)
        else {
            throw GatewayError(.forbidden, .notInPool, "this device is not enrolled for pool \(pool.prefix(64))")
        }
        return device
    }

    private func attachedWorker(_ request: GatewayRequest, _ caller: ClientConnection) throws -> PoolWorker {
        guard let device = caller.admitted.deviceID, poolConnections[device] == request.connection,
            let worker = pools.workers[device]
        else {
            throw GatewayError(.invalidRequest, .notAttached)
        }
        return worker
    }

    /// `worker.attach`: a pool worker says that it is there, and what it still has.
    mutating func poolAttach(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let pool = try reader.requiredString("pool", maxBytes: 64)
        let device = try poolMember(caller, pool: pool)
        let capacity = try reader.requiredInteger("capacity", in: 1...Self.maxPoolCapacity)
        let present = Set(try reader.strings("runs", maxCount: Int(Self.maxPoolCapacity), maxBytes: 1024) ?? [])
        let worker = PoolWorker(
            id: device, pool: pool, name: try reader.nonEmptyString("name", maxBytes: 256),
            version: try reader.nonEmptyString("version", maxBytes: 64), capacity: Int(capacity),
            isDraining: try reader.bool("draining") ?? false, atMs: nowMs)
        var effects: [Effect] = []
        if let before = poolConnections[device], before != request.connection, connections[before] != nil {
            connections[before]?.isClosing = true
            effects.append(.close(before, .superseded))
            effects += poolWorkerGone(device, nowMs: nowMs)
        }
        pools.attach(worker)
        poolConnections[device] = request.connection
        let known = pools.workers[device]?.runs ?? []
        let over = present.subtracting(known).sorted()
        let answer = JSONObject([
            ("workerId", .string(device)), ("gatewayId", .string(settings.root.deviceID)),
            ("heartbeatMs", .integer(Self.poolHeartbeatMs)), ("stop", .array(over.map { .string($0) })),
        ])
        effects.append(reply(request, .object(answer)))
        effects.append(
            .log(
                LogLine(
                    .info, "workers",
                    "attached worker=\(device.prefix(12)) pool=\(pool) capacity=\(capacity) runs=\(known.count) "
                        + "conn=\(caller.connID)")))
        // What had begun there and is not there any more has lost its process while the worker was away; or the worker
        // has lost sight of it, and it speaks for itself.
        for runID in known.subtracting(present).sorted()
        where !isAttached(trust.lineage.entry(forRun: runID)?.deviceID) {
            effects += workerExited(runID: runID, how: "it is not on its host any more", nowMs: nowMs)
        }
        return effects + dispatched(pool, nowMs: nowMs)
    }

    mutating func poolHeartbeat(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let worker = try attachedWorker(request, caller)
        pools.seen(worker.id, nowMs: nowMs)
        return [reply(request, .object(JSONObject([("ok", true)])))]
    }

    /// `worker.report`: the process of a run is gone, or could not be started.
    mutating func poolReport(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let worker = try attachedWorker(request, caller)
        let runID = try reader.requiredString("runId", maxBytes: 1024)
        let attempt = try reader.integer("attempt", in: 0...1000)
        let how = try reader.requiredString("how", maxBytes: 1024)
        pools.seen(worker.id, nowMs: nowMs)
        let answer = reply(request, .object(JSONObject([("ok", true)])))
        // Of a run that went elsewhere since, or was started anew, it is no news.
        guard worker.runs.contains(runID), let run = table.runs[runID], attempt ?? Int64(run.launches) == run.launches
        else { return [answer] }
        return [answer] + workerExited(runID: runID, how: how, nowMs: nowMs)
    }

    /// `worker.drain`: a worker that is about to leave.
    mutating func poolDrain(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let worker = try attachedWorker(request, caller)
        let isDraining = try reader.bool("draining") ?? true
        pools.seen(worker.id, nowMs: nowMs)
        pools.drain(worker.id, isDraining)
        return [reply(request, .object(JSONObject([("ok", true)])))] + dispatched(worker.pool, nowMs: nowMs)
    }

    // MARK: - Placing

    /// Puts a run where its pool's workers find it.
    mutating func enqueue(
        _ run: Run, pool: String, nowMs: Int64, _ operations: inout [StoreOperation]
    ) -> [Effect] {
        trust.lineage.takeBack(runID: run.runID)
        table.waitForPlace(run.runID)
        pools.enqueue(run.runID, pool: pool, timeoutMs: run.spawnTimeoutMs)
        if let run = table.runs[run.runID] { operations.append(.putRun(run.record)) }
        return dispatch(pool, nowMs: nowMs, &operations)
    }

    /// Gives what waits to whoever has a place.
    mutating func dispatched(_ pool: String, nowMs: Int64) -> [Effect] {
        var operations: [StoreOperation] = []
        let orders = dispatch(pool, nowMs: nowMs, &operations)
        return operations.isEmpty ? orders : [.commit(operations, then: orders, failure: .background)]
    }

    /// Gives what waits to whoever has a place. The records belong into the caller's commit, and the orders behind it: a
    /// commit of their own would come after whatever is decided about the same runs meanwhile, and write over it.
    mutating func dispatch(_ pool: String, nowMs: Int64, _ operations: inout [StoreOperation]) -> [Effect] {
        var orders: [Effect] = []
        while let (runID, workerID) = pools.place(in: pool) {
            guard let connection = poolConnections[workerID], let run = table.placed(runID, nowMs: nowMs),
                var entry = trust.lineage.entry(forRun: runID)
            else {
                pools.remove(runID)
                continue
            }
            let token = ids.token()
            entry.runTokenDigest = SHA256.digest(Array(token.utf8))
            trust.lineage.insert(entry)
            let spawnID = run.isTurn ? LineageEntry.placedTurnPrefix + ids.uuid() : runID
            trust.lineage.place(runID: runID, issuer: workerID, spawnID: spawnID)
            operations += [.putGrant(entry.record), .putRun(run.record)]
            orders.append(
                .event(
                    OutboundEvent(.workerRun, workerOrder(run, entry, spawnID: spawnID, token: token)),
                    to: [connection]))
            orders.append(
                .log(
                    LogLine(
                        .info, "workers", "placed run=\(runID) worker=\(workerID.prefix(12)) pool=\(pool)")))
        }
        return orders
    }

    /// What a pool worker needs to derive the key of a run, sign for it, and start its worker.
    private func workerOrder(_ run: Run, _ entry: LineageEntry, spawnID: String, token: String) -> JSON {
        let isolation = isolation(ofRun: run.runID)
        return .object(
            JSONObject([
                ("runId", .string(run.runID)), ("sessionKey", .string(run.sessionKey)),
                ("agentId", .string(run.agentID)), ("attempt", .integer(Int64(run.launches))),
                ("runToken", .string(token)), ("otherUser", .bool(isolation.isSandbox && isolation.user != nil)),
                (
                    "grant",
                    .object(
                        JSONObject([
                            ("jti", .string(spawnID)),
                            (
                                "sid",
                                .string(
                                    run.isTurn
                                        ? SessionKeySyntax.subagent(agentID: run.agentID, spawnID: spawnID)
                                        : run.sessionKey)
                            ),
                            ("scope", .string(entry.scopes.names.joined(separator: " "))), ("depth", 1),
                        ]))
                ),
            ]))
    }

    // MARK: - Ends

    /// Ends the processes of a run, wherever they are.
    func stopWorker(_ runID: String, reason: String) -> [Effect] {
        guard let worker = pools.worker(of: runID) else { return [.stopWorker(runID: runID)] }
        // One that is away is told when it comes back.
        guard let connection = poolConnections[worker.id] else { return [] }
        let payload = JSONObject([("runId", .string(runID)), ("reason", .string(reason))])
        // Behind the order to run it, which may still wait for its commit.
        let stop = Effect.event(OutboundEvent(.workerStop, .object(payload)), to: [connection])
        return [.commit([], then: [stop], failure: .background)]
    }

    /// A run is over: its place is free.
    mutating func leavePool(_ runID: String, nowMs: Int64) -> [Effect] {
        trust.lineage.takeBack(runID: runID)
        guard let pool = pools.remove(runID, hasEnded: true) else { return [] }
        return dispatched(pool, nowMs: nowMs)
    }

    /// The connection of a pool worker is gone. What has not begun goes to somebody else; what has begun speaks for
    /// itself, and is lost when it is not heard of within its grace.
    mutating func poolWorkerGone(_ device: String, nowMs: Int64) -> [Effect] {
        guard let worker = pools.workers[device] else { return [] }
        poolConnections[device] = nil
        pools.disconnected(device, nowMs: nowMs)
        var operations: [StoreOperation] = []
        var orders: [Effect] = []
        let effects: [Effect] = [
            .log(
                LogLine(
                    .warn, "workers",
                    "gone worker=\(device.prefix(12)) pool=\(worker.pool) runs=\(worker.runs.count)"))
        ]
        for runID in worker.runs.sorted() {
            guard let run = table.runs[runID], case .launching = run.phase else { continue }
            orders += enqueue(run, pool: worker.pool, nowMs: nowMs, &operations)
        }
        guard !operations.isEmpty else { return effects }
        return effects + [.commit(operations, then: orders, failure: .background)]
    }

    mutating func expirePools(nowMs: Int64) -> [Effect] {
        var effects: [Effect] = []
        for device in pools.silent(sinceMs: nowMs - Self.poolSilenceMs) {
            if let connection = poolConnections[device] {
                connections[connection]?.isClosing = true
                effects.append(.close(connection, .workerSilent))
            }
            effects += poolWorkerGone(device, nowMs: nowMs)
        }
        for runID in pools.overdue(nowMs: nowMs) {
            guard let run = table.runs[runID] else { continue }
            let why = pools.reason(runID) ?? "no worker took it"
            let end = RunEnd(
                status: .error, cause: "no worker took the run within \(run.spawnTimeoutMs) ms: \(why)",
                exitCode: nil, text: "", totalBytes: 0, endedAtMs: nowMs)
            effects += finish(runID, end, nowMs: nowMs)
        }
        return effects
    }

    /// Which worker has which run is known by the keys that were presented; what was not begun waits again.
    mutating func restorePools(nowMs: Int64, _ operations: inout [StoreOperation]) -> [Effect] {
        var effects: [Effect] = []
        let runs = table.unendedRuns.sorted { ($0.acceptedAtMs, $0.runID) < ($1.acceptedAtMs, $1.runID) }
        for run in runs where !run.isExternal && !isLocal(run) && run.phase != .queued && !pools.has(run.runID) {
            guard let entry = trust.lineage.entry(forRun: run.runID) else { continue }
            let agentPool = pool(of: run)
            if run.startedAtMs == nil {
                if let agentPool { effects += enqueue(run, pool: agentPool, nowMs: nowMs, &operations) }
                continue
            }
            guard entry.issuer != settings.root.deviceID, trust.lineage[entry.issuer] == nil,
                let device = trust.pairing.devices[entry.issuer]
            else { continue }
            let named = device.approvedScopes.names.first { $0.hasPrefix(Self.poolScopePrefix) }
            let pool = agentPool ?? named.map { String($0.dropFirst(Self.poolScopePrefix.count)) } ?? ""
            pools.restore(
                run.runID,
                on: PoolWorker(
                    id: device.deviceID, pool: pool, name: device.displayName, capacity: 1, isConnected: false,
                    atMs: nowMs))
        }
        return effects
    }
}
