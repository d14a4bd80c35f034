import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("After a restart")
struct RestoreTests {
    @Test("an empty store gets the default agent's main session")
    func empty() throws {
        let gateway = try TestGateway()
        #expect(gateway.store.sessions.keys.sorted() == [TestGateway.mainKey])
        #expect(gateway.store.sessions[TestGateway.mainKey]?.kind == "primary")
        let again = try gateway.restarted()
        #expect(again.takeSteps().commits.first?.isEmpty == true, "nothing to write the second time")
    }

    @Test("queued runs are launched as places allow, oldest places first taken by what was running")
    func queued() throws {
        let gateway = try TestGateway(limits: { $0.maxConcurrent = 1 })
        let owner = gateway.connect(.owner())
        let (first, _) = try gateway.running(owner)
        let second = try gateway.spawn(owner)
        let full = try gateway.restarted(limits: { $0.maxConcurrent = 1 })
        #expect(full.takeSteps().launches.isEmpty)
        full.advance(ms: 60_000)
        #expect(full.end(of: first.runID)?.status == .lost)
        #expect(full.takeSteps().launches.map(\.runID) == [second.runID])

        let roomy = try gateway.restarted(limits: { $0.maxConcurrent = 2 })
        let steps = roomy.takeSteps()
        #expect(steps.names == ["commit", "launch"])
        let order = try #require(steps.launches.first)
        let (child, worker) = (order, roomy.connect(.worker(order)))
        #expect(roomy.call(worker, .runAttach, ["runId": .string(child.runID)])?["payload"]?["task"] == "work")
    }

    @Test("a running run waits for its worker, which may come back with what it had")
    func runningComesBack() throws {
        let gateway = try TestGateway()
        let (child, _) = try gateway.running(gateway.connect(.owner()), ["task": "w", "runTimeoutSeconds": 60])
        let startedAtMs = gateway.nowMs
        let next = try gateway.restarted(afterMs: 10_000)
        #expect(next.takeSteps().launches.isEmpty)
        let order = try #require(child.order)
        let worker = next.connect(.worker(order, token: order.runToken))
        #expect(next.call(worker, .runAttach, ["runId": .string(child.runID)])?["ok"] == true)
        #expect(next.core.table.runs[child.runID]?.startedAtMs == startedAtMs)
        next.advance(ms: 49_999)
        #expect(next.end(of: child.runID) == nil)
        next.advance(ms: 1)
        #expect(next.end(of: child.runID)?.status == .timeout, "a restart gives no more time")
    }

    @Test("a running run whose worker does not come back ends as lost, once")
    func runningLost() throws {
        let gateway = try TestGateway()
        let (child, _) = try gateway.running(gateway.connect(.owner()))
        let next = try gateway.restarted(afterMs: 1000)
        next.advance(ms: 59_999)
        #expect(next.end(of: child.runID) == nil)
        next.advance(ms: 1)
        #expect(next.end(of: child.runID)?.status == .lost)
        #expect(next.takeSteps().terminalEvents(of: child.runID).count == 1)
        #expect(next.store.runs[child.runID]?.status == .lost)
        #expect(next.store.results[child.runID]?.status == .lost)
    }

    @Test("a run whose worker never attached is launched once more, then ends as error")
    func launchingLost() throws {
        let gateway = try TestGateway()
        let child = try gateway.spawn(gateway.connect(.owner()))
        let next = try gateway.restarted()
        next.advance(ms: 30_000)
        let steps = next.takeSteps()
        #expect(steps.stops == [child.runID], "one that was launched before is not to come beside it")
        #expect(steps.launches.map(\.runID) == [child.runID])
        next.advance(ms: 30_000)
        #expect(next.end(of: child.runID)?.status == .error)
    }

    @Test("what has ended stays ended, also when the snapshot holds it")
    func ended() throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        gateway.complete(worker, child.runID)
        var snapshot = gateway.store.snapshot
        snapshot.runs = Array(gateway.store.runs.values)
        let next = try TestGateway(restoring: snapshot)
        #expect(next.end(of: child.runID)?.status == .ok)
        let order = try #require(child.order)
        next.nowMs += LineageRegistry.reportingGraceMs
        next.connect(.worker(order))
        #expect(next.takeSteps().names == ["refuse", "close 1008"])
    }

    @Test("an external run goes on")
    func external() throws {
        var record = try TestGateway().store
        record.runs["j1"] = RunRecord(
            runId: "j1", sessionKey: "agent:worker:subagent:j1", requesterKey: TestGateway.mainKey, askerKind: .session,
            askerId: TestGateway.mainKey, agentId: "worker", runtime: "subagent", task: "", mode: "run",
            cleanup: "keep", status: .running, acceptedAtMs: 0, startedAtMs: 0, spawnTimeoutMs: 0, external: true)
        let gateway = try TestGateway(restoring: record.snapshot)
        gateway.advance(ms: 60_000)
        #expect(gateway.core.table.runs["j1"]?.phase == .running(deadlineMs: nil))
    }

    @Test("devices, their tokens and pending requests are known again; chains hold")
    func trust() throws {
        let gateway = try TestGateway()
        let key = try Peer.key(1)
        var peer = Peer.owner()
        peer.identity = key
        let device = gateway.connect(peer)
        gateway.connect(.remote(try Peer.key(2)))
        let (child, worker) = try gateway.running(device)
        let (_, _) = try gateway.running(worker)
        let next = try gateway.restarted()
        #expect(next.core.trust.pairing.devices.keys.sorted() == [key.deviceID])
        let kept = next.core.trust.pairing.devices[key.deviceID]
        #expect(kept?.tokens == gateway.core.trust.pairing.devices[key.deviceID]?.tokens)
        #expect(
            next.core.trust.pairing.pending(nowMs: next.nowMs)
                == gateway.core.trust.pairing.pending(nowMs: gateway.nowMs))
        for entry in gateway.core.trust.lineage.all { #expect(next.core.trust.lineage[entry.deviceID] == entry) }
        #expect(next.core.table.runsBelow(TestGateway.mainKey).count == 2)
        // Removal still reaches down both lines.
        let owner = next.connect(.owner())
        #expect(next.call(owner, .devicePairRemove, ["deviceId": .string(key.deviceID)])?["ok"] == true)
        #expect(next.end(of: child.runID)?.status == .killed)
        #expect(next.core.table.unendedRuns.isEmpty)
    }
}
