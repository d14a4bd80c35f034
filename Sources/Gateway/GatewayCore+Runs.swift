internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// The life of a run after its launch: attach, output, end (design document, section 6).
extension GatewayCore {
    // MARK: - Requests of the worker

    /// The run of the calling device; the params must name the same one, so that a confused worker is noticed.
    func ownRun(_ reader: ParamReader, _ caller: ClientConnection) throws -> Run {
        let named = try reader.requiredString("runId")
        guard let own = caller.admitted.lineage?.runID, own == named, let run = table.runs[own] else {
            throw GatewayError(.forbidden, .notYourRun, "run \(named) is not the run of this device")
        }
        return run
    }

    mutating func attach(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let run = try ownRun(reader, caller)
        let isFirst = run.startedAtMs == nil
        // A worker of an attempt that was given up must not go on beside the next one.
        let attempt = try reader.integer("attempt", in: 0...1000) ?? Int64(run.launches)
        guard attempt == run.launches, table.attached(run.runID, nowMs: nowMs), let run = table.runs[run.runID] else {
            throw GatewayError(
                .invalidRequest, .runNotAttachable,
                attempt == run.launches
                    ? "run \(run.runID) is \(run.phase.name)" : "run \(run.runID) was given to another worker",
                details: JSONObject([("phase", .string(run.phase.name))]))
        }
        connections[request.connection]?.isWorker = true
        if !run.isExternal { renewLease(run.runID, nowMs: nowMs) }
        let answer: Effect =
            hasAttachments(run)
            ? .read(
                .transcript(sessionId: Self.attachmentRows(of: run), limit: SpawnAttachments.maxRows),
                StoreReading(request, .workOrder(runID: run.runID)))
            : reply(request, workOrder(run))
        // What begins has to be known to have begun: the disk may have refused it the first time.
        guard isFirst || owed.contains(.run(id: run.runID)) else { return [answer] }
        if isFirst { counts.attached(after: nowMs - run.acceptedAtMs) }
        return began(
            run, answering: [answer], failure: .request(request.connection, id: request.id),
            log: "attached run=\(run.runID) conn=\(caller.connID)", ids: [.connection: caller.connID], nowMs: nowMs)
    }

    /// A run begins: whoever does the work is told when that is durable.
    mutating func began(
        _ run: Run, answering: [Effect], failure: CommitFailure, log: String, ids: [LogLine.ID: String] = [:],
        nowMs: Int64
    ) -> [Effect] {
        let started = agentEvent(
            run, stream: "lifecycle", data: [("phase", "start"), ("startedAt", .integer(nowMs))], nowMs: nowMs)
        let ids = ids.merging([.run: run.runID, .session: run.sessionKey]) { own, _ in own }
        return [
            .commit(
                [.putRun(run.record)],
                then: answering + [started] + sessionsChanged(run.sessionKey, phase: "start", nowMs: nowMs),
                failure: failure),
            .log(LogLine(.info, "agent/sessions-spawn", log, ids: ids)),
        ]
    }

    func workOrder(_ run: Run) -> JSON {
        var order = JSONObject([
            ("runId", .string(run.runID)), ("sessionKey", .string(run.sessionKey)), ("agentId", .string(run.agentID)),
            ("task", .string(workTask(of: run))), ("runTimeoutSeconds", .integer(Int64(run.runTimeoutSeconds))),
            ("lease", lease(of: run)),
        ])
        guard let agent = settings.catalog[run.agentID] else { return .object(order) }
        let session = table.sessions[run.sessionKey]
        order["cwd"] = agent.workingDirectory.map { .string($0) }
        order["env"] = .object(JSONObject(agent.environment.sorted { $0.key < $1.key }.map { ($0, .string($1)) }))
        order["model"] = session?.overrides["model"]
        order["thinking"] = session?.overrides["thinkingLevel"]
        if agent.isolation != Isolation() { order["isolation"] = agent.isolation.json }
        if let acp = agent.acp, workRuntime(of: run) == .acp {
            var how = JSONObject([
                ("command", .array(acp.command.map { .string($0) })), ("permissionMode", .string(acp.permissionMode)),
            ])
            how["resumeSessionId"] = resumedConversation(of: run).map { .string($0.id) }
            order["acp"] = .object(how)
            order["serverVersion"] = .string(settings.serverVersion)
            if let directory = session?.acp?.workingDirectory ?? acp.workingDirectory {
                order["cwd"] = .string(directory)
            }
        } else if let exec = agent.exec {
            order["exec"] = .object(
                JSONObject([
                    ("command", .array(exec.command.map { .string($0) })), ("stdin", .string(exec.stdin.rawValue)),
                ]))
        }
        return .object(order)
    }

