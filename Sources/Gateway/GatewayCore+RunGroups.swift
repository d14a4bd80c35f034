internal import JSON
internal import Sessions
internal import Store
internal import Wire

/// A request that waits until several runs have ended, or its own time is over.
struct RunGroup: Sendable {
    static let maxRuns = 32

    let connection: ConnectionID
    let requestID: [UInt8]
    let runIDs: [String]
    var open: Set<String>
    let deadlineMs: Int64
}

/// `subagents {action: "wait"}`: how an agent collects what it has fanned out.
extension GatewayCore {
    mutating func waitForChildren(
        _ request: GatewayRequest, _ reader: ParamReader, own: String, _ caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        var runIDs = try reader.strings("runIds", maxCount: RunGroup.maxRuns, maxBytes: Self.maxRunIDBytes) ?? []
        if let one = try reader.nonEmptyString("runId") { runIDs.append(one) }
        if runIDs.isEmpty { runIDs = table.activeChildren(of: own).prefix(RunGroup.maxRuns).map(\.runID) }
        let seconds = try reader.integer("timeoutSeconds", in: 0...60) ?? 30
        for runID in runIDs {
            guard let run = table.runs[runID], !run.isTurn, table.isSession(run.requesterKey, atOrBelow: own) else {
                throw reader.failure("runIds", "no sub-agent of this session has the run \"\(runID.prefix(128))\"")
            }
        }
        let open = Set(runIDs.filter { table.runs[$0]?.phase.isEnded == false })
        let group = RunGroup(
            connection: request.connection, requestID: request.id, runIDs: runIDs, open: open,
            deadlineMs: nowMs + seconds * 1000)
        guard !open.isEmpty, seconds > 0 else { return conclude(group, nowMs: nowMs) }
        try refuseAnotherWait(caller)
        connections[request.connection]?.waits += 1
        groups.append(group)
        return []
    }

    /// A run has ended: who waited for it and for nothing else any more is answered.
    mutating func runEndedInGroups(_ runID: String, nowMs: Int64) -> [Effect] {
        for index in groups.indices { groups[index].open.remove(runID) }
        return takeGroups { $0.open.isEmpty }.flatMap { conclude($0, nowMs: nowMs) }
    }

    mutating func expireGroups(nowMs: Int64) -> [Effect] {
        takeGroups { $0.deadlineMs <= nowMs }.flatMap { conclude($0, nowMs: nowMs) }
    }

    private mutating func takeGroups(where isOver: (RunGroup) -> Bool) -> [RunGroup] {
        let over = groups.filter(isOver)
        guard !over.isEmpty else { return [] }
        groups.removeAll(where: isOver)
        for group in over { connections[group.connection]?.waits -= 1 }
        return over
    }

    private mutating func conclude(_ group: RunGroup, nowMs: Int64) -> [Effect] {
        let ended = group.runIDs.compactMap { table.runs[$0] }.filter(\.phase.isEnded)
        // Before they are read, or the one that has ended just now would be announced, too; it is stored until then.
        let acknowledgements = ended.flatMap { acknowledge($0.runID, nowMs: nowMs) }
        guard ended.contains(where: \.isStored) else { return [answer(group, [:])] + acknowledgements }
        return [.read(.results(runIds: ended.map(\.runID)), StoreReading(.group(group)))] + acknowledgements
    }

    /// - Parameter results: of those runs whose ends are stored.
    func answer(_ group: RunGroup, _ results: [String: ResultRecord]) -> Effect {
        let runs = group.runIDs.compactMap { table.runs[$0] }
        let result = JSONObject([
            ("status", .string(runs.allSatisfy(\.phase.isEnded) ? "ok" : "timeout")), ("action", "wait"),
            ("runs", .array(runs.map { .object(Self.shown($0, results[$0.runID])) })),
        ])
        return .respond(group.connection, Frames.response(id: group.requestID, payload: Self.toolResult(result)))
    }

    private static func shown(_ run: Run, _ result: ResultRecord?) -> JSONObject {
        var shown = JSONObject([("runId", .string(run.runID)), ("sessionKey", .string(run.sessionKey))])
        shown["label"] = run.label.map { .string($0) }
        guard let end = run.end else {
            shown["status"] = "running"
            shown["phase"] = .string(run.phase.name)
            return shown
        }
        for (name, value) in run.whole(end, result).fields { shown[name] = value }
        return shown
    }
}
