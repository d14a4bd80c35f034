internal import JSON
internal import Sessions
internal import Wire

/// `workers.*`: who works for which pool, and what waits (our additions).
extension GatewayCore {
    func workersList(nowMs: Int64) -> JSON {
        let configured = settings.catalog.agents.compactMap(\.pool)
        let names = Set(pools.names + configured).sorted()
        return .object(
            JSONObject([
                ("ts", .integer(nowMs)),
                ("pools", .array(names.map(poolRow))),
                (
                    "workers",
                    .array(
                        pools.workers.values.sorted { ($0.pool, $0.id) < ($1.pool, $1.id) }.map { workerRow($0) })
                ),
            ]))
    }

    private func poolRow(_ name: String) -> JSON {
        let ready = pools.members(of: name).filter { $0.state == .ready }
        let waiting = pools.waiting(in: name)
        var row = JSONObject([
            ("name", .string(name)), ("workers", .integer(Int64(ready.count))),
            ("capacity", .integer(Int64(ready.reduce(0) { $0 + $1.capacity }))),
            ("running", .integer(Int64(pools.members(of: name).reduce(0) { $0 + $1.runs.count }))),
            ("waiting", .integer(Int64(waiting.count))),
            (
                "agents",
                .array(settings.catalog.agents.filter { $0.pool == name }.map { .string($0.id) })
            ),
        ])
        row["reason"] = waiting.first.flatMap { pools.reason($0) }.map { .string($0) }
        return .object(row)
    }

    private func workerRow(_ worker: PoolWorker) -> JSON {
        var row = JSONObject([
            ("workerId", .string(worker.id)), ("pool", .string(worker.pool)), ("state", .string(worker.state.rawValue)),
            ("capacity", .integer(Int64(worker.capacity))), ("running", .integer(Int64(worker.runs.count))),
            ("runs", .array(worker.runs.sorted().map { .string($0) })), ("ended", .integer(Int64(worker.ended))),
            ("lost", .integer(Int64(worker.lost))), ("connectedAtMs", .integer(worker.connectedAtMs)),
            ("lastSeenAtMs", .integer(worker.lastSeenMs)),
        ])
        row["name"] = worker.name.map { .string($0) }
        row["version"] = worker.version.map { .string($0) }
        row["address"] = poolConnections[worker.id].flatMap { connections[$0]?.clientAddress }.map { .string($0) }
        return .object(row)
    }

    /// `workers.drain`: an operator takes a worker out, or lets it in again.
    mutating func workersDrain(
        _ request: GatewayRequest, _ reader: ParamReader, nowMs: Int64
    ) throws -> [Effect] {
        let named = try reader.requiredString("workerId", maxBytes: 128)
        let isDraining = try reader.bool("draining") ?? true
        let found = pools.workers.values.filter { $0.id.hasPrefix(named) || $0.name == named }
        guard let worker = found.first, found.count == 1 else {
            throw GatewayError(
                .invalidRequest, .workerNotFound,
                found.isEmpty ? "no worker is called \(named)" : "\(found.count) workers are called \(named)")
        }
        pools.drain(worker.id, isDraining)
        var effects: [Effect] = []
        if let connection = poolConnections[worker.id] {
            // It keeps that over a restart of the gateway.
            let payload = JSONObject([("draining", .bool(isDraining))])
            effects.append(.event(OutboundEvent(.workerDrain, .object(payload)), to: [connection]))
        }
        effects.append(
            .log(
                LogLine(
                    .info, "workers", "\(isDraining ? "draining" : "resumed") worker=\(worker.id.prefix(12)) by request"
                ))
        )
        let row = pools.workers[worker.id].map { workerRow($0) } ?? .null
        return effects + [reply(request, .object(JSONObject([("worker", row)])))]
            + dispatched(worker.pool, nowMs: nowMs)
    }

    /// Members of a session's row that say where its run is.
    func placement(of run: Run) -> [(String, JSON)] {
        var members: [(String, JSON)] = []
        if let worker = pools.worker(of: run.runID) {
            members += [("pool", .string(worker.pool)), ("workerId", .string(worker.id))]
        } else if let pool = pool(of: run) {
            members.append(("pool", .string(pool)))
        }
        if let reason = pools.reason(run.runID) { members.append(("waitingFor", .string(reason))) }
        return members
    }

    /// `admission.explain` of a run: where it is, or what it waits for, and whom it could go to.
    func explanation(_ run: Run) -> JSON {
        var object = JSONObject([
            ("runId", .string(run.runID)), ("sessionKey", .string(run.sessionKey)), ("agentId", .string(run.agentID)),
            ("phase", .string(run.phase.name)), ("restarts", .integer(Int64(run.restarts))),
        ])
        for (name, value) in placement(of: run) { object[name] = value }
        object["cause"] = run.end?.cause.map { .string($0) }
        if let lease = leases[run.runID] {
            switch lease {
            case .held(let untilMs): object["leaseUntilMs"] = .integer(untilMs)
            case .away(let untilMs): object["awayUntilMs"] = .integer(untilMs)
            }
        }
        if run.phase == .queued {
            let limits = limits(of: run)
            let before = table.activeChildren(of: run.requesterKey).prefix { $0.runID != run.runID }.count
            object["waitingFor"] = .string(
                "maxConcurrent \(limits.maxConcurrent) of \(run.requesterKey), \(before) runs before it")
        }
        if let pool = pool(of: run) {
            object["candidates"] = .array(
                pools.members(of: pool).map { worker in
                    let verdict =
                        switch worker.state {
                        case .ready: worker.free > 0 ? "\(worker.free) places free" : "full"
                        case .draining: "draining"
                        case .away: "away"
                        }
                    return .object(
                        JSONObject([
                            ("workerId", .string(worker.id)), ("name", worker.name.map { .string($0) } ?? .null),
                            ("verdict", .string(verdict)),
                        ]))
                })
        }
        return .object(object)
    }
}
