import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("agent.wait, wire protocol 6.6")
struct AgentWaitTests {
    @Test("a wait for an ended run is answered at once")
    func waitEnded() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        gateway.complete(worker, child.runID, text: "42")
        let payload = gateway.call(owner, .agentWait, ["runId": .string(child.runID)])?["payload"]
        #expect(payload?["status"] == "ok")
        #expect(payload?["endedAt"] == .integer(gateway.nowMs))
        #expect(payload?["result"]?["text"] == "42")
    }

    @Test(
        "a wait is answered by the end, with a truthful status",
        arguments: [("ok", "ok"), ("error", "error"), ("killed", "error"), ("timeout", "timeout")])
    func waitLater(_ status: String, _ reported: String) throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        #expect(gateway.call(owner, .agentWait, ["runId": .string(child.runID)]) == nil)
        let waiting = gateway.lastRequestID
        gateway.complete(worker, child.runID, status: status)
        let payload = gateway.response(to: waiting)?["payload"]
        #expect(payload?["status"] == .string(reported))
        #expect(payload?["result"]?["status"] == .string(status))
        #expect((payload?["error"] == nil) == (status == "ok"))
    }

    @Test("a wait that is over says timeout without an end, and its phase")
    func waitTimeout() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        let now = gateway.call(owner, .agentWait, ["runId": .string(child.runID), "timeoutMs": 0])
        #expect(now?["payload"]?["status"] == "timeout")
        gateway.call(owner, .agentWait, ["runId": .string(child.runID), "timeoutMs": 100])
        let waiting = gateway.lastRequestID
        gateway.advance(ms: 99)
        #expect(gateway.response(to: waiting) == nil)
        gateway.advance(ms: 1)
        let payload = gateway.response(to: waiting)?["payload"]
        #expect(payload?["status"] == "timeout")
        #expect(payload?["phase"] == "running")
        #expect(payload?["endedAt"] == nil)
        _ = gateway.takeSteps()
        gateway.complete(worker, child.runID)
        #expect(gateway.response(to: waiting) == nil, "answered once")
    }

    @Test("without timeoutMs a wait lasts 30 s")
    func waitDefault() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, _) = try gateway.running(owner)
        gateway.call(owner, .agentWait, ["runId": .string(child.runID)])
        let waiting = gateway.lastRequestID
        gateway.advance(ms: 29_999)
        #expect(gateway.response(to: waiting) == nil)
        gateway.advance(ms: 1)
        #expect(gateway.response(to: waiting)?["payload"]?["status"] == "timeout")
    }

    @Test("nobody answers a waiter that is gone")
    func waiterGone() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let waiter = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        gateway.call(waiter, .agentWait, ["runId": .string(child.runID)])
        gateway.disconnect(waiter)
        _ = gateway.takeSteps()
        gateway.complete(worker, child.runID)
        #expect(gateway.takeSteps().responses(to: waiter).isEmpty)
        #expect(gateway.core.waiters.values.allSatisfy { $0.isEmpty })
    }

    @Test("a wait for a run that nobody knows is refused")
    func waitUnknown() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let answer = gateway.call(owner, .agentWait, ["runId": "nobody"])
        #expect(answer?["error"]?["details"]?["code"] == "RUN_NOT_FOUND")
    }
}
