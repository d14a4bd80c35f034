import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Runs that are killed, late or gone")
struct RunEndTests {
    @Test("an abort tells the worker, ends the run as killed, stops the process, and answers last")
    func abort() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        _ = gateway.takeSteps()
        let answer = gateway.call(owner, .sessionsAbort, ["key": .string(child.sessionKey)])
        #expect(answer?["payload"] == ["ok": true, "abortedRunId": .string(child.runID), "status": "aborted"])
        let steps = gateway.takeSteps()
        #expect(
            steps.names == [
                "run.cancel", "commit", "agent lifecycle", "chat", "close 4001", "stop", "commit", "respond",
                "presence",
            ])
        #expect(steps.events(.runCancel).first?.to == [worker])
        #expect(steps.stops == [child.runID])
        #expect(gateway.end(of: child.runID)?.status == .killed)
        let again = gateway.call(owner, .sessionsAbort, ["runId": .string(child.runID)])
        #expect(again?["payload"] == ["ok": true, "abortedRunId": nil, "status": "no-active-run"])
    }

    @Test("a derived device aborts what it spawned, at any depth, and nothing else")
    func abortOwnChildren() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        let (other, _) = try gateway.running(owner)
        let (grandchild, middle) = try gateway.running(worker)
        let (last, _) = try gateway.running(middle)
        for foreign in [other.runID, child.runID] {
            let answer = gateway.call(worker, .sessionsAbort, ["runId": .string(foreign)])
            #expect(answer?["error"]?["details"]?["code"] == "NOT_YOUR_CHILD")
        }
        #expect(gateway.call(worker, .sessionsAbort, ["runId": .string(last.runID)])?["ok"] == true)
        #expect(gateway.end(of: last.runID)?.status == .killed)
        #expect(gateway.call(worker, .sessionsAbort, ["key": .string(grandchild.sessionKey)])?["ok"] == true)
        #expect(gateway.end(of: grandchild.runID)?.status == .killed)
        #expect(gateway.end(of: other.runID) == nil)
    }

    @Test("a run ends with its time as timeout, and is told so")
    func timeout() throws {
        let gateway = try TestGateway()
        let (child, _) = try gateway.running(gateway.connect(.owner()), ["task": "w", "runTimeoutSeconds": 5])
        _ = gateway.takeSteps()
        gateway.advance(ms: 4999)
        #expect(gateway.end(of: child.runID) == nil)
        gateway.advance(ms: 1)
        #expect(gateway.end(of: child.runID)?.status == .timeout)
        let steps = gateway.takeSteps()
        #expect(steps.stops == [child.runID])
        #expect(steps.terminalEvents(of: child.runID).first?["data"]?["phase"] == "error")
        #expect(steps.terminalEvents(of: child.runID).first?["data"]?["status"] == "timeout")
    }

    @Test("a worker that never attaches is replaced once, with a new token, then the run ends as error")
    func launchTimeout() throws {
        let gateway = try TestGateway()
        let child = try gateway.spawn(gateway.connect(.owner()))
        let first = try #require(child.order)
        _ = gateway.takeSteps()
        gateway.advance(ms: 29_999)
        #expect(gateway.takeSteps().launches.isEmpty)
        gateway.advance(ms: 1)
        let steps = gateway.takeSteps()
        #expect(steps.names.filter { $0 != "tick" } == ["stop", "commit", "launch"])
        let second = try #require(steps.launches.first)
        #expect(second.identity.deviceID == first.identity.deviceID)
        #expect(second.runToken != first.runToken)
        #expect(gateway.store.grants[first.identity.deviceID]?.runTokenSHA256 == sha256(second.runToken))
        gateway.connect(.worker(first, token: first.runToken))
        #expect(gateway.takeSteps().names == ["refuse", "close 1008"])
        gateway.advance(ms: 30_000)
        #expect(gateway.end(of: child.runID)?.status == .error)
        #expect(gateway.end(of: child.runID)?.cause == "no worker attached within 30000 ms")
        #expect(gateway.takeSteps().terminalEvents(of: child.runID).count == 1)
        gateway.advance(ms: 30_000)
        #expect(gateway.takeSteps().launches.isEmpty)
    }

    @Test("a worker that goes before it attached is replaced once; one that cannot be started too")
    func earlyExit() throws {
        for isExit in [true, false] {
            let gateway = try TestGateway()
            let child = try gateway.spawn(gateway.connect(.owner()))
            func fail() -> [Step] {
                _ = gateway.takeSteps()
                gateway.perform(
                    isExit
                        ? gateway.core.workerExited(runID: child.runID, how: "signal 9", nowMs: gateway.nowMs)
                        : gateway.core.launchFailed(runID: child.runID, why: "no such file", nowMs: gateway.nowMs))
                return gateway.takeSteps()
            }
            #expect(fail().launches.count == 1)
            #expect(fail().launches.isEmpty)
            #expect(gateway.end(of: child.runID)?.status == .error)
            #expect(
                gateway.end(of: child.runID)?.cause
                    == (isExit ? "the worker ended before it attached (signal 9)" : "no such file"))
            #expect(fail().isEmpty)
        }
    }

    @Test("a worker that goes while it runs ends the run as lost, with what it had said")
    func exitWhileRunning() throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        gateway.call(
            worker, .runOutput, ["runId": .string(child.runID), "stream": "stdout", "text": "half", "seq": 1])
        gateway.disconnect(worker)
        #expect(gateway.end(of: child.runID) == nil, "a run does not hang on a socket")
        gateway.perform(gateway.core.workerExited(runID: child.runID, how: "signal 11", nowMs: gateway.nowMs))
        let end = try #require(gateway.end(of: child.runID))
        #expect(end.status == .lost)
        #expect(end.cause == "the worker ended without a result (signal 11)")
        #expect(end.text == "half")
        #expect(gateway.takeSteps().terminalEvents(of: child.runID).count == 1)
    }

    @Test("a worker that goes after its result changes nothing; nor does one of a run nobody knows")
    func exitAfterEnd() throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        gateway.complete(worker, child.runID)
        _ = gateway.takeSteps()
        gateway.perform(gateway.core.workerExited(runID: child.runID, how: "exit code 0", nowMs: gateway.nowMs))
        gateway.perform(gateway.core.workerExited(runID: "nobody", how: "exit code 0", nowMs: gateway.nowMs))
        gateway.perform(gateway.core.launchFailed(runID: child.runID, why: "late", nowMs: gateway.nowMs))
        #expect(gateway.takeSteps().isEmpty)
        #expect(gateway.end(of: child.runID)?.status == .ok)
    }

    @Test("a parent's end takes everything below with it, queued runs too, and launches none of them")
    func cascade() throws {
        let gateway = try TestGateway(limits: { $0.maxConcurrent = 1 })
        let (child, worker) = try gateway.running(gateway.connect(.owner()))
        let (grandchild, middle) = try gateway.running(worker)
        let waiting = try gateway.spawn(worker)
        let (last, _) = try gateway.running(middle)
        _ = gateway.takeSteps()
        gateway.complete(worker, child.runID)
        let steps = gateway.takeSteps()
        for run in [grandchild, waiting, last] {
            #expect(gateway.end(of: run.runID)?.status == .killed)
            #expect(steps.terminalEvents(of: run.runID).count == 1)
        }
        #expect(steps.launches.isEmpty)
        #expect(gateway.end(of: waiting.runID)?.cause == "its parent \(child.sessionKey) ended")
        #expect(Set(steps.stops) == [grandchild.runID, waiting.runID, last.runID])
        #expect(gateway.core.table.unendedRuns.isEmpty)
        #expect(gateway.store.grants.values.filter { !$0.runId.isEmpty }.allSatisfy { $0.state == .ended })
    }

    @Test("for 30 s after the end the worker may reconnect to report, and do nothing else")
    func reportingGrace() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, _) = try gateway.running(owner)
        gateway.call(owner, .sessionsAbort, ["runId": .string(child.runID)])
        gateway.nowMs += LineageRegistry.reportingGraceMs - 1
        let order = try #require(child.order)
        let late = gateway.connect(.worker(order))
        #expect(gateway.call(late, .sessionsSpawn, ["task": "w"])?["error"]?["details"]?["code"] == "RUN_ENDED")
        #expect(gateway.call(late, .sessionsList)?["error"]?["details"]?["code"] == "RUN_ENDED")
        #expect(gateway.complete(late, child.runID)?["ok"] == true)
        #expect(gateway.end(of: child.runID)?.status == .killed)
        gateway.nowMs += 1
        _ = gateway.takeSteps()
        gateway.connect(.worker(order))
        #expect(gateway.takeSteps().names == ["refuse", "close 1008"])
    }

    @Test("the connection that handed in the result may do nothing more with it", arguments: [true, false])
    func afterTheResult(_ isDeleted: Bool) throws {
        let gateway = try TestGateway()
        let (child, worker) = try gateway.running(
            gateway.connect(.owner()), ["task": "w", "cleanup": isDeleted ? "delete" : "keep"])
        gateway.complete(worker, child.runID)
        for method in [Wire.Method.sessionsSpawn, .sessionsList, .sessionsAbort, .agentWait] {
            let answer = gateway.call(worker, method, ["task": "w", "runId": .string(child.runID)])
            #expect(answer?["error"]?["details"]?["code"] == "RUN_ENDED")
        }
    }
}
