import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("The life of a run")
struct RunTests {
    @Test("a worker attaches, gets its work order, and the start is announced after it is stored")
    func attach() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let child = try gateway.spawn(owner, ["task": "count", "runTimeoutSeconds": 7])
        let worker = gateway.connect(.worker(try #require(child.order)))
        _ = gateway.takeSteps()
        let answer = gateway.call(worker, .runAttach, ["runId": .string(child.runID)])
        #expect(answer?["payload"]?["task"] == "count")
        #expect(answer?["payload"]?["runTimeoutSeconds"] == 7)
        #expect(answer?["payload"]?["exec"]?["command"] == ["/bin/echo", "{task}"])
        let steps = gateway.takeSteps()
        #expect(steps.names == ["commit", "respond", "agent lifecycle"])
        let event = try #require(steps.events(.agent).first)
        #expect(event.payload["data"]?["phase"] == "start")
        #expect(event.payload["seq"] == 1)
        #expect(event.payload["spawnedBy"] == .string(TestGateway.mainKey))
        #expect(event.to == [owner], "a worker hears only what is sent to it")
        #expect(gateway.store.runs[child.runID]?.status == .running)
    }

    @Test("attaching twice, as after a reconnect, answers again and announces nothing")
    func attachTwice() throws {
        let gateway = try TestGateway()
        let (child, _) = try gateway.running(gateway.connect(.owner()))
        let again = gateway.connect(.worker(try #require(child.order)))
        _ = gateway.takeSteps()
        let answer = gateway.call(again, .runAttach, ["runId": .string(child.runID)])
        #expect(answer?["payload"]?["task"] == "work")
        #expect(gateway.takeSteps().events(.agent).isEmpty)
    }

    @Test("nobody attaches to another's run, and the owner to none")
    func foreignRun() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (first, worker) = try gateway.running(owner)
        let second = try gateway.spawn(owner)
        for method in [Wire.Method.runAttach, .runOutput, .runEvent, .runComplete] {
            let foreign = gateway.call(
                worker, method,
                ["runId": .string(second.runID), "status": "ok", "stream": "stdout", "text": "x", "seq": 1])
            #expect(foreign?["error"]?["details"]?["code"] == "NOT_YOUR_RUN")
            let outsider = gateway.call(owner, method, ["runId": .string(first.runID)])
            #expect(outsider?["error"]?["details"]?["code"] == "NOT_A_RUN_DEVICE")
        }
        #expect(gateway.end(of: second.runID) == nil)
    }

    @Test("output is numbered: what comes again is answered and not repeated")
    func output() throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        func say(_ seq: Int64, _ text: String, _ stream: String = "stdout") -> [Step] {
            _ = gateway.takeSteps()
            gateway.call(
                worker, .runOutput,
                [
                    "runId": .string(child.runID), "stream": .string(stream), "text": .string(text),
                    "seq": .integer(seq),
                ])
            return gateway.takeSteps()
        }
        let first = say(1, "one ").events(.agent).first?.payload
        #expect(first?["stream"] == "assistant")
        #expect(first?["data"] == ["text": "one ", "delta": "one "])
        #expect(say(1, "one ").names == ["respond"])
        let second = say(3, "two").events(.agent).first?.payload
        #expect(second?["data"] == ["text": "one two", "delta": "two"])
        #expect(second?["seq"] == 3)
        #expect(say(2, "late").names == ["respond"])
        let third = say(4, "oops", "stderr").events(.agent).first?.payload
        #expect(third?["stream"] == "command_output")
        #expect(third?["data"] == ["stream": "stderr", "delta": "oops"])
        gateway.complete(worker, child.runID)
        #expect(say(5, "after the end").names == ["refuse"])
    }

    @Test("long output is announced by increments only, and a killed run keeps what was whole")
    func longOutput() throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        let limit = GatewayCore.RunProgress.maxWholeTextBytes
        for (seq, text) in [(1, String(repeating: "a", count: limit)), (2, "b")] {
            _ = gateway.takeSteps()
            gateway.call(
                worker, .runOutput,
                [
                    "runId": .string(child.runID), "stream": "stdout", "text": .string(text),
                    "seq": .integer(Int64(seq)),
                ])
            let data = try #require(gateway.takeSteps().events(.agent).first?.payload["data"])
            #expect((data["text"] != nil) == (seq == 1))
        }
    }

