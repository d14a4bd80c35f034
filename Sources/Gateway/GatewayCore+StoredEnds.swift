internal import JSON
internal import Sessions
internal import Store
internal import Wire

/// Runs that ended before somebody asks how: what may be long of an end is read from the store.
extension GatewayCore {
    /// Answers one who would have waited for the end. A spawned run's result has arrived with it.
    mutating func tell(_ waiter: RunWaiter, of run: Run, _ end: RunEnd, nowMs: Int64) -> [Effect] {
        if run.isStored {
            return [.read(.results(runIds: [run.runID]), StoreReading(.end(of: run, waiter)))]
        }
        let answer = Effect.respond(waiter.connection, answer(waiter, run, end))
        return [answer] + (run.isTurn ? [] : acknowledge(run.runID, nowMs: nowMs))
    }

    mutating func endWasRead(
        of run: Run, for waiter: RunWaiter, _ result: Result<StoreAnswer, StoreError>, nowMs: Int64
    ) -> [Effect] {
        switch result {
        case .failure(let error): return [.respond(waiter.connection, Self.unreadable(waiter.requestID, error))]
        case .success(let answer):
            guard let end = run.end else { return [] }
            let whole = run.whole(end, answer.results[run.runID])
            let effect = Effect.respond(waiter.connection, self.answer(waiter, run, whole))
            return [effect] + (run.isTurn ? [] : acknowledge(run.runID, nowMs: nowMs))
        }
    }

    /// Somebody asked for a run that ended longer ago than memory goes back.
    mutating func forgottenRunWasRead(
        _ record: RunRecord?, for request: GatewayRequest, nowMs: Int64
    ) -> [Effect] {
        guard let caller = connections[request.connection] else { return [] }
        guard let record, let run = table.runs[record.runId] ?? endedRun(record), let end = run.end,
            isVisible(run, to: caller)
        else {
            let runID = record?.runId ?? request.params?["runId"]?.string ?? ""
            return [.respond(request.connection, Frames.failure(id: request.id, Self.unknown(runID)))]
        }
        let waiter = RunWaiter(connection: request.connection, requestID: request.id, deadlineMs: nowMs)
        return tell(waiter, of: run, end, nowMs: nowMs)
    }

    private func endedRun(_ record: RunRecord) -> Run? {
        record.endedAtMs.map { Run(record, phase: .ended(RunEnd(record, endedAtMs: $0))).stored }
    }

    func endsWereRead(for group: RunGroup, _ result: Result<StoreAnswer, StoreError>) -> Effect {
        switch result {
        case .failure(let error): .respond(group.connection, Self.unreadable(group.requestID, error))
        case .success(let answer): self.answer(group, answer.results)
        }
    }

    static func unreadable(_ requestID: [UInt8], _ error: StoreError) -> [UInt8] {
        Frames.failure(
            id: requestID,
            GatewayError(
                .unavailable, .storeUnavailable, "the gateway's store cannot be read: \(error)", retryable: true))
    }
}

extension Run {
    /// Its end as it was handed in.
    /// - Parameter result: what the store has of it. It keeps a result for a day after somebody took it.
    func whole(_ end: RunEnd, _ result: ResultRecord?) -> RunEnd {
        guard isStored else { return end }
        guard let result else {
            var end = end
            end.isTextGone = true
            return end
        }
        return RunEnd(
            status: end.status, cause: end.cause, exitCode: end.exitCode, text: result.text,
            totalBytes: Int(result.totalBytes), endedAtMs: end.endedAtMs)
    }
}

extension RunEnd {
    /// Without its text.
    init(_ record: RunRecord, endedAtMs: Int64) {
        self.init(
            status: Status(rawValue: record.status.rawValue) ?? .lost, cause: record.cause,
            exitCode: record.exitCode.map(Int.init), text: "", totalBytes: 0, endedAtMs: endedAtMs)
    }
}

extension StoreOperation {
    /// The run whose end it makes durable.
    var endedRun: String? {
        if case .putResult(let record, _) = self { record.runId } else { nil }
    }
}

extension StoreAnswer {
    /// By their runs.
    fileprivate var results: [String: ResultRecord] {
        guard case .results(let found) = self else { return [:] }
        return Dictionary(found.map { ($0.runId, $0) }, uniquingKeysWith: { _, last in last })
    }
}
