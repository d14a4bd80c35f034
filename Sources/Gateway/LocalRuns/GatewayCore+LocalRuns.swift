internal import JSON
package import Sessions
internal import Store
internal import Wire

/// Runs of `runtime: "local"`: a command under the gateway itself, told of by the shell in place of a worker's requests.
///
/// It begins when that is durable, ends with one commit, and does not outlive the gateway.
extension GatewayCore {
    func isLocal(_ run: Run) -> Bool { !run.isExternal && workRuntime(of: run) == .local }

    mutating func launchLocally(_ run: Run, _ operations: inout [StoreOperation]) -> [Effect] {
        guard let run = table.launched(run.runID) else { return [] }
        operations.append(.putRun(run.record))
        let order = LocalOrder(
            runID: run.runID, sessionKey: run.sessionKey, attempt: run.launches,
            isolation: settings.catalog[run.agentID]?.isolation ?? Isolation(), work: workOrder(run))
        guard hasAttachments(run) else { return [.launchLocally(order)] }
        return [
            .read(
                .transcript(sessionId: Self.attachmentRows(of: run), limit: SpawnAttachments.maxRows),
                StoreReading(.localWork(order)))
        ]
    }

    /// The files of a run that is about to begin were read.
    func localWorkRead(_ order: LocalOrder, _ page: TranscriptPage) -> [Effect] {
        guard let run = table.runs[order.runID], !run.phase.isEnded, run.launches == order.attempt else { return [] }
        var order = order
        order.work = workOrder(run.runID, with: page)
        return [.launchLocally(order)]
    }

    /// What is to run the command is there, and waits to be told that it may.
    package mutating func localReady(runID: String, attempt: Int, nowMs: Int64) -> [Effect] {
        guard let known = table.runs[runID], known.launches == attempt, known.startedAtMs == nil,
            table.attached(runID, nowMs: nowMs), let run = table.runs[runID]
        else { return [.stopWorker(runID: runID)] }
        counts.attached(after: nowMs - run.acceptedAtMs)
        return began(
            run, answering: [.beginLocal(runID: runID, attempt: attempt)], failure: .localBegin(runID: runID),
            log: "began run=\(runID) locally", nowMs: nowMs)
    }

    package mutating func localOutput(
        runID: String, attempt: Int, stream: OutputStream, text: String, nowMs: Int64
    ) -> [Effect] {
        guard let run = runningLocally(runID, attempt) else { return [] }
        return said(run, stream, text, nowMs: nowMs)
    }

    package mutating func localEnded(runID: String, attempt: Int, _ end: RunEnd) -> [Effect] {
        guard runningLocally(runID, attempt) != nil else { return [] }
        return finish(runID, end, nowMs: end.endedAtMs, failure: .localEnd(runID: runID))
    }

    private func runningLocally(_ runID: String, _ attempt: Int) -> Run? {
        guard let run = table.runs[runID], run.launches == attempt, case .running = run.phase else { return nil }
        return run
    }

    /// It was not made durable that a run begins: so it does not.
    mutating func localNotBegun(_ runID: String, why: String, nowMs: Int64) -> [Effect] {
        let end = RunEnd(
            status: .error, cause: "that it begins could not be stored: \(why)", exitCode: nil, text: "",
            totalBytes: 0, endedAtMs: nowMs)
        return finish(runID, end, nowMs: nowMs) + stopWorker(runID, reason: "it could not be stored")
    }

    /// After a start of the gateway: what had begun has ended with the gateway before, and what had not is begun.
    mutating func restoreLocalRuns(nowMs: Int64, _ operations: inout [StoreOperation]) -> [Effect] {
        var effects: [Effect] = []
        for run in table.unendedRuns where isLocal(run) {
            switch run.phase {
            case .running:
                effects += workerLost(
                    run, cause: "the gateway was started anew, which a local run does not outlive", nowMs: nowMs)
            case .launching:
                effects += [.stopWorker(runID: run.runID)] + launchLocally(run, &operations)
            case .queued, .ended: continue
            }
        }
        return effects
    }
}