    mutating func output(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let run = try ownRun(reader, caller)
        guard let stream = OutputStream(rawValue: try reader.requiredString("stream")) else {
            throw reader.failure("stream", "must be \"stdout\" or \"stderr\"")
        }
        guard let text = try reader.string("text") else { throw reader.failure("text", "must be string") }
        guard text.utf8.count <= RunEnd.maxTextBytes else {
            throw reader.failure("text", "must NOT have more than \(RunEnd.maxTextBytes) bytes")
        }
        let seq = try reader.requiredInteger("seq", in: 1...(1 << 53))
        guard !run.phase.isEnded, seq > progress[run.runID]?.outputSeq ?? 0 else {
            return [reply(request, .object(JSONObject([("ok", true)])))]
        }
        progress[run.runID, default: RunProgress()].outputSeq = seq
        return [reply(request, .object(JSONObject([("ok", true)])))] + said(run, stream, text, nowMs: nowMs)
    }

    /// Output of a run: an `agent` event, and what chats see of it.
    mutating func said(_ run: Run, _ stream: OutputStream, _ text: String, nowMs: Int64) -> [Effect] {
        switch stream {
        case .stdout:
            var data: [(String, JSON)] = [("delta", .string(text))]
            if let whole = noteText(run.runID, text) { data.insert(("text", .string(whole)), at: 0) }
            return [agentEvent(run, stream: "assistant", data: data, nowMs: nowMs)]
                + chatDelta(run, text, nowMs: nowMs)
        case .stderr:
            return [
                agentEvent(
                    run, stream: "command_output", data: [("stream", "stderr"), ("delta", .string(text))],
                    nowMs: nowMs)
            ]
        }
    }

    /// - Returns: the whole text so far, while it is short enough to repeat.
    private mutating func noteText(_ runID: String, _ text: String) -> String? {
        var known = progress[runID] ?? RunProgress()
        defer { progress[runID] = known }
        guard known.isWhole, known.text.utf8.count + text.utf8.count <= RunProgress.maxWholeTextBytes else {
            known.isWhole = false
            known.text = ""
            return nil
        }
        known.text += text
        return known.text
    }

    mutating func agentEvent(_ run: Run, stream: String, data: [(String, JSON)], nowMs: Int64) -> Effect {
        agentEvent(run, stream: stream, data: JSONObject(data), nowMs: nowMs)
    }

    mutating func agentEvent(_ run: Run, stream: String, data: JSONObject, nowMs: Int64) -> Effect {
        progress[run.runID, default: RunProgress()].seq += 1
        var payload = JSONObject([
            ("runId", .string(run.runID)), ("seq", .integer(progress[run.runID]?.seq ?? 1)),
            ("stream", .string(stream)),
            ("ts", .integer(nowMs)), ("data", .object(data)), ("sessionKey", .string(run.sessionKey)),
            ("agentId", .string(run.agentID)),
        ])
        if !run.isTurn { payload["spawnedBy"] = .string(run.requesterKey) }
        noteStream(run, payload)
        return event(.agent, .object(payload), about: run.sessionKey)
    }

    mutating func complete(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let run = try ownRun(reader, caller)
        let statusName = try reader.requiredString("status")
        guard let status = RunEnd.Status(rawValue: statusName), status != .lost else {
            throw reader.failure("status", "must be ok, error, timeout or killed")
        }
        let text = try reader.string("text") ?? ""
        guard text.utf8.count <= RunEnd.maxTextBytes else {
            throw reader.failure("text", "must NOT have more than \(RunEnd.maxTextBytes) bytes")
        }
        let end = RunEnd(
            status: status,
            cause: try reader.nonEmptyString("cause").map { String($0.prefix(RunEnd.maxCauseCharacters)) },
            exitCode: try reader.integer("exitCode", in: 0...255).map(Int.init), text: text,
            totalBytes: Int(try reader.integer("totalBytes", in: 0...(1 << 53)) ?? Int64(text.utf8.count)),
            endedAtMs: nowMs)
        let answer = reply(request, .object(JSONObject([("ok", true)])))
        // Behind the commit of the end, should that still be under way.
        let failure = CommitFailure.end(request.connection, id: request.id, runID: run.runID)
        if let known = run.end {
            let operations = unsavedEnds.remove(run.runID) == nil ? [] : unsavedEnd(of: run, known)
            return [.commit(operations, then: [answer], failure: failure)]
        }
        return finish(
            run.runID, end, nowMs: nowMs, answering: [answer], keepingOpen: request.connection, failure: failure)
    }
}
