import JSON
import Sessions
import Store
import Testing
import Wire

@testable import Gateway

@Suite("Runs that have ended are in the store, not in memory")
struct StoredEndTests {
    private static let task = String(repeating: "t", count: 1000)

    let gateway: TestGateway
    let owner: ConnectionID
    let runID: String
    let worker: ConnectionID

    init() throws {
        gateway = try TestGateway()
        owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner, ["task": .string(Self.task)])
        runID = child.runID
        self.worker = worker
        _ = gateway.takeSteps()
    }

    private func wait(_ gateway: TestGateway, _ owner: ConnectionID) -> JSON? {
        gateway.call(owner, .agentWait, ["runId": .string(runID), "timeoutMs": 0])?["payload"]
    }

    private func expectWhole(_ where: SourceLocation = #_sourceLocation) {
        #expect(gateway.store.results[runID]?.text == "done", sourceLocation: `where`)
        #expect(gateway.store.runs[runID]?.task == Self.task, sourceLocation: `where`)
        #expect(gateway.store.runs[runID]?.status == .ok, sourceLocation: `where`)
    }

    @Test("memory lets go of task and text when the store has them, and not before")
    func letGo() throws {
        gateway.commitMode = .held
        _ = gateway.complete(worker, runID)
        let before = try #require(gateway.core.table.runs[runID])
        #expect(before.task == Self.task && before.end?.text == "done" && !before.isStored)
        gateway.release()
        let after = try #require(gateway.core.table.runs[runID])
        #expect(after.task == "" && after.end?.text == "" && after.isStored)
        expectWhole()
    }

    @Test("who asks later has the whole result, also after a restart")
    func later() throws {
        _ = gateway.complete(worker, runID)
        var gateway = gateway
        for _ in 1...2 {
            let owner = gateway.connect(.owner())
            let answer = wait(gateway, owner)
            #expect(answer?["status"] == "ok")
            #expect(answer?["result"]?["text"] == "done")
            #expect(answer?["result"]?["totalBytes"] == 4)
            #expect(gateway.store.results[runID]?.acknowledgedAtMs != nil)
            gateway = try gateway.restarted()
        }
    }

    @Test("when the store cannot be read that is the answer, nothing is acknowledged, and asking again helps")
    func unreadable() throws {
        _ = gateway.complete(worker, runID)
        let request = GatewayRequest(
            connection: owner, id: Array(#""w""#.utf8), method: .agentWait,
            params: ["runId": .string(runID), "timeoutMs": 0])
        let asked = gateway.core.handle(request, nowMs: gateway.nowMs)
        guard case .read(let query, let reading)? = asked.first, asked.count == 1 else {
            Issue.record("the store is not asked: \(asked)")
            return
        }
        #expect(query == .results(runIds: [runID]))
        gateway.perform(gateway.core.wasRead(reading, .failure(.closed), nowMs: gateway.nowMs))
        let refusal = gateway.response(to: "w")
        #expect(refusal?["error"]?["code"] == "UNAVAILABLE" && refusal?["error"]?["retryable"] == true)
        #expect(gateway.store.results[runID]?.acknowledgedAtMs == nil)
        #expect(wait(gateway, owner)?["result"]?["text"] == "done")
    }

    @Test("a run that memory has forgotten is found in the store, by whom it concerns")
    func forgotten() throws {
        _ = gateway.complete(worker, runID)
        let session = try #require(gateway.store.runs[runID]?.sessionKey)
        gateway.call(owner, .sessionsDelete, ["key": .string(session)])
        gateway.advance(ms: SessionTable.endedRunRetentionMs + 120_000)
        #expect(gateway.core.table.runs[runID] == nil)
        #expect(wait(gateway, owner)?["result"]?["text"] == "done")
        #expect(wait(gateway, owner)?["status"] == "ok")
        let (_, stranger) = try gateway.running(owner)
        let refusal = gateway.call(stranger, .agentWait, ["runId": .string(runID), "timeoutMs": 0])
        #expect(refusal?["error"]?["details"]?["code"] == "RUN_NOT_FOUND")
        let unknown = gateway.call(owner, .agentWait, ["runId": "none", "timeoutMs": 0])
        #expect(unknown?["error"]?["details"]?["code"] == "RUN_NOT_FOUND")
    }

    @Test("a text that the store has given up is said to be gone, not empty")
    func expired() throws {
        _ = gateway.complete(worker, runID)
        #expect(wait(gateway, owner)?["result"]?["textExpired"] == nil)
        let waiter = GatewayCore.RunWaiter(connection: owner, requestID: Array(#""w""#.utf8), deadlineMs: 0)
        let run = try #require(gateway.core.table.runs[runID])
        gateway.perform(
            gateway.core.wasRead(
                StoreReading(.end(of: run, waiter)), .success(.results([])), nowMs: gateway.nowMs))
        let result = gateway.response(to: "w")?["payload"]?["result"]
        #expect(result?["status"] == "ok" && result?["textExpired"] == true)
    }

    @Test("what the disk refused of its beginning is not written over its end")
    func owed() throws {
        // Something of the run is owed: the next change of it fails, and its end does not.
        gateway.commitMode = .held
        gateway.call(worker, .runComplete, ["runId": .string(runID), "status": "ok", "text": "done", "totalBytes": 4])
        gateway.commitMode = .atOnce
        gateway.perform(
            gateway.core.commitFailed(
                .background, [.putRun(try #require(gateway.core.table.runs[runID]).record)], why: "disk full",
                nowMs: gateway.nowMs))
        gateway.release()
        expectWhole()
        gateway.advance(ms: 10_000)
        expectWhole()
    }

    @Test("an end that the disk refused is written whole once it can be, and let go of then")
    func refused() throws {
        gateway.commitMode = .failing
        _ = gateway.complete(worker, runID)
        #expect(gateway.core.table.runs[runID]?.isStored == false)
        gateway.commitMode = .atOnce
        gateway.advance(ms: 10_000)
        expectWhole()
        #expect(gateway.core.table.runs[runID]?.isStored == true)
        // Its worker hands it in again.
        _ = gateway.complete(worker, runID)
        expectWhole()
    }
}
