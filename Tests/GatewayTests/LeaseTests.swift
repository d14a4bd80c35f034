import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Runs and their workers")
struct LeaseTests {
    private static func gateway(_ recovery: SpawnLimits.Recovery = .end, maxRestarts: Int = 2) throws -> TestGateway {
        try TestGateway(limits: {
            $0.workerLeaseMs = 30_000
            $0.workerGraceMs = 60_000
            $0.recovery = recovery
            $0.maxRestarts = maxRestarts
        })
    }

    private func heartbeat(_ gateway: TestGateway, _ worker: ConnectionID, _ runID: String) -> JSON? {
        gateway.call(worker, .runHeartbeat, ["runId": .string(runID)])
    }

    private func attach(_ gateway: TestGateway, _ order: LaunchOrder) -> (ConnectionID, JSON?) {
        let worker = gateway.connect(.worker(order))
        let answer = gateway.call(
            worker, .runAttach, ["runId": .string(order.runID), "attempt": .integer(Int64(order.attempt))])
        return (worker, answer)
    }

    @Test("the work order says how often to speak and how long one may be away")
    func order() throws {
        let gateway = try Self.gateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        let lease: JSON = ["leaseMs": 30_000, "graceMs": 60_000]
        let again = gateway.call(worker, .runAttach, ["runId": .string(child.runID)])
        #expect(again?["payload"]?["lease"] == lease)
        #expect(heartbeat(gateway, worker, child.runID)?["payload"] == ["ok": true, "lease": lease])
    }

    @Test("a worker that speaks keeps its run, by whatever it says")
    func speaks() throws {
        let gateway = try Self.gateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        for seq in 1...10 {
            gateway.advance(ms: 29_999)
            if seq.isMultiple(of: 2) {
                _ = heartbeat(gateway, worker, child.runID)
            } else {
                gateway.call(
                    worker, .runOutput,
                    ["runId": .string(child.runID), "seq": .integer(Int64(seq)), "stream": "stdout", "text": "x"])
            }
        }
        #expect(gateway.takeSteps().closes.isEmpty)
        #expect(gateway.end(of: child.runID) == nil)
    }

    @Test("a silent worker is closed, may come back within its grace, and is lost after it")
    func silent() throws {
        let gateway = try Self.gateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        _ = gateway.takeSteps()
        gateway.advance(ms: 30_000)
        #expect(gateway.takeSteps().closes.map(\.1) == [.workerSilent])
        gateway.advance(ms: 59_999)
        #expect(gateway.end(of: child.runID) == nil)
        let order = try #require(child.order)
        let (back, answer) = attach(gateway, order)
        #expect(answer?["ok"] == true)
        #expect(back != worker)
        gateway.advance(ms: 29_999)
        #expect(gateway.end(of: child.runID) == nil)
        gateway.advance(ms: 1)
        gateway.advance(ms: 60_000)
        let end = try #require(gateway.end(of: child.runID))
        #expect(end.status == .lost)
        #expect(end.cause == "its worker was out of sight for 60000 ms")
        let steps = gateway.takeSteps()
        #expect(steps.stops == [child.runID], "should it live, it is to end")
        #expect(steps.terminalEvents(of: child.runID).count == 1)
    }