    @Test("a result is committed with the run's end, then answered, then announced once; sockets and grant go")
    func complete() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        let second = gateway.connect(.worker(try #require(child.order)))
        _ = gateway.takeSteps()
        let answer = gateway.call(
            worker, .runComplete,
            ["runId": .string(child.runID), "status": "ok", "text": "42", "exitCode": 0, "totalBytes": 1000])
        #expect(answer?["payload"] == ["ok": true])
        let steps = gateway.takeSteps()
        #expect(steps.names == ["commit", "respond", "agent lifecycle", "chat", "close 4001", "presence"])
        #expect(steps.closes.map(\.0) == [second])
        let operations = try #require(steps.commits.first)
        #expect(operations.count { if case .putResult = $0 { true } else { false } } == 1)
        #expect(operations.contains { if case .putRun(let run, _) = $0 { run.status == .ok } else { false } })
        #expect(operations.contains { if case .putGrant(let grant, _) = $0 { grant.state == .ended } else { false } })
        let event = try #require(steps.terminalEvents(of: child.runID).first)
        #expect(event["data"]?["phase"] == "end")
        #expect(event["data"]?["status"] == "ok")
        #expect(
            event["data"]?["result"] == ["status": "ok", "text": "42", "exitCode": 0, "totalBytes": 1000])
        #expect(gateway.store.results[child.runID]?.text == "42")
        #expect(gateway.store.results[child.runID]?.requesterKey == TestGateway.mainKey)
    }

    @Test("a result after the end is answered and ends nothing again", arguments: ["ok", "error", "killed", "timeout"])
    func completeTwice(_ status: String) throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        gateway.complete(worker, child.runID)
        let end = gateway.end(of: child.runID)
        _ = gateway.takeSteps()
        #expect(gateway.complete(worker, child.runID, status: status, text: "again")?["payload"] == ["ok": true])
        let steps = gateway.takeSteps()
        #expect(steps.terminalEvents(of: child.runID).isEmpty)
        #expect(gateway.store.resultWrites[child.runID] == 1)
        #expect(gateway.store.ends[child.runID] == 1)
        #expect(gateway.end(of: child.runID) == end)
    }

    @Test("a second result is not acknowledged before the first is durable")
    func completeWaits() throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        gateway.commitMode = .held
        #expect(gateway.complete(worker, child.runID) == nil)
        #expect(gateway.complete(worker, child.runID) == nil)
        gateway.release()
    }

    @Test(
        "a result of the wrong shape is refused and the run goes on",
        arguments: [
            (["status": "fine"], "at /status: must be ok, error, timeout or killed"),
            (["status": "lost"], "at /status: must be ok, error, timeout or killed"),
            (["status": "ok", "exitCode": 256], "at /exitCode: must be from 0 to 255"),
            (["status": "ok", "exitCode": -1], "at /exitCode: must be from 0 to 255"),
            (["status": "ok", "text": 1], "at /text: must be string"),
        ] as [(JSON, String)])
    func invalidResult(_ params: JSON, _ why: String) throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        var object = try #require(params.object)
        object["runId"] = .string(child.runID)
        let answer = gateway.call(worker, .runComplete, .object(object))
        #expect(answer?["error"]?["message"] == .string("invalid run.complete params: \(why)"))
        #expect(gateway.end(of: child.runID) == nil)
    }

    @Test("a result text may have 100 KiB, not one byte more")
    func resultLimit() throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        let limit = RunEnd.maxTextBytes
        let over = gateway.complete(worker, child.runID, text: String(repeating: "x", count: limit + 1))
        #expect(over?["ok"] == false)
        #expect(gateway.complete(worker, child.runID, text: String(repeating: "x", count: limit))?["ok"] == true)
        #expect(gateway.store.results[child.runID]?.text.utf8.count == limit)
    }

    @Test("when the end cannot be stored the worker is told so, waiters still hear of it, and a retry stores it")
    func completeFails() throws {
        let gateway = try TestGateway(limits: { $0.maxConcurrent = 1 })
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        let next = try gateway.spawn(owner)
        gateway.call(owner, .agentWait, ["runId": .string(child.runID)])
        let waiting = gateway.lastRequestID
        gateway.commitMode = .failing
        #expect(gateway.complete(worker, child.runID)?["error"]?["code"] == "UNAVAILABLE")
        #expect(gateway.response(to: waiting)?["payload"]?["status"] == "ok")
        #expect(gateway.takeSteps().terminalEvents(of: child.runID).count == 1)
        gateway.commitMode = .atOnce
        #expect(gateway.complete(worker, child.runID)?["ok"] == true)
        #expect(gateway.store.results[child.runID]?.text == "done")
        #expect(gateway.store.runs[child.runID]?.status == .ok)
        #expect(gateway.takeSteps().terminalEvents(of: child.runID).isEmpty)
        #expect(gateway.core.table.runs[next.runID]?.phase != .queued)
    }

    @Test("cleanup: delete removes the session with the end")
    func cleanup() throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()), ["task": "w", "cleanup": "delete"])
        gateway.complete(worker, child.runID)
        #expect(gateway.store.sessions[child.sessionKey] == nil)
        #expect(gateway.core.table.sessions[child.sessionKey] == nil)
        let waiter = gateway.connect(.owner())
        let outcome = gateway.call(waiter, .agentWait, ["runId": .string(child.runID)])
        #expect(outcome?["payload"]?["status"] == "ok", "the run is still known")
    }
}
