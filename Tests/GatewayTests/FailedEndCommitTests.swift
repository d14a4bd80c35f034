import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("When the disk refuses the beginning or the end of a run")
struct FailedEndCommitTests {
    let gateway: TestGateway
    let owner: ConnectionID

    init() throws {
        gateway = try TestGateway()
        owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
    }

    private func complete(_ worker: ConnectionID, _ runID: String) -> JSON? {
        gateway.call(
            worker, .runComplete,
            ["runId": .string(runID), "status": "ok", "exitCode": 0, "text": "done", "totalBytes": 4])
    }

    private func expectSaved(_ runID: String, _ where: SourceLocation = #_sourceLocation) throws {
        let record = try #require(gateway.store.runs[runID], sourceLocation: `where`)
        #expect(record.status == .ok, sourceLocation: `where`)
        #expect(gateway.store.results[runID]?.text == "done", sourceLocation: `where`)
        let session = try #require(gateway.core.table.sessions[record.sessionKey], sourceLocation: `where`)
        let said = gateway.store.transcripts[session.sessionID]?.filter { $0.runId == runID && $0.role == "assistant" }
        #expect(said?.count == 1, "what the agent said is there once", sourceLocation: `where`)
    }

    @Test("its worker is told so, says it again, and has it written then, once")
    func again() throws {
        let (child, worker) = try gateway.running(owner)
        _ = gateway.takeSteps()
        gateway.commitMode = .failing
        for _ in 1...3 {
            let refusal = complete(worker, child.runID)?["error"]
            #expect(refusal?["code"] == "UNAVAILABLE")
            #expect(refusal?["retryable"] == true)
        }
        #expect(gateway.store.runs[child.runID]?.status == .running)
        gateway.commitMode = .atOnce
        #expect(complete(worker, child.runID)?["ok"] == true)
        try expectSaved(child.runID)
        // It was owed too, and written by the worker's repeating it.
        gateway.advance(ms: 5_000)
        try expectSaved(child.runID)
        #expect(gateway.takeSteps().terminalEvents(of: child.runID).count == 1)
    }

    @Test("it is written without its worker as well, whether it ended or was ended", arguments: [true, false])
    func alone(isKilled: Bool) throws {
        let (child, worker) = try gateway.running(owner)
        gateway.commitMode = .failing
        if isKilled {
            gateway.disconnect(worker)
            gateway.perform(gateway.core.workerExited(runID: child.runID, how: "signal 9", nowMs: gateway.nowMs))
        } else {
            _ = complete(worker, child.runID)
            gateway.disconnect(worker)
        }
        gateway.advance(ms: 5_000)
        #expect(gateway.store.runs[child.runID]?.status == .running)
        gateway.commitMode = .atOnce
        gateway.advance(ms: 5_000)
        if isKilled {
            #expect(gateway.store.runs[child.runID]?.status == .lost)
        } else {
            try expectSaved(child.runID)
        }
    }

    @Test("a worker whose attaching was refused attaches again, and only then begins")
    func attach() throws {
        let order = try #require(gateway.spawn(owner).order)
        let worker = gateway.connect(.worker(order))
        gateway.commitMode = .failing
        let refusal = gateway.call(worker, .runAttach, ["runId": .string(order.runID)])?["error"]
        #expect(refusal?["retryable"] == true)
        #expect(gateway.call(worker, .runAttach, ["runId": .string(order.runID)])?["ok"] == false)
        gateway.commitMode = .atOnce
        #expect(gateway.call(worker, .runAttach, ["runId": .string(order.runID)])?["payload"]?["task"] == "work")
        #expect(gateway.store.runs[order.runID]?.startedAtMs != nil)
    }
}
