import Gateway
import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@Suite("Runs under the gateway itself")
struct LocalRunTests {
    private static func spawn(_ gateway: TestGateway, _ more: [(String, JSON)] = []) throws -> (LocalOrder, JSON) {
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        let params = JSON.object(JSONObject([("task", "work"), ("runtime", "local")] + more))
        let answer = try #require(gateway.call(owner, .sessionsSpawn, params)?["payload"])
        let order = try #require(gateway.steps.localLaunches.last, "\(answer)")
        #expect(answer["status"] == "accepted" && answer["runId"]?.string == order.runID)
        return (order, answer)
    }

    private static func end(_ status: RunEnd.Status, code: Int?, _ text: String, at nowMs: Int64) -> RunEnd {
        RunEnd(
            status: status, cause: nil, exitCode: code, text: text, totalBytes: text.utf8.count, endedAtMs: nowMs)
    }

    @Test("a spawn prepares a command without key and token, begins when that is durable, and ends once")
    func life() throws {
        let gateway = try TestGateway()
        let (order, answer) = try Self.spawn(gateway)
        #expect(order.attempt == 1)
        #expect(order.sessionKey == answer["childSessionKey"]?.string)
        #expect(order.sessionKey.hasPrefix("agent:main:subagent:"))
        #expect(order.work["task"] == "work")
        #expect(order.work["exec"]?["command"]?[0] == "/bin/echo")
        #expect(gateway.takeSteps().launches.isEmpty)
        // Its line is known, so that revocation reaches it; but nothing opens the gateway for it.
        let entry = try #require(gateway.core.trust.lineage.entry(forRun: order.runID))
        #expect(entry.runTokenDigest == nil)

        gateway.perform(gateway.core.localReady(runID: order.runID, attempt: 1, nowMs: gateway.nowMs))
        let began = gateway.takeSteps()
        #expect(Array(began.names.prefix(2)) == ["commit", "begin"])
        #expect(began.names.contains("agent lifecycle"))

        gateway.perform(
            gateway.core.localOutput(
                runID: order.runID, attempt: 1, stream: .stdout, text: "hello\n", nowMs: gateway.nowMs))
        gateway.perform(
            gateway.core.localOutput(runID: order.runID, attempt: 1, stream: .stderr, text: "hm", nowMs: gateway.nowMs))
        #expect(gateway.takeSteps().names.filter { $0 != "chat" } == ["agent assistant", "agent command_output"])

        gateway.perform(
            gateway.core.localEnded(
                runID: order.runID, attempt: 1, Self.end(.ok, code: 0, "hello\n", at: gateway.nowMs)))
        #expect(gateway.end(of: order.runID)?.text == "hello\n")
        #expect(gateway.takeSteps().names.contains("agent lifecycle"))
        gateway.perform(
            gateway.core.localEnded(
                runID: order.runID, attempt: 1, Self.end(.error, code: 1, "again", at: gateway.nowMs)))
        #expect(gateway.end(of: order.runID)?.status == .ok)
        #expect(gateway.takeSteps().names == [])
    }

    @Test("what belongs to another launch, or comes before the beginning, is not heard")
    func strays() throws {
        let gateway = try TestGateway()
        let (order, _) = try Self.spawn(gateway)
        _ = gateway.takeSteps()
        let early = gateway.core.localOutput(
            runID: order.runID, attempt: 1, stream: .stdout, text: "x", nowMs: gateway.nowMs)
        #expect(early.isEmpty)
        gateway.perform(gateway.core.localReady(runID: order.runID, attempt: 2, nowMs: gateway.nowMs))
        #expect(gateway.takeSteps().stops == [order.runID])
        gateway.perform(gateway.core.localReady(runID: order.runID, attempt: 1, nowMs: gateway.nowMs))
        _ = gateway.takeSteps()
        let stray = gateway.core.localEnded(
            runID: order.runID, attempt: 2, Self.end(.ok, code: 0, "", at: gateway.nowMs))
        #expect(stray.isEmpty && gateway.end(of: order.runID) == nil)
    }

    @Test("files of the spawn are read before the command is prepared")
    func attachments() throws {
        let gateway = try TestGateway(conversation: { $0.attachments.isEnabled = true })
        let (order, _) = try Self.spawn(
            gateway, [("attachments", [["name": "hello.txt", "content": "hello"]])])
        #expect(order.work["attachments"]?[0]?["name"] == "hello.txt")
        #expect(order.work["attachments"]?[0]?["content"] == "aGVsbG8=")
    }

    @Test("no lease is kept: a command that says nothing for days goes on, but for its own deadline")
    func deadlines() throws {
        let gateway = try TestGateway(limits: {
            $0.workerLeaseMs = 1000
            $0.workerGraceMs = 1000
        })
        let (order, _) = try Self.spawn(gateway, [("runTimeoutSeconds", 200_000)])
        gateway.perform(gateway.core.localReady(runID: order.runID, attempt: 1, nowMs: gateway.nowMs))
        gateway.advance(ms: 199_999_000)
        #expect(gateway.end(of: order.runID) == nil)
        _ = gateway.takeSteps()
        gateway.advance(ms: 1_000)
        #expect(gateway.end(of: order.runID)?.status == .timeout)
        #expect(gateway.takeSteps().stops == [order.runID])
    }

