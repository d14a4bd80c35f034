internal import Sessions
internal import Store
internal import Wire

/// Runs that ended before somebody asks how: what may be long of an end is read from the store.
extension GatewayCore {
    /// Answers one who would have waited for the end. A spawned run's result has arrived with it.
    mutating func tell(_ waiter: RunWaiter, of run: Run, _ end: RunEnd, nowMs: Int64) -> [Effect] {
        if run.isStored {
            return [.read(.results(runIds: [run.runID]), StoreReading(.end(of: run.runID, waiter)))]
        }
        let answer = Effect.respond(waiter.connection, answer(waiter, run, end))
        return [answer] + (run.isTurn ? [] : acknowledge(run.runID, nowMs: nowMs))
    }

    mutating func endWasRead(
        of runID: String, for waiter: RunWaiter, _ result: Result<StoreAnswer, StoreError>, nowMs: Int64
    ) -> [Effect] {
        switch result {
        case .failure(let error): return [.respond(waiter.connection, Self.unreadable(waiter.requestID, error))]
        case .success(let answer):
            guard let run = table.runs[runID], let end = run.end else {
                let error = GatewayError(.invalidRequest, .runNotFound, "unknown runId: \(runID)")
                return [.respond(waiter.connection, Frames.failure(id: waiter.requestID, error))]
            }
            let whole = run.whole(end, answer.results[runID])
            let effect = Effect.respond(waiter.connection, self.answer(waiter, run, whole))
            return [effect] + (run.isTurn ? [] : acknowledge(runID, nowMs: nowMs))
        }
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
        guard isStored, let result else { return end }
        return RunEnd(
            status: end.status, cause: end.cause, exitCode: end.exitCode, text: result.text,
            totalBytes: Int(result.totalBytes), endedAtMs: end.endedAtMs)
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
