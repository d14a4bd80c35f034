import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Sessions that go on: mode session")
struct KeptAgentTests {
    private struct Stage {
        let gateway: TestGateway
        let owner: ConnectionID
        let run: String
        let key: String
        let order: LaunchOrder
        let worker: ConnectionID

        init(_ change: (inout ACPPolicy) -> Void = { _ in }, _ more: [(String, JSON)] = []) throws {
            gateway = try ACPRunTests.gateway(change)
            owner = gateway.connect(.owner())
            let params = JSON.object(
                JSONObject([("task", "work"), ("agentId", "coder"), ("mode", "session")] + more))
            let answer = try #require(gateway.call(owner, .sessionsSpawn, params)?["payload"])
            #expect(answer["status"] == "accepted" && answer["mode"] == "session", "\(answer)")
            run = try #require(answer["runId"]?.string)
            key = try #require(answer["childSessionKey"]?.string)
            order = try #require(gateway.takeSteps().launches.first)
            worker = gateway.connect(.worker(order))
            #expect(gateway.call(worker, .runAttach, ["runId": .string(run)])?["ok"] == true)
            _ = gateway.takeSteps()
        }

        func send(_ id: String) {
            gateway.call(
                owner, .chatSend,
                ["sessionKey": .string(key), "message": "more", "idempotencyKey": .string(id)])
        }

        func endFirst() { gateway.complete(worker, run) }
    }

    @Test("the launch says what is kept; a message to the session is launched with the same")
    func kept() throws {
        let stage = try Stage({ _ in }, [("cleanup", "delete")])
        let kept = try #require(stage.order.kept)
        #expect(kept.idleMs == 600_000)
        #expect(kept.sessionID == stage.gateway.core.table.sessions[stage.key]?.sessionID)
        stage.endFirst()
        // Kept, whatever cleanup says.
        #expect(stage.gateway.core.table.sessions[stage.key] != nil)
        #expect(stage.gateway.core.mayKeepAgent(of: stage.key, kept))
        _ = stage.gateway.takeSteps()
        stage.send("turn-1")
        let next = try #require(stage.gateway.takeSteps().launches.first)
        #expect(next.runID == "turn-1" && next.kept == kept)
        // Its own key and token each time.
        #expect(next.runToken != stage.order.runToken && next.identity.deviceID != stage.order.identity.deviceID)
    }

    @Test("what the process is started with decides whether it serves the next run")
    func terms() throws {
        let stage = try Stage()
        stage.endFirst()
        stage.gateway.call(stage.owner, .sessionsPatch, ["key": .string(stage.key), "model": "other"])
        _ = stage.gateway.takeSteps()
        stage.send("turn-1")
        let next = try #require(stage.gateway.takeSteps().launches.first?.kept)
        #expect(next.sessionID == stage.order.kept?.sessionID)
        #expect(next.terms != stage.order.kept?.terms)
    }

    @Test("no process is kept where the owner does not want it, nor for mode run")
    func off() throws {
        let stage = try Stage { $0.idleMs = 0 }
        #expect(stage.order.kept == nil)
        let gateway = try ACPRunTests.gateway()
        gateway.call(gateway.connect(.owner()), .sessionsSpawn, ["task": "work", "agentId": "coder"])
        #expect(gateway.takeSteps().launches.first.map { $0.kept == nil } == true)
    }

    @Test("a message that comes during the first run waits for its end")
    func waits() throws {
        let stage = try Stage()
        stage.send("turn-1")
        #expect(stage.gateway.takeSteps().launches.isEmpty)
        stage.endFirst()
        #expect(stage.gateway.takeSteps().launches.map(\.runID) == ["turn-1"])
    }