    @Test("what is not prepared in time is prepared once more, then it has failed")
    func launches() throws {
        let gateway = try TestGateway()
        let (order, _) = try Self.spawn(gateway)
        _ = gateway.takeSteps()
        gateway.perform(gateway.core.launchFailed(runID: order.runID, why: "no memory", nowMs: gateway.nowMs))
        #expect(gateway.takeSteps().localLaunches.map(\.attempt) == [2])
        gateway.perform(gateway.core.workerExited(runID: order.runID, how: "exit code 1", nowMs: gateway.nowMs))
        #expect(gateway.end(of: order.runID)?.status == .error)
    }

    @Test("when the beginning cannot be stored, nothing is run")
    func failedBeginning() throws {
        let gateway = try TestGateway()
        let (order, _) = try Self.spawn(gateway)
        _ = gateway.takeSteps()
        gateway.commitMode = .failing
        gateway.perform(gateway.core.localReady(runID: order.runID, attempt: 1, nowMs: gateway.nowMs))
        let steps = gateway.takeSteps()
        #expect(!steps.names.contains("begin") && steps.stops == [order.runID], "\(steps.names)")
        #expect(gateway.end(of: order.runID)?.status == .error)
    }

    @Test("an end that the disk refuses is written later")
    func failedEnd() throws {
        let gateway = try TestGateway()
        let (order, _) = try Self.spawn(gateway)
        gateway.perform(gateway.core.localReady(runID: order.runID, attempt: 1, nowMs: gateway.nowMs))
        gateway.commitMode = .failing
        gateway.perform(
            gateway.core.localEnded(runID: order.runID, attempt: 1, Self.end(.ok, code: 0, "x", at: gateway.nowMs)))
        #expect(gateway.store.runs[order.runID]?.status == .running)
        gateway.commitMode = .atOnce
        gateway.advance(ms: 5_001)
        #expect(gateway.store.runs[order.runID]?.status == .ok)
        #expect(gateway.store.results[order.runID]?.text == "x")
    }

    @Test(
        "a run that has begun does not outlive the gateway: it is lost, or begins anew, as configured",
        arguments: [SpawnLimits.Recovery.end, .restart, .resume])
    func restart(_ recovery: SpawnLimits.Recovery) throws {
        let before = try TestGateway(limits: { $0.recovery = recovery })
        let (order, _) = try Self.spawn(before)
        before.perform(before.core.localReady(runID: order.runID, attempt: 1, nowMs: before.nowMs))
        let gateway = try before.restarted(limits: { $0.recovery = recovery })
        let steps = gateway.takeSteps()
        if recovery == .restart {
            #expect(gateway.end(of: order.runID) == nil)
            #expect(steps.localLaunches.map(\.attempt) == [2])
            #expect(steps.stops == [order.runID])
        } else {
            #expect(gateway.end(of: order.runID)?.status == .lost)
            #expect(gateway.end(of: order.runID)?.cause?.contains("started anew") == true)
            #expect(steps.localLaunches.isEmpty)
        }
    }

    @Test("a run that had not begun is begun by the next gateway")
    func restartBefore() throws {
        let before = try TestGateway()
        let (order, _) = try Self.spawn(before)
        let gateway = try before.restarted()
        #expect(gateway.takeSteps().localLaunches.map(\.runID) == [order.runID])
        #expect(gateway.end(of: order.runID) == nil)
    }

    @Test("turns of an agent of type local are run in the same way")
    func turns() throws {
        let gateway = try TestGateway(settings: { settings in
            settings.catalog = AgentCatalog(
                agents: settings.catalog.agents.map { agent in
                    var agent = agent
                    agent.isLocal = true
                    return agent
                }, defaultAgentID: "main")
        })
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        gateway.call(
            owner, .chatSend, ["sessionKey": "main", "message": "hello", "idempotencyKey": "turn-1"])
        let order = try #require(gateway.takeSteps().localLaunches.first)
        #expect(order.runID == "turn-1" && order.work["task"] == "hello")
        gateway.perform(gateway.core.localReady(runID: "turn-1", attempt: 1, nowMs: gateway.nowMs))
        gateway.perform(
            gateway.core.localEnded(
                runID: "turn-1", attempt: 1, Self.end(.ok, code: 0, "hi", at: gateway.nowMs)))
        #expect(gateway.takeSteps().names.contains("chat"))
        let session = try #require(gateway.core.table.sessions[TestGateway.mainKey])
        #expect(gateway.store.transcripts[session.sessionID]?.map(\.role) == ["user", "assistant"])
    }

    @Test("aborting the session ends the run and its processes")
    func abort() throws {
        let gateway = try TestGateway()
        let (order, _) = try Self.spawn(gateway)
        gateway.perform(gateway.core.localReady(runID: order.runID, attempt: 1, nowMs: gateway.nowMs))
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        gateway.call(owner, .sessionsAbort, ["key": .string(order.sessionKey)])
        #expect(gateway.end(of: order.runID)?.status == .killed)
        #expect(gateway.takeSteps().stops == [order.runID])
    }
}
