import Agents
import Client
import Files
import Foundation
import JSON
import Store
import Testing

/// Everything is killed at random while trees of runs, four levels deep, go over a relay that cuts and delays, some of
/// them to a pool worker: gateway, workers, agents, parents, the pool worker. What was accepted ends once all the same, and
/// whoever listens is told so once.
///
/// `SALLYPORT_CHAOS_RUNS=200` (`make chaos RUNS=200`) asks for more runs, `SALLYPORT_CHAOS_SEED` repeats the choices.
struct ChaosTests {
    private static let runsOfTree = 7

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment["SALLYPORT_CHAOS_\(name)"].flatMap { Int($0) }
    }

    private enum Blow: CaseIterable {
        case worker, agent, anyProcess, gateway, cut, delay, poolWorker
    }

    /// Level 1 has two children, each below it one, down to level 4; level 3 runs in the pool. Each notes that it began.
    private static func script(_ directory: String) -> String {
        #"""
        echo "$SALLYPORT_RUN_ID" >> \#(directory)/begun
        next=$(($1 + 1)); agent=main; if [ $next = 3 ]; then agent=far; fi
        case $1 in
        1) "$SALLYPORT" sessions_spawn --agent $agent -- $next & "$SALLYPORT" sessions_spawn --agent $agent -- $next; wait;;
        2|3) "$SALLYPORT" sessions_spawn --agent $agent -- $next;;
        *) sleep 1;;
        esac
        echo "end of $1"
        """#
    }

    /// Told of each end, and of none twice. Who was connected without a gap was told of all; who has missed something that the
    /// gateway did not know any more finds it in the state.
    private func judge(_ observer: ChaosObserver, begun: Set<String>, _ seed: UInt64) -> String {
        let ends = observer.ends
        let twice = ends.filter { $0.value.lifecycle.count > 1 || $0.value.chat.count > 1 }
        let split = ends.filter { $0.value.lifecycle.count != $0.value.chat.count }
        let untold = begun.filter { ends[$0] == nil }
        #expect(twice.isEmpty, "told twice: \(twice), seed \(seed)")
        #expect(observer.problems == [], "seed \(seed)")
        #expect(split.isEmpty || observer.hasGaps, "told by half: \(split), seed \(seed)")
        #expect(untold.isEmpty || observer.hasGaps, "not told: \(untold), seed \(seed)")
        let told = begun.count { ends[$0]?.lifecycle.count == 1 && ends[$0]?.chat.count == 1 }
        return "told once=\(told)/\(begun.count) by state=\(untold.count) half=\(split.count) twice=\(twice.count) "
            + "observer=\(observer.figures)"
    }

    @Test func whatWasAcceptedEndsOnceWhoeverIsKilledAndWhateverIsCut() async throws {
        let runs = Self.number("RUNS") ?? 28
        let seed = Self.number("SEED").map(UInt64.init) ?? UInt64.random(in: 1...1_000_000)
        try await scenario {
            var random = SeededGenerator(seed: seed)
            let directory = try TemporaryDirectory()
            let relay = try ChaosRelay()
            defer { relay.stop() }
            var configuration = GatewayConfiguration()
            configuration.subagents =
                #"allowAgents: ["*"], maxChildrenPerAgent: 1000, spawnTimeoutMs: 5000, workerLeaseMs: 3000, "#
                + #"workerGraceMs: 5000, gatewayUrl: "wss://127.0.0.1:\#(relay.port)""#
            var far = GatewayConfiguration.Agent.shell("far", Self.script(directory.path))
            far.pool = "far"
            configuration.agents = [.shell("main", Self.script(directory.path)), far]
            let gateway = try GatewayProcess(configuration.text)
            relay.forward(to: gateway.port)
            let enrolment = try gateway.cli.run("devices", "enroll", "--pool", "far")
            let pool = try PoolWorkerProcess(
                pool: "far", url: "wss://127.0.0.1:\(relay.port)", pin: gateway.pin,
                enrolment: enrolment.lines.first ?? "", capacity: 16)
            try pool.waitUntilAttached()

            let ledger = ChaosLedger()
            ledger.options = gateway.options(scopes: ["operator.admin"])
            let observer = try ChaosObserver(ledger, port: relay.port)
            let trees = (0..<max(1, runs / Self.runsOfTree)).map { ChaosLedger.Tree(name: "tree-\($0)") }
            let clients = (0..<4).map { client in
                ChaosClient(
                    trees: trees.enumerated().filter { $0.offset % 4 == client }.map(\.element), ledger: ledger)
            }
            let done = DispatchGroup()
            for client in clients {
                done.enter()
                Thread {
                    client.run()
                    done.leave()
                }.start()
            }
            let started = ContinuousClock.now
            var blows: [Blow: Int] = [:]
            // As long as there is work, but not for ever: then all that is left has to end by itself.
            while done.wait(timeout: .now()) != .success, ContinuousClock.now - started < .seconds(20 + runs) {
                try await Task.sleep(for: .milliseconds(Int.random(in: 100...500, using: &random)))
                let blow = Blow.allCases.randomElement(using: &random) ?? .cut
                blows[blow, default: 0] += 1
                try await strike(blow, gateway, pool, relay, ledger, &random)
            }
            relay.holdUp(milliseconds: 0)
            if done.wait(timeout: .now() + 90) != .success { ledger.giveUp() }
            let inTime = done.wait(timeout: .now() + 10) == .success
            let seconds = (ContinuousClock.now - started).components.seconds

            let owner = try await gateway.owner()
            try eventually("no run goes on", within: .seconds(60)) {
                let rows = try owner.request("sessions.list", ["limit": 10_000])["sessions"]?.array ?? []
                return !rows.contains { $0["hasActiveRun"]?.bool == true }
            }
            owner.close()
            // What is on its way arrives; then nothing more comes.
            let told = { observer.ends.count }
            var before = -1
            try eventually("the observer hears nothing more", within: .seconds(30)) {
                defer { before = told() }
                Thread.sleep(forTimeInterval: 0.5)
                return before == told()
            }
            #expect(observer.stop(), "the observer ends")
            let accepted = ledger.accepted
            let lost = accepted.values.filter { ledger.results[$0.runID] == nil }
            try pool.stop(within: .seconds(45))
            let refusals = gateway.log.split(separator: "\n").filter { $0.contains("code=1008") }
            try gateway.stop()
            // What was on another host, or came from an earlier gateway, is looked for like the rest.
            #expect(gateway.processes == [])

            let store = try SQLiteStore(path: gateway.state.path + "/state/sallyport.sqlite")
            defer { store.close() }
            let begun = contents(of: directory.path + "/begun").split(separator: "\n")
            let twice = Dictionary(grouping: begun) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
            var ends: [String: Int] = [:]
            for run in Set(begun.map(String.init)).union(accepted.values.map(\.runID)) {
                guard let record = try store.run(runId: run), record.endedAtMs != nil else {
                    ends["no end", default: 0] += 1
                    continue
                }
                ends[record.status.rawValue, default: 0] += 1
            }
            print("chaos: " + judge(observer, begun: Set(begun.map(String.init)), seed))
            print(
                "chaos: runs=\(begun.count) trees=\(accepted.count)/\(trees.count) results=\(ledger.results.count) "
                    + "ends=\(ends.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",")) "
                    + "blows=\(blows.map { "\($0.key):\($0.value)" }.sorted().joined(separator: ",")) "
                    + "twice=\(twice.count) 1008=\(refusals.count) seconds=\(seconds) seed=\(seed)")
            #expect(inTime, "seed \(seed)")
            #expect(accepted.count == trees.count, "seed \(seed)")
            #expect(lost.map(\.runID) == [], "without a result, seed \(seed)")
            #expect(ledger.problems == [], "seed \(seed)")
            #expect(twice == [], "begun twice, seed \(seed)")
            #expect(ends["no end"] == nil, "seed \(seed)")
            #expect(refusals == [], "seed \(seed)")
            #expect(try store.load().runs.map(\.runId) == [], "seed \(seed)")
        }
    }

    private func strike(
        _ blow: Blow, _ gateway: GatewayProcess, _ pool: PoolWorkerProcess, _ relay: ChaosRelay,
        _ ledger: ChaosLedger, _ random: inout SeededGenerator
    ) async throws {
        switch blow {
        case .cut: relay.cut()
        case .delay: relay.holdUp(milliseconds: [0, 20, 100].randomElement(using: &random) ?? 0)
        case .gateway:
            ledger.options = nil
            try gateway.kill()
            try gateway.start()
            ledger.options = gateway.options(scopes: ["operator.admin"])
        case .poolWorker:
            try pool.kill()
            try pool.start()
        case .worker, .agent, .anyProcess:
            let all = (gateway.processes + pool.processes)
                .filter { $0 != gateway.pid && $0 != pool.process.child.pid }.sorted()
            let chosen = all.filter { pid in
                let isWorker = contents(of: "/proc/\(pid)/cmdline").split(separator: "\0").last == "worker"
                return blow == .anyProcess || isWorker == (blow == .worker)
            }
            if let pid = chosen.randomElement(using: &random) { _ = Foundation.kill(pid, SIGKILL) }
        }
    }
}
