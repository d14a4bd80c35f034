internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// The tool `subagents`: what a session has spawned, by hand (sessions and configuration reference, 3.4).
extension GatewayCore {
    mutating func toolSubagents(
        _ request: GatewayRequest, _ reader: ParamReader, own: String, _ caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let action = try reader.nonEmptyString("action") ?? "list"
        let children = children(of: own)
        switch action {
        case "list":
            let minutes = try reader.integer("recentMinutes", in: 1...10_000_000) ?? 30
            let recent = children.filter { $0.phase == nil || $0.session.updatedAtMs >= nowMs - minutes * 60_000 }
            return [reply(request, Self.toolResult(list(recent)))]
        case "kill", "cancel":
            let targets = try targets(reader, among: children)
            var effects: [Effect] = []
            var killed: [JSON] = []
            for child in targets {
                effects += closeKeptAgent(of: child.session.key)
                // One that was steered has turns.
                for run in table.unendedRuns(of: child.session.key) {
                    killed.append(.string(run.runID))
                    effects += kill(run, cause: "killed by its parent", nowMs: nowMs)
                }
            }
            let answer = JSONObject([
                ("status", "ok"), ("action", .string(action)), ("killed", .array(killed)),
            ])
            return effects + [.commit([], then: [reply(request, Self.toolResult(answer))], failure: .background)]
        case "wait": return try waitForChildren(request, reader, own: own, caller, nowMs: nowMs)
        case "steer": return try steer(request, reader, children, caller, nowMs: nowMs)
        default: throw reader.failure("action", "must be list, wait, kill or steer")
        }
    }

    private struct Child {
        let session: Session
        /// Nil when it has ended.
        let phase: Run.Phase?
    }

    /// The newest first.
    private func children(of key: String) -> [Child] {
        table.children(of: key).compactMap { table.sessions[$0] }.sorted { $0.createdAtMs > $1.createdAtMs }.map {
            Child(session: $0, phase: table.unendedRuns(of: $0.key).last?.phase)
        }
    }

    private func list(_ children: [Child]) -> JSONObject {
        JSONObject([
            ("status", "ok"), ("action", "list"), ("total", .integer(Int64(children.count))),
            ("active", .array(children.filter { $0.phase != nil }.map { row($0.session) })),
            ("recent", .array(children.filter { $0.phase == nil }.map { row($0.session) })),
        ])
    }

    /// By number, run id or its beginning, session key, label, `last` or `all`.
    private func targets(_ reader: ParamReader, among children: [Child]) throws(ParamReader.Failure) -> [Child] {
        let target: String
        if let named = try reader.nonEmptyString("target") {
            target = named
        } else {
            target = try reader.requiredString("runId")
        }
        if target == "all" { return children }
        if target == "last" { return Array(children.prefix(1)) }
        if let number = Int(target), number >= 1, number <= children.count { return [children[number - 1]] }
        let found = children.filter { child in
            child.session.key == target || child.session.label == target
                || child.session.overrides["taskName"]?.string == target
                || table.run(ofSession: child.session.key)?.runID.hasPrefix(target) == true
                || table.turns(of: child.session.key).contains { $0.runID.hasPrefix(target) }
        }
        guard !found.isEmpty else { throw reader.failure("target", "no sub-agent matches \"\(target.prefix(128))\"") }
        return found
    }

    /// Ends what the child does and gives it a new message.
    private mutating func steer(
        _ request: GatewayRequest, _ reader: ParamReader, _ children: [Child], _ caller: ClientConnection,
        nowMs: Int64
    ) throws -> [Effect] {
        let message = try text(try reader.requiredString("message"), reader)
        let targets = try targets(reader, among: children)
        guard let child = targets.first, targets.count == 1 else {
            throw reader.failure("target", "must name one sub-agent")
        }
        guard table.run(ofSession: child.session.key)?.cleanup != .delete else {
            throw reader.failure("target", "its session is deleted when its run ends; kill it and spawn another")
        }
        let wanted = TurnRequest(
            runID: ids.uuid(), sessionKey: child.session.key, message: message, origin: .tool,
            provenance: child.session.parentKey)
        var operations: [StoreOperation] = []
        let before = table.sessions[child.session.key]
        guard
            case .accepted(let turn, let effects) = try startTurn(
                wanted, asked: Asker(caller), nowMs: nowMs, &operations)
        else { return [] }
        var ended: [Effect] = []
        if let run = table.run(ofSession: child.session.key), !run.phase.isEnded {
            ended = kill(run, cause: "steered by its parent", nowMs: nowMs)
        }
        let answer = JSONObject([
            ("status", "accepted"), ("action", "steer"), ("sessionKey", .string(child.session.key)),
            ("runId", .string(turn.runID)),
        ])
        return [
            .commit(
                operations, then: [reply(request, Self.toolResult(answer))] + effects,
                failure: .turn(
                    request.connection, id: request.id, runID: turn.runID, undo: undo(of: child.session.key, before)))
        ] + ended
    }
}
