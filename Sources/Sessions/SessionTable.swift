/// Sessions and their runs as a state machine: events go in with their time, what became of them comes out.
///
/// A run goes queued → launching → running → ended; it ends exactly once, whatever else arrives later.
package struct SessionTable: Sendable {
    /// A worker that has not attached in time is replaced once.
    package static let maxLaunchAttempts = 2
    /// Ended runs stay this long after their session is gone; `agent.wait` finds older ones in the store.
    package static let endedRunRetentionMs: Int64 = 3_600_000
    /// Ended turns stay for repeats of their request this long, and not more of them than that.
    package static let endedTurnRetentionMs: Int64 = 600_000
    package static let maxEndedTurns = 1000

    package private(set) var sessions: [String: Session] = [:]
    package private(set) var runs: [String: Run] = [:]
    private var runsByRequester: [String: [String]] = [:]
    /// Turns that have not ended, in the order in which they came. One at a time runs.
    private var lanes: [String: [String]] = [:]
    private var latestRun: [String: String] = [:]
    private var childrenByParent: [String: Set<String>] = [:]
    private var unended: Set<String> = []

    package init() {}

    // MARK: - Reading

    /// The run that a session was spawned for.
    package func run(ofSession key: String) -> Run? { latestRun[key].flatMap { runs[$0] } }

    package var unendedRuns: [Run] { unended.sorted().compactMap { runs[$0] } }

    package func activeChildren(of key: String) -> [Run] {
        (runsByRequester[key] ?? []).compactMap { runs[$0] }.filter { !$0.phase.isEnded }
    }

    package func children(of key: String) -> [String] {
        (childrenByParent[key] ?? []).sorted()
    }

    /// Runs below a session, at any depth, parents first.
    package func runsBelow(_ key: String) -> [Run] {
        var found: [Run] = []
        var queue = [key]
        var seen: Set<String> = [key]
        var next = 0
        while next < queue.count {
            for run in activeChildren(of: queue[next]) where seen.insert(run.sessionKey).inserted {
                found.append(run)
                queue.append(run.sessionKey)
            }
            next += 1
        }
        return found
    }

    // MARK: - Changing

    package mutating func insert(_ session: Session) {
        sessions[session.key] = session
        if let parent = session.parentKey { childrenByParent[parent, default: []].insert(session.key) }
    }

    /// Whether `ancestor` is the session itself or above it.
    package func isSession(_ key: String, atOrBelow ancestor: String) -> Bool {
        lineage(of: key).contains(ancestor)
    }

    /// A session and those above it, up to the one that nobody spawned.
    package func lineage(of key: String) -> [String] {
        var keys = [key]
        // Chains are bounded by the spawn depth; the bound guards against a damaged store.
        while keys.count < 128, let parent = sessions[keys[keys.count - 1]]?.parentKey { keys.append(parent) }
        return keys
    }

    package mutating func touch(_ key: String, nowMs: Int64) { sessions[key]?.updatedAtMs = nowMs }

    package mutating func removeSession(_ key: String) -> Session? {
        latestRun[key] = nil
        let session = sessions.removeValue(forKey: key)
        if let parent = session?.parentKey {
            childrenByParent[parent]?.remove(key)
            if childrenByParent[parent]?.isEmpty == true { childrenByParent[parent] = nil }
        }
        return session
    }

    package mutating func insert(_ run: Run) {
        runs[run.runID] = run
        if run.isTurn {
            guard !run.phase.isEnded else { return }
            unended.insert(run.runID)
            lanes[run.sessionKey, default: []].append(run.runID)
            return
        }
        latestRun[run.sessionKey] = run.runID
        guard !run.phase.isEnded else { return }
        unended.insert(run.runID)
        runsByRequester[run.requesterKey, default: []].append(run.runID)
    }

    /// Takes back a run that could not be made durable.
    package mutating func withdraw(_ runID: String) {
        guard let run = runs.removeValue(forKey: runID) else { return }
        dequeue(run)
        if !run.isTurn { _ = removeSession(run.sessionKey) }
    }

    /// Gives free places of a controlling session to its queued runs, oldest first.
    /// - Returns: the runs to launch now.
    package mutating func promote(requesterKey: String, maxConcurrent: Int, nowMs: Int64) -> [Run] {
        let active = activeChildren(of: requesterKey)
        var free = maxConcurrent - active.count { $0.phase != .queued }
        var promoted: [Run] = []
        for var run in active where free > 0 && run.phase == .queued {
            run.phase = .launching(attempt: 1, deadlineMs: nowMs + run.spawnTimeoutMs)
            runs[run.runID] = run
            promoted.append(run)
            free -= 1
        }
        return promoted
    }

    /// The turns of a session that have not ended, in their order.
    package func turns(of key: String) -> [Run] {
        (lanes[key] ?? []).compactMap { runs[$0] }
    }

    /// All that a session has to do, in the order in which it can be ended: what waits first, or its turn would come.
    package func unendedRuns(of key: String) -> [Run] {
        var runs = turns(of: key)
        if let spawn = run(ofSession: key), !spawn.phase.isEnded { runs.append(spawn) }
        return runs.filter { $0.phase == .queued } + runs.filter { $0.phase != .queued }
    }

    /// The turn that a session is at.
    package func activeTurn(of key: String) -> Run? {
        turns(of: key).first { $0.phase != .queued }
    }

    /// Sessions in which a turn is under way or waits.
    package var busySessions: [String] { lanes.keys.sorted() }

    /// Lets the next turn of a session begin, if none is under way.
    package mutating func promoteTurn(of key: String, nowMs: Int64) -> Run? {
        guard activeTurn(of: key) == nil, var run = turns(of: key).first else { return nil }
        run.phase = .launching(attempt: 1, deadlineMs: nowMs + run.spawnTimeoutMs)
        runs[run.runID] = run
        return run
    }

    package mutating func update(_ key: String, _ body: (inout Session) -> Void) {
        guard var session = sessions[key] else { return }
        sessions[key] = nil
        body(&session)
        sessions[key] = session
    }

    /// The worker has shown itself. Attaching again (a reconnect) changes nothing.
    /// - Returns: false when the run is not waiting for a worker.
    package mutating func attached(_ runID: String, nowMs: Int64) -> Bool {
        guard var run = runs[runID] else { return false }
        switch run.phase {
        case .launching:
            // A worker that comes back after a restart of the gateway goes on with the time its run had.
            let startedAtMs = run.startedAtMs ?? nowMs
            run.phase = .running(
                deadlineMs: run.runTimeoutSeconds > 0 ? startedAtMs + Int64(run.runTimeoutSeconds) * 1000 : nil)
            run.startedAtMs = startedAtMs
            runs[runID] = run
            touch(run.sessionKey, nowMs: nowMs)
            return true
        case .running:
            return true
        case .queued, .ended:
            return false
        }
    }

    /// The worker that a run had is lost, and the run is started anew.
    package mutating func restarted(_ runID: String, nowMs: Int64) -> Run? {
        guard var run = runs[runID], case .running = run.phase else { return nil }
        run.restarts += 1
        run.startedAtMs = nil
        run.phase = .launching(attempt: 1, deadlineMs: nowMs + run.spawnTimeoutMs)
        runs[runID] = run
        return run
    }

    /// A run that is to be launched on another host waits for a place there, however long that takes.
    package mutating func waitForPlace(_ runID: String) {
        guard var run = runs[runID], case .launching(let attempt, _) = run.phase else { return }
        run.phase = .launching(attempt: attempt, deadlineMs: .max)
        // Whoever was started for it before has no say any more.
        run.launches += 1
        runs[runID] = run
    }

    /// A worker is about to be started for the run.
    package mutating func launched(_ runID: String) -> Run? {
        runs[runID]?.launches += 1
        return runs[runID]
    }

    /// Somebody has a place for the run, and its launch begins.
    package mutating func placed(_ runID: String, nowMs: Int64) -> Run? {
        guard var run = runs[runID], case .launching(let attempt, _) = run.phase else { return nil }
        run.phase = .launching(attempt: attempt, deadlineMs: nowMs + run.spawnTimeoutMs)
        runs[runID] = run
        return run
    }

    /// What to do when a worker process is gone or its time to attach is over.
    package enum LaunchFailure: Equatable, Sendable {
        case relaunch(Run)
        case giveUp
    }

    package mutating func launchFailed(_ runID: String, nowMs: Int64) -> LaunchFailure {
        guard var run = runs[runID], case .launching(let attempt, _) = run.phase, attempt < Self.maxLaunchAttempts
        else {
            return .giveUp
        }
        run.phase = .launching(attempt: attempt + 1, deadlineMs: nowMs + run.spawnTimeoutMs)
        runs[runID] = run
        return .relaunch(run)
    }

    /// - Returns: the run as it ended; nil when it had ended before.
    package mutating func end(_ runID: String, _ end: RunEnd) -> Run? {
        guard var run = runs[runID], !run.phase.isEnded else { return nil }
        run.phase = .ended(end)
        runs[runID] = run
        dequeue(run)
        touch(run.sessionKey, nowMs: end.endedAtMs)
        sessions[run.sessionKey]?.abortedLastRun = end.status == .killed
        sessions[run.sessionKey]?.outcome = Session.Outcome(
            runID: runID, status: end.status, exitCode: end.exitCode, startedAtMs: run.startedAtMs ?? run.acceptedAtMs,
            endedAtMs: end.endedAtMs)
        return run
    }

    /// The store has a run as it ended: what may be long of it is read there when somebody asks.
    package mutating func wasStored(_ runID: String) {
        if let run = runs[runID], run.phase.isEnded { runs[runID] = run.stored }
    }

    private mutating func dequeue(_ run: Run) {
        unended.remove(run.runID)
        if run.isTurn {
            lanes[run.sessionKey]?.removeAll { $0 == run.runID }
            if lanes[run.sessionKey]?.isEmpty == true { lanes[run.sessionKey] = nil }
            return
        }
        runsByRequester[run.requesterKey]?.removeAll { $0 == run.runID }
        if runsByRequester[run.requesterKey]?.isEmpty == true { runsByRequester[run.requesterKey] = nil }
    }

    // MARK: - Time

    /// Runs whose deadline has come, with what it was a deadline for.
    package func overdue(nowMs: Int64) -> (launches: [Run], runs: [Run]) {
        var late: (launches: [Run], runs: [Run]) = ([], [])
        for run in unendedRuns {
            switch run.phase {
            case .launching(_, let deadlineMs) where deadlineMs <= nowMs: late.launches.append(run)
            case .running(.some(let deadlineMs)) where deadlineMs <= nowMs: late.runs.append(run)
            default: break
            }
        }
        return late
    }

    /// Spawned sessions that have been done for longer than their agent's `archiveAfterMinutes`.
    package func archivable(nowMs: Int64, afterMinutes: (String) -> Int) -> [String] {
        sessions.values.filter { session in
            guard session.kind == .spawned, let outcome = session.outcome,
                run(ofSession: session.key)?.phase.isEnded ?? true, lanes[session.key] == nil
            else { return false }
            let minutes = afterMinutes(session.agentID)
            return minutes > 0 && nowMs >= outcome.endedAtMs + Int64(minutes) * 60_000
        }.map(\.key).sorted()
    }

    /// Drops ended runs that are old and whose session is gone.
    package mutating func forgetOldRuns(nowMs: Int64) {
        for run in runs.values where !run.isTurn && sessions[run.sessionKey] == nil {
            if let end = run.end, nowMs >= end.endedAtMs + Self.endedRunRetentionMs { runs[run.runID] = nil }
        }
        let turns = runs.values.filter { $0.isTurn && $0.phase.isEnded }
            .map { (id: $0.runID, endedAtMs: $0.end?.endedAtMs ?? 0) }.sorted { $0.endedAtMs > $1.endedAtMs }
        for (index, turn) in turns.enumerated()
        where index >= Self.maxEndedTurns || nowMs >= turn.endedAtMs + Self.endedTurnRetentionMs {
            runs[turn.id] = nil
        }
    }
}
