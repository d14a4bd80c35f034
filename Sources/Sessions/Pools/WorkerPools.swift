/// Pools of workers elsewhere: who is there, who has which run, and what waits for a place. A value.
///
/// Runs wait in the order in which they came, and go to the worker with the most free places. A pool without anybody who
/// takes runs is waited for as long as a launch may take; one whose places are all taken, without an end.
package struct WorkerPools: Sendable {
    package struct Waiting: Equatable, Sendable {
        package let runID: String
        /// How long an empty pool is waited for.
        package let timeoutMs: Int64
        /// Set while the pool is empty.
        package var deadlineMs: Int64?
        /// The worker that had it before, and is not the first choice.
        package let avoiding: String?
    }

    package private(set) var workers: [String: PoolWorker] = [:]
    private var waiting: [String: [Waiting]] = [:]
    private var poolByRun: [String: String] = [:]
    private var workerByRun: [String: String] = [:]

    package init() {}

    /// Who is forgotten: a worker that has been away this long, and has nothing.
    package static let rememberedMs: Int64 = 3_600_000

    // MARK: - Reading

    package func worker(of runID: String) -> PoolWorker? { workerByRun[runID].flatMap { workers[$0] } }
    /// Whether a run waits here, or has a place.
    package func has(_ runID: String) -> Bool { poolByRun[runID] != nil }
    package func members(of pool: String) -> [PoolWorker] {
        workers.values.filter { $0.pool == pool }.sorted { $0.id < $1.id }
    }
    package func waiting(in pool: String) -> [String] { (waiting[pool] ?? []).map(\.runID) }
    package var names: [String] { Set(workers.values.map(\.pool) + Array(waiting.keys)).sorted() }

    /// Why a run waits, in a sentence; nil when it does not.
    package func reason(_ runID: String) -> String? {
        guard let pool = poolByRun[runID], let position = waiting[pool]?.firstIndex(where: { $0.runID == runID }) else {
            return nil
        }
        let present = members(of: pool).filter(\.isConnected)
        let ready = present.filter { !$0.isDraining }
        if present.isEmpty { return "pool \(pool) has no worker" }
        if ready.isEmpty { return "all \(present.count) workers of pool \(pool) are draining" }
        let capacity = ready.reduce(0) { $0 + $1.capacity }
        return "all \(capacity) places of pool \(pool) are taken (\(position) runs wait before it)"
    }

    // MARK: - Workers

    /// A worker is there, for the first time or again.
    package mutating func attach(_ worker: PoolWorker) {
        var worker = worker
        if let known = workers[worker.id] {
            worker.runs = known.runs
            worker.ended = known.ended
            worker.lost = known.lost
        }
        workers[worker.id] = worker
    }

    package mutating func seen(_ id: String, nowMs: Int64) { workers[id]?.lastSeenMs = nowMs }
    package mutating func drain(_ id: String, _ isDraining: Bool) { workers[id]?.isDraining = isDraining }
    package mutating func disconnected(_ id: String, nowMs: Int64) {
        workers[id]?.isConnected = false
        workers[id]?.lastSeenMs = nowMs
    }
    package mutating func noteLost(_ runID: String) {
        if let id = workerByRun[runID] { workers[id]?.lost += 1 }
    }

    /// Connected workers that have said nothing since.
    package func silent(sinceMs: Int64) -> [String] {
        workers.values.filter { $0.isConnected && $0.lastSeenMs < sinceMs }.map(\.id).sorted()
    }

    package mutating func forget(nowMs: Int64) {
        workers = workers.filter { _, worker in
            worker.isConnected || !worker.runs.isEmpty || nowMs < worker.lastSeenMs + Self.rememberedMs
        }
    }

    // MARK: - Runs

    /// A run wants a place; one that had a place has lost it.
    package mutating func enqueue(_ runID: String, pool: String, timeoutMs: Int64) {
        let before = workerByRun[runID]
        remove(runID)
        poolByRun[runID] = pool
        waiting[pool, default: []].append(
            Waiting(runID: runID, timeoutMs: timeoutMs, deadlineMs: nil, avoiding: before))
    }

    /// Gives the oldest run that waits to the worker with the most free places.
    /// - Returns: nil when nothing waits, or nobody has a place.
    package mutating func place(in pool: String) -> (runID: String, workerID: String)? {
        guard let next = waiting[pool]?.first else { return nil }
        let ready = members(of: pool).filter { $0.state == .ready && $0.free > 0 }
        let others = ready.filter { $0.id != next.avoiding }
        guard let worker = (others.isEmpty ? ready : others).max(by: { ($0.free, $1.id) < ($1.free, $0.id) }) else {
            return nil
        }
        waiting[pool]?.removeFirst()
        if waiting[pool]?.isEmpty == true { waiting[pool] = nil }
        give(next.runID, to: worker.id)
        return (next.runID, worker.id)
    }

    /// A worker has a run: it was just placed, or a restart finds it there.
    package mutating func restore(_ runID: String, on worker: PoolWorker) {
        if workers[worker.id] == nil { workers[worker.id] = worker }
        poolByRun[runID] = worker.pool
        give(runID, to: worker.id)
    }

    private mutating func give(_ runID: String, to workerID: String) {
        workerByRun[runID] = workerID
        workers[workerID]?.runs.insert(runID)
    }

    /// A run is over, or goes elsewhere.
    /// - Returns: the pool in which a place may be free now.
    @discardableResult
    package mutating func remove(_ runID: String, hasEnded: Bool = false) -> String? {
        guard let pool = poolByRun.removeValue(forKey: runID) else { return nil }
        waiting[pool]?.removeAll { $0.runID == runID }
        if waiting[pool]?.isEmpty == true { waiting[pool] = nil }
        if let worker = workerByRun.removeValue(forKey: runID) {
            workers[worker]?.runs.remove(runID)
            if hasEnded { workers[worker]?.ended += 1 }
        }
        return pool
    }

    /// Runs that have waited too long for a pool in which nobody takes runs.
    package mutating func overdue(nowMs: Int64) -> [String] {
        var late: [String] = []
        for (pool, runs) in waiting {
            let isEmpty = !workers.values.contains { $0.pool == pool && $0.state == .ready }
            for (index, run) in runs.enumerated() {
                guard isEmpty else {
                    waiting[pool]?[index].deadlineMs = nil
                    continue
                }
                let deadlineMs = run.deadlineMs ?? nowMs + run.timeoutMs
                waiting[pool]?[index].deadlineMs = deadlineMs
                if deadlineMs <= nowMs { late.append(run.runID) }
            }
        }
        return late.sorted()
    }
}
