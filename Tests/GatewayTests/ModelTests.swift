import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same walk everywhere.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite("Random walks through the core")
struct ModelTests {
    @Test("whatever happens in whatever order, the invariants hold", arguments: [1, 2, 3, 4] as [UInt64])
    func walk(_ seed: UInt64) throws {
        var walk = try Walk(seed: seed)
        for step in 0..<1500 {
            try walk.step()
            let broken = walk.brokenInvariants()
            #expect(broken.isEmpty, "seed \(seed), step \(step), after \(walk.lastEvent): \(broken)")
            if !broken.isEmpty { return }
        }
        #expect(walk.terminals.count > 50, "the walk ended \(walk.terminals.count) runs")
    }
}

/// One walk and what it has seen.
private struct Walk {
    private let gateway: TestGateway
    private var random: SplitMix64
    private let maxConcurrent = 2
    private var owners: [ConnectionID] = []
    private var workers: [ConnectionID: String] = [:]
    private var orders: [String: LaunchOrder] = [:]
    private var accepted: Set<String> = []
    /// Requests of `agent.wait` that were not answered at once.
    private var waiting: [String: ConnectionID] = [:]
    private var outputSeq: [String: Int64] = [:]
    private(set) var terminals: [String: Int] = [:]
    private(set) var lastEvent = ""
    private var problems: [String] = []

    init(seed: UInt64) throws {
        random = SplitMix64(seed: seed)
        let maxConcurrent = maxConcurrent
        gateway = try TestGateway(limits: {
            $0.maxConcurrent = maxConcurrent
            $0.maxChildrenPerAgent = 4
            $0.maxSpawnDepth = 3
            $0.archiveAfterMinutes = 1
        })
        owners = [gateway.connect(.owner())]
    }

    mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<4: event("connect") { $0.connectOwner() }
        case 4..<7: event("disconnect") { $0.disconnectSomebody() }
        case 7..<27: event("spawn") { $0.spawn() }
        case 27..<47: event("attach") { $0.attach() }
        case 47..<57: event("output") { $0.output() }
        case 57..<67: event("complete") { $0.complete() }
        case 67..<73: event("abort") { $0.abort() }
        case 73..<83: event("wait") { $0.wait() }
        case 83..<87: event("worker exit") { $0.workerExit() }
        case 87..<88: event("failing spawn") { $0.failingSpawn() }
        case 88..<89: event("stranger") { $0.stranger() }
        case 89..<91: event("held commits") { $0.heldCommits() }
        default: event("time") { $0.time() }
        }
    }

    private mutating func event(_ name: String, _ body: (inout Walk) -> Void) {
        lastEvent = name
        body(&self)
        digest()
    }

    // MARK: - Events

    private mutating func connectOwner() {
        guard owners.count < 5 else { return }
        owners.append(gateway.connect(.owner()))
    }

    private mutating func disconnectSomebody() {
        guard let id = gateway.open.sorted(by: { $0.serial < $1.serial }).randomElement(using: &random) else { return }
        gateway.disconnect(id)
    }

    private mutating func anybody() -> ConnectionID? {
        gateway.open.sorted { $0.serial < $1.serial }.randomElement(using: &random)
    }

    private mutating func spawn() {
        guard let caller = anybody() else { return }
        let params: JSON = [
            "task": "w", "runTimeoutSeconds": .integer(Int64.random(in: 0...90, using: &random)),
            "cleanup": Bool.random(using: &random) ? "keep" : "delete",
        ]
        guard let payload = gateway.call(caller, .sessionsSpawn, params)?["payload"], payload["status"] == "accepted",
            let runID = payload["runId"]?.string
        else { return }
        if !accepted.insert(runID).inserted { problems.append("run \(runID) was accepted twice") }
    }

    private mutating func attach() {
        let ids = gateway.core.table.unendedRuns.map(\.runID).filter { orders[$0] != nil }
        guard let runID = ids.randomElement(using: &random), let order = orders[runID] else { return }
        let id = gateway.connect(.worker(order))
        guard gateway.open.contains(id) else {
            problems.append("the worker of live run \(runID) was refused")
            return
        }
        workers[id] = runID
        if gateway.call(id, .runAttach, ["runId": .string(runID)])?["ok"] != true {
            problems.append("the worker of \(runID) could not attach")
        }
    }

    private mutating func someWorker() -> (ConnectionID, String)? {
        workers.filter { gateway.open.contains($0.key) }.sorted { $0.key.serial < $1.key.serial }
            .randomElement(using: &random).map { ($0.key, $0.value) }
    }

    private mutating func output() {
        guard let (id, runID) = someWorker() else { return }
        // Sometimes a number comes again.
        let seq = max(1, (outputSeq[runID] ?? 0) + Int64.random(in: 0...1, using: &random))
        outputSeq[runID] = seq
        gateway.call(id, .runOutput, ["runId": .string(runID), "stream": "stdout", "text": "x", "seq": .integer(seq)])
    }

    private mutating func complete() {
        guard let (id, runID) = someWorker() else { return }
        let status = ["ok", "error", "timeout", "killed"].randomElement(using: &random) ?? "ok"
        if gateway.complete(id, runID, status: status)?["ok"] != true { problems.append("no answer to a result") }
    }

    private mutating func abort() {
        guard let caller = anybody(), let runID = accepted.sorted().randomElement(using: &random) else { return }
        gateway.call(caller, .sessionsAbort, ["runId": .string(runID)])
    }

    private mutating func wait() {
        guard let caller = anybody(), let runID = gateway.core.table.runs.keys.sorted().randomElement(using: &random)
        else { return }
        let timeoutMs = Int64.random(in: 0...60_000, using: &random)
        if gateway.call(caller, .agentWait, ["runId": .string(runID), "timeoutMs": .integer(timeoutMs)]) == nil {
            waiting[gateway.lastRequestID] = caller
        }
    }

    private mutating func workerExit() {
        guard let runID = orders.keys.sorted().randomElement(using: &random) else { return }
        gateway.perform(gateway.core.workerExited(runID: runID, how: "signal 9", nowMs: gateway.nowMs))
    }

    private mutating func failingSpawn() {
        guard let caller = anybody() else { return }
        gateway.commitMode = .failing
        let answer = gateway.call(caller, .sessionsSpawn, ["task": "w"])
        gateway.commitMode = .atOnce
        if answer?["payload"]?["status"] == "accepted" { problems.append("accepted without a commit") }
    }

    private mutating func stranger() {
        guard let key = try? Peer.key(UInt8.random(in: 0...20, using: &random)) else { return }
        let id = gateway.connect(.remote(key))
        if gateway.open.contains(id) { problems.append("a stranger was let in") }
    }

    /// A spawn and an abort under way at once.
    private mutating func heldCommits() {
        gateway.commitMode = .held
        let before = Set(gateway.core.table.runs.keys)
        if let caller = anybody() { gateway.call(caller, .sessionsSpawn, ["task": "w"]) }
        let fresh = Set(gateway.core.table.runs.keys).subtracting(before)
        for runID in fresh where Bool.random(using: &random) {
            gateway.call(
                owners.first { gateway.open.contains($0) } ?? owners[0], .sessionsAbort,
                [
                    "runId": .string(runID)
                ])
        }
        gateway.release()
        accepted.formUnion(fresh)
    }

    private mutating func time() {
        gateway.advance(ms: [10, 1000, 10_000, 31_000, 61_000].randomElement(using: &random) ?? 10)
    }

    // MARK: - What has come of it

    private mutating func digest() {
        for step in gateway.takeSteps() {
            switch step {
            case .launch(let order):
                orders[order.runID] = order
            case .respond(let id, let frame):
                guard let requestID = frame["id"]?.string, let waiter = waiting.removeValue(forKey: requestID) else {
                    continue
                }
                if waiter != id { problems.append("a waiter's answer went to somebody else") }
            case .event(.agent, let payload, _):
                let phase = payload["data"]?["phase"]
                guard payload["stream"] == "lifecycle", phase == "end" || phase == "error",
                    let runID = payload["runId"]?.string
                else { continue }
                terminals[runID, default: 0] += 1
            default: break
            }
        }
        // A connection that is gone waits for nothing.
        waiting = waiting.filter { gateway.open.contains($0.value) }
        workers = workers.filter { gateway.open.contains($0.key) }
        owners.removeAll { !gateway.open.contains($0) }
        if owners.isEmpty { owners = [gateway.connect(.owner())] }
    }

    func brokenInvariants() -> [String] {
        var broken = problems
        let (core, store) = (gateway.core, gateway.store)
        for (runID, count) in terminals where count != 1 { broken.append("\(count) terminal events of \(runID)") }
        for (runID, count) in store.ends where count != 1 {
            broken.append("\(runID) was stored as ended \(count) times")
        }
        for (runID, count) in store.resultWrites where count != 1 { broken.append("\(count) results of \(runID)") }
        for run in core.table.runs.values {
            if run.phase.isEnded != (terminals[run.runID] == 1) { broken.append("\(run.runID) ended in silence") }
            // Memory may have let go of the task.
            var expected = run.record
            if run.isStored { expected.task = store.runs[run.runID]?.task ?? "" }
            if store.runs[run.runID] != expected { broken.append("the store has another \(run.runID)") }
            if run.isStored, store.runs[run.runID]?.task.isEmpty != false { broken.append("no task of \(run.runID)") }
            if run.phase.isEnded, store.results[run.runID] == nil { broken.append("no result of \(run.runID)") }
            if let own = core.table.run(ofSession: run.requesterKey), own.phase.isEnded, !run.phase.isEnded {
                broken.append("\(run.runID) outlived its parent")
            }
        }
        if lastEvent == "time" {
            let late = core.table.overdue(nowMs: gateway.nowMs)
            if !late.launches.isEmpty || !late.runs.isEmpty { broken.append("overdue: \(late)") }
        }
        broken += brokenPlaces(core) + brokenTrust(core, store)
        for list in core.waiters.values {
            for waiter in list where !gateway.open.contains(waiter.connection) { broken.append("a waiter is gone") }
        }
        if core.waiters.values.reduce(0, { $0 + $1.count }) != waiting.count { broken.append("a waiter was forgotten") }
        if core.connectionCount != gateway.open.count {
            broken.append("\(core.connectionCount) connections counted, \(gateway.open.count) open")
        }
        return broken
    }

    private func brokenPlaces(_ core: GatewayCore) -> [String] {
        var broken: [String] = []
        for (requester, runs) in Dictionary(grouping: core.table.unendedRuns, by: \.requesterKey) {
            let active = runs.count { $0.phase != .queued }
            if active > maxConcurrent { broken.append("\(active) runs of \(requester) at once") }
            if active < maxConcurrent, active < runs.count { broken.append("a place of \(requester) stays free") }
            if runs.count > 4 { broken.append("\(requester) has \(runs.count) children") }
        }
        return broken
    }

    private func brokenTrust(_ core: GatewayCore, _ store: StoreMirror) -> [String] {
        var broken: [String] = []
        for entry in core.trust.lineage.all {
            guard let runID = entry.runID else { continue }
            // A spawn that failed leaves a revoked identity that the store never saw.
            if core.table.runs[runID] == nil, store.grants[entry.deviceID] == nil { continue }
            if store.grants[entry.deviceID] != entry.record { broken.append("the store has another grant of \(runID)") }
            if let run = core.table.runs[runID], run.phase.isEnded != (entry.state != .live) {
                broken.append("run and grant of \(runID) disagree")
            }
        }
        for (device, ids) in core.connectionsByDevice {
            for id in ids where core.connections[id]?.admitted.deviceID != device {
                broken.append("index of \(device)")
            }
        }
        return broken
    }
}