    @Test("a lost connection is no lost run, and its time goes on meanwhile")
    func disconnected() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner, ["task": "w", "runTimeoutSeconds": 50])
        gateway.disconnect(worker)
        gateway.advance(ms: 49_999)
        #expect(gateway.end(of: child.runID) == nil)
        gateway.advance(ms: 1)
        #expect(gateway.end(of: child.runID)?.status == .timeout)
    }

    @Test("the agent's own connection is not its worker's")
    func commandConnected() throws {
        let gateway = try Self.gateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        let order = try #require(child.order)
        gateway.connect(.worker(order, token: order.runToken))
        gateway.disconnect(worker)
        gateway.advance(ms: 60_000)
        #expect(gateway.end(of: child.runID)?.status == .lost)
    }

    @Test("a lost run is started anew as often as configured; then it ends for good, also over a restart")
    func restarted() throws {
        var gateway = try Self.gateway(.restart)
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        gateway.call(
            worker, .runOutput, ["runId": .string(child.runID), "seq": 1, "stream": "stdout", "text": "first"])
        let (below, _) = try gateway.running(worker)
        var order = try #require(child.order)
        for attempt in 1...2 {
            _ = gateway.takeSteps()
            gateway.perform(gateway.core.workerExited(runID: child.runID, how: "signal 9", nowMs: gateway.nowMs))
            let steps = gateway.takeSteps()
            let next = try #require(steps.launches.first)
            #expect(next.attempt == attempt + 1)
            #expect(next.identity.deviceID == order.identity.deviceID)
            #expect(steps.closes.contains { $0.1 == .clientInvalidated("run-restarted") })
            #expect(gateway.store.runs[child.runID]?.restarts == Int32(attempt))
            // Of the attempt before, nobody goes on.
            var old = Peer.worker(next)
            old.scopes = []
            let late = gateway.connect(old)
            let refused = gateway.call(
                late, .runAttach, ["runId": .string(child.runID), "attempt": .integer(Int64(attempt))])
            #expect(refused?["error"]?["details"]?["code"] == "RUN_NOT_ATTACHABLE")
            let (attached, answer) = attach(gateway, next)
            #expect(answer?["payload"]?["task"] == "work")
            _ = gateway.takeSteps()
            gateway.call(
                attached, .runOutput, ["runId": .string(child.runID), "seq": 1, "stream": "stdout", "text": "anew"])
            #expect(gateway.takeSteps().events(.agent).last?.payload["data"]?["text"] == "anew")
            order = next
            if attempt == 1 {
                #expect(gateway.end(of: below.runID)?.status == .killed, "what the first attempt spawned is ended")
                let before = gateway
                gateway = try before.restarted(limits: {
                    $0.workerLeaseMs = 30_000
                    $0.recovery = .restart
                })
                #expect(attach(gateway, next).1?["ok"] == true)
            }
        }
        gateway.perform(gateway.core.workerExited(runID: child.runID, how: "signal 9", nowMs: gateway.nowMs))
        let end = try #require(gateway.end(of: child.runID))
        #expect(end.status == .lost)
        #expect(
            end.cause == "the worker ended without a result (signal 9); it was started anew 2 times already "
                + "(agents.defaults.subagents.maxRestarts)")
        #expect(gateway.takeSteps().launches.isEmpty)
    }

    @Test("what cannot be resumed ends")
    func notResumable() throws {
        let gateway = try Self.gateway(.resume)
        let (child, _) = try gateway.running(gateway.connect(.owner()))
        gateway.perform(gateway.core.workerExited(runID: child.runID, how: "signal 9", nowMs: gateway.nowMs))
        #expect(gateway.end(of: child.runID)?.status == .lost)
        #expect(gateway.end(of: child.runID)?.cause?.hasSuffix("has no conversation that could be resumed") == true)
    }

    @Test("an ACP agent goes on with its conversation, or begins anew without it", arguments: [true, false])
    func conversation(_ resumes: Bool) throws {
        let gateway = try ACPRunTests.gateway(limits: { $0.recovery = resumes ? .resume : .restart })
        let owner = gateway.connect(.owner())
        let spawn: JSON = ["task": "work", "agentId": "coder", "runtime": "acp"]
        let (child, worker) = try gateway.running(owner, spawn)
        gateway.call(
            worker, .runEvent,
            ["runId": .string(child.runID), "seq": 1, "stream": "session", "data": ["sessionId": "theirs"]])
        let (below, _) = try gateway.running(worker)
        _ = gateway.takeSteps()
        gateway.perform(gateway.core.workerExited(runID: child.runID, how: "signal 9", nowMs: gateway.nowMs))
        let order = try #require(gateway.takeSteps().launches.first)
        let (_, answer) = attach(gateway, order)
        #expect(answer?["payload"]?["acp"]?["resumeSessionId"] == (resumes ? "theirs" : nil))
        #expect(answer?["payload"]?["task"]?.string?.hasPrefix("[You were interrupted") == resumes)
        #expect(gateway.end(of: below.runID)?.status == (resumes ? nil : .killed))
    }
}