    @Test("what a later message has the agent spawn is launched, and ends with the session")
    func grandchildren() throws {
        let stage = try Stage()
        let first = try stage.gateway.spawn(stage.worker, ["task": "one", "agentId": "main"])
        #expect(first.order != nil)
        stage.endFirst()
        // What the first run has spawned ends with it.
        #expect(stage.gateway.end(of: first.runID)?.status == .killed)
        let turn = try stage.gateway.beginTurn(stage.owner, "turn-1", key: .string(stage.key))
        let second = try stage.gateway.spawn(turn, ["task": "two", "agentId": "main"])
        // It is let in, though the run by which its parent's session was spawned is over.
        let worker = stage.gateway.connect(.worker(try #require(second.order)))
        #expect(stage.gateway.call(worker, .runAttach, ["runId": .string(second.runID)])?["ok"] == true)
        #expect(stage.gateway.end(of: second.runID) == nil)
        stage.gateway.call(stage.owner, .sessionsDelete, ["key": .string(stage.key)])
        #expect(stage.gateway.end(of: second.runID)?.status == .killed)
    }

    @Test("steering ends the first run, and the message is launched")
    func steer() throws {
        let stage = try Stage()
        let answer = stage.gateway.tool(
            stage.owner, "subagents", ["action": "steer", "target": "1", "message": "turn round"])
        let launches = stage.gateway.takeSteps().launches
        #expect(launches.count == 1, "\(answer ?? .null)")
        #expect(stage.gateway.end(of: stage.run)?.status == .killed)
        let turn = try #require(launches.first?.runID)
        // As it is in memory, so it is on the disk.
        #expect(stage.gateway.store.runs[turn]?.launches == 1)
        #expect(stage.gateway.store.runs[turn]?.status == .launching)
    }

    @Test("whoever ends what a session has to do ends its process", arguments: ["delete", "reset", "abort", "kill"])
    func closing(_ how: String) throws {
        let stage = try Stage()
        stage.endFirst()
        let kept = try #require(stage.order.kept)
        _ = stage.gateway.takeSteps()
        let key = JSON.string(stage.key)
        switch how {
        case "delete": stage.gateway.call(stage.owner, .sessionsDelete, ["key": key])
        case "reset": stage.gateway.call(stage.owner, .sessionsReset, ["key": key])
        case "abort":
            let answer = stage.gateway.call(stage.owner, .sessionsAbort, ["key": key])
            #expect(
                answer?["payload"] == [
                    "ok": true, "abortedRunId": nil, "status": "no-active-run", "keptAgentClosed": true,
                ])
        default: _ = stage.gateway.tool(stage.owner, "subagents", ["action": "kill", "target": "1"])
        }
        let closed = stage.gateway.takeSteps().compactMap { if case .closeKept(let key) = $0 { key } else { nil } }
        #expect(closed == [stage.key])
        #expect(stage.gateway.core.mayKeepAgent(of: stage.key, kept) == (how == "abort" || how == "kill"))
    }

    @Test("a session is not archived while a turn of it goes on")
    func archive() throws {
        let stage = try Stage()
        stage.endFirst()
        stage.send("turn-1")
        stage.gateway.advance(ms: 61 * 60_000)
        #expect(stage.gateway.core.table.sessions[stage.key] != nil)
        stage.gateway.call(stage.owner, .sessionsAbort, ["runId": "turn-1"])
        stage.gateway.advance(ms: 61 * 60_000)
        #expect(stage.gateway.core.table.sessions[stage.key] == nil)
    }

    @Test("it is still such a session after a restart")
    func restart() throws {
        let stage = try Stage()
        stage.endFirst()
        let session = Session(try #require(stage.gateway.store.sessions[stage.key]))
        #expect(session.acp?.isPersistent == true)
    }

    @Test("a thread cannot be had, and commands cannot go on, in upstream's words")
    func refusals() throws {
        let gateway = try ACPRunTests.gateway()
        let owner = gateway.connect(.owner())
        let thread = gateway.call(
            owner, .sessionsSpawn, ["task": "x", "agentId": "coder", "mode": "session", "thread": true])?["payload"]
        #expect(thread?["errorCode"] == "thread_binding_invalid")
        #expect(
            thread?["error"]
                == "thread=true is unavailable because no channel plugin registered subagent_spawning hooks.")
        let native = gateway.call(owner, .sessionsSpawn, ["task": "x", "mode": "session"])?["payload"]
        #expect(
            native?["error"] == "mode=\"session\" requires thread=true so the subagent can stay bound to a thread.")
    }
}
