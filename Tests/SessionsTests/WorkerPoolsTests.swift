import Sessions
import Testing

@Suite("Pools of workers: event, expected")
struct WorkerPoolsTests {
    enum Event: Sendable {
        case attach(String, capacity: Int)
        case drain(String, Bool)
        case gone(String)
        case wait(String)
        case place
        case end(String)
    }

    struct Sequence: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let steps: [(Event, String)]
    }

    /// What is left to do, as text: who got the run, who waits and why.
    static func apply(_ event: Event, to pools: inout WorkerPools) -> String {
        switch event {
        case .attach(let id, let capacity):
            pools.attach(PoolWorker(id: id, pool: "gpu", capacity: capacity, atMs: 0))
            return "\(pools.workers[id]?.free ?? 0) free"
        case .drain(let id, let isDraining):
            pools.drain(id, isDraining)
            return pools.workers[id]?.state.rawValue ?? "unknown"
        case .gone(let id):
            pools.disconnected(id, nowMs: 0)
            return pools.workers[id]?.state.rawValue ?? "unknown"
        case .wait(let run):
            pools.enqueue(run, pool: "gpu", timeoutMs: 100)
            return pools.reason(run) ?? "placed"
        case .place:
            guard let (run, worker) = pools.place(in: "gpu") else { return "nobody" }
            return "\(run) to \(worker)"
        case .end(let run):
            let pool = pools.remove(run, hasEnded: true)
            return "\(pool ?? "none"), waiting \(pools.waiting(in: "gpu"))"
        }
    }

    static let sequences = [
        Sequence(
            testDescription: "the oldest run goes to the worker with the most free places",
            steps: [
                (.attach("a", capacity: 1), "1 free"), (.attach("b", capacity: 2), "2 free"),
                (.wait("1"), "all 3 places of pool gpu are taken (0 runs wait before it)"),
                (.wait("2"), "all 3 places of pool gpu are taken (1 runs wait before it)"),
                (.wait("3"), "all 3 places of pool gpu are taken (2 runs wait before it)"),
                (.wait("4"), "all 3 places of pool gpu are taken (3 runs wait before it)"),
                (.place, "1 to b"), (.place, "2 to a"), (.place, "3 to b"), (.place, "nobody"),
                (.end("2"), "gpu, waiting [\"4\"]"), (.place, "4 to a"), (.place, "nobody"),
            ]),
        Sequence(
            testDescription: "an empty pool keeps what comes, and says why",
            steps: [
                (.wait("1"), "pool gpu has no worker"), (.place, "nobody"), (.attach("a", capacity: 1), "1 free"),
                (.place, "1 to a"),
            ]),
        Sequence(
            testDescription: "who drains or is away gets nothing",
            steps: [
                (.attach("a", capacity: 9), "9 free"), (.drain("a", true), "draining"),
                (.wait("1"), "all 1 workers of pool gpu are draining"), (.place, "nobody"),
                (.drain("a", false), "ready"), (.gone("a"), "away"), (.place, "nobody"),
                (.attach("a", capacity: 9), "9 free"), (.place, "1 to a"),
            ]),
        Sequence(
            testDescription: "a run that comes again goes to somebody else, if there is anybody",
            steps: [
                (.attach("a", capacity: 9), "9 free"), (.attach("b", capacity: 1), "1 free"),
                (.wait("1"), "all 10 places of pool gpu are taken (0 runs wait before it)"), (.place, "1 to a"),
                (.wait("1"), "all 10 places of pool gpu are taken (0 runs wait before it)"), (.place, "1 to b"),
                (.gone("a"), "away"), (.wait("1"), "all 1 places of pool gpu are taken (0 runs wait before it)"),
                (.place, "1 to b"),
            ]),
        Sequence(
            testDescription: "a worker that comes back has what it had",
            steps: [
                (.attach("a", capacity: 2), "2 free"),
                (.wait("1"), "all 2 places of pool gpu are taken (0 runs wait before it)"), (.place, "1 to a"),
                (.gone("a"), "away"), (.attach("a", capacity: 2), "1 free"), (.end("1"), "gpu, waiting []"),
                (.end("1"), "none, waiting []"),
            ]),
    ]

    @Test("sequences", arguments: sequences)
    func sequence(_ sequence: Sequence) {
        var pools = WorkerPools()
        for (index, (event, expected)) in sequence.steps.enumerated() {
            #expect(Self.apply(event, to: &pools) == expected, "step \(index): \(event)")
        }
    }

    @Test("an empty pool is waited for as long as a launch may take, a full one without an end")
    func overdue() {
        var pools = WorkerPools()
        pools.enqueue("1", pool: "gpu", timeoutMs: 100)
        #expect(pools.overdue(nowMs: 1000) == [])
        #expect(pools.overdue(nowMs: 1099) == [])
        pools.attach(PoolWorker(id: "a", pool: "gpu", capacity: 0, atMs: 0))
        #expect(pools.overdue(nowMs: 1100) == [])
        #expect(pools.overdue(nowMs: 9_999_999) == [])
        pools.disconnected("a", nowMs: 0)
        #expect(pools.overdue(nowMs: 10_000_000) == [], "the time begins anew")
        #expect(pools.overdue(nowMs: 10_000_100) == ["1"])
    }

    @Test("who has been away for an hour is forgotten, unless something may still run there")
    func forgotten() {
        var pools = WorkerPools()
        pools.attach(PoolWorker(id: "a", pool: "gpu", capacity: 1, atMs: 0))
        pools.attach(PoolWorker(id: "b", pool: "gpu", capacity: 1, atMs: 0))
        pools.enqueue("1", pool: "gpu", timeoutMs: 100)
        #expect(pools.place(in: "gpu")?.workerID == "a")
        for id in ["a", "b"] { pools.disconnected(id, nowMs: 0) }
        pools.forget(nowMs: WorkerPools.rememberedMs - 1)
        #expect(pools.workers.keys.sorted() == ["a", "b"])
        pools.forget(nowMs: WorkerPools.rememberedMs)
        #expect(pools.workers.keys.sorted() == ["a"])
        pools.remove("1")
        pools.forget(nowMs: WorkerPools.rememberedMs)
        #expect(pools.workers.isEmpty)
    }
}
