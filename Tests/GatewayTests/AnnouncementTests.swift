import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Results that nobody waited for go to the session whose agent asked")
struct AnnouncementTests {
    private struct Scene {
        let gateway: TestGateway
        let owner: ConnectionID
        let agent: ConnectionID
        let child: TestGateway.Child
        let worker: ConnectionID
    }

    /// The main agent is in a turn and has started a child, which is at work.
    private func scene(_ params: JSON = ["task": "work", "label": "digging"]) throws -> Scene {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.call(owner, .chatSend, ["sessionKey": "main", "message": "go", "idempotencyKey": "turn"])
        let order = try #require(gateway.takeSteps().launches.last)
        let agent = gateway.connect(.worker(order))
        gateway.call(agent, .runAttach, ["runId": "turn"])
        let (child, worker) = try gateway.running(agent, params)
        _ = gateway.takeSteps()
        return Scene(gateway: gateway, owner: owner, agent: agent, child: child, worker: worker)
    }

    private func announcement(_ scene: Scene, _ attempt: Int = 1) -> String {
        Announcement.runID(of: scene.child.runID, attempt: attempt)
    }

    @Test("the result waits for the turn under way, then is the next one")
    func arrives() throws {
        let scene = try scene()
        let gateway = scene.gateway
        gateway.complete(scene.worker, scene.child.runID, text: "gold")
        #expect(gateway.takeSteps().launches.isEmpty, "one turn at a time")
        gateway.complete(scene.agent, "turn")
        let order = try #require(gateway.takeSteps().launches.first)
        #expect(order.runID == announcement(scene))
        let agent = gateway.connect(.worker(order))
        let task = gateway.call(agent, .runAttach, ["runId": .string(order.runID)])?["payload"]?["task"]?.string ?? ""
        for part in ["digging", "completed", scene.child.sessionKey, scene.child.runID, "gold"] {
            #expect(task.contains(part), "\(part) in \(task)")
        }
        #expect(!gateway.core.acknowledgedRuns.contains(scene.child.runID))
        gateway.complete(agent, order.runID)
        #expect(gateway.core.acknowledgedRuns.contains(scene.child.runID))
        #expect(gateway.takeSteps().launches.isEmpty)
    }

    @Test("the end of the run and its announcement are one commit, and survive a restart")
    func isDurable() throws {
        let scene = try scene()
        let gateway = scene.gateway
        gateway.complete(scene.worker, scene.child.runID)
        let commit = try #require(gateway.takeSteps().commits.first)
        let runs = commit.compactMap { if case .putRun(let run, _) = $0 { run.runId } else { nil } }
        #expect(runs.contains(scene.child.runID) && runs.contains(announcement(scene)))
        let next = try gateway.restarted()
        #expect(next.core.table.runs[announcement(scene)]?.phase == .queued)
        let before = try #require(next.core.table.runs["turn"])
        #expect(!before.phase.isEnded)
        next.advance(ms: 60_000)
        #expect(next.takeSteps().launches.map(\.runID) == [announcement(scene)])
    }

    @Test("a child that ends after a restart is announced, too")
    func afterRestart() throws {
        let scene = try scene()
        let order = try #require(scene.child.order)
        scene.gateway.complete(scene.agent, "turn")
        let next = try scene.gateway.restarted()
        let worker = next.connect(.worker(order))
        next.call(worker, .runAttach, ["runId": .string(scene.child.runID)])
        next.complete(worker, scene.child.runID)
        #expect(next.takeSteps().launches.map(\.runID) == [announcement(scene)])
    }

    @Test("who waits has it, and nothing is announced")
    func waited() throws {
        let scene = try scene()
        let gateway = scene.gateway
        gateway.call(scene.agent, .agentWait, ["runId": .string(scene.child.runID)])
        gateway.complete(scene.worker, scene.child.runID)
        #expect(gateway.core.table.runs[announcement(scene)] == nil)

        let later = try self.scene()
        later.gateway.complete(later.worker, later.child.runID)
        later.gateway.call(later.agent, .agentWait, ["runId": .string(later.child.runID)])
        later.gateway.complete(later.agent, "turn")
        #expect(later.gateway.takeSteps().launches.isEmpty, "what was fetched meanwhile is not said again")
        #expect(later.gateway.end(of: announcement(later))?.status == .killed)
    }

    @Test("subagents wait collects several at once, or says at its time who is still at work")
    func collects() throws {
        let scene = try scene()
        let gateway = scene.gateway
        let (second, worker) = try gateway.running(scene.agent)
        let ids: JSON = [.string(scene.child.runID), .string(second.runID)]
        gateway.call(
            scene.agent, .toolsInvoke, ["tool": "subagents", "args": ["action": "wait", "runIds": ids]])
        let first = gateway.lastRequestID
        gateway.complete(scene.worker, scene.child.runID, text: "one")
        #expect(gateway.response(to: first) == nil)
        gateway.advance(ms: 31_000)
        let partly = gateway.response(to: first)?["payload"]?["result"]
        #expect(partly?["status"] == "timeout")
        #expect(partly?["runs"]?.array?.map { $0["status"] } == ["ok", "running"])
        gateway.call(
            scene.agent, .toolsInvoke, ["tool": "subagents", "args": ["action": "wait", "runIds": ids]])
        let again = gateway.lastRequestID
        gateway.complete(worker, second.runID, text: "two")
        let all = gateway.response(to: again)?["payload"]?["result"]
        #expect(all?["status"] == "ok")
        #expect(all?["runs"]?.array?.map { $0["text"] } == ["one", "two"])
        #expect(gateway.core.table.runs[Announcement.runID(of: second.runID, attempt: 1)] == nil)
    }

    @Test("an announcement that fails is tried again, three times in all")
    func attempts() throws {
        let scene = try scene()
        let gateway = scene.gateway
        gateway.complete(scene.agent, "turn")
        gateway.complete(scene.worker, scene.child.runID)
        for attempt in 1...3 {
            let order = try #require(gateway.takeSteps().launches.first)
            #expect(order.runID == announcement(scene, attempt))
            let agent = gateway.connect(.worker(order))
            gateway.call(agent, .runAttach, ["runId": .string(order.runID)])
            gateway.complete(agent, order.runID, status: "error")
        }
        #expect(gateway.takeSteps().launches.isEmpty)
        #expect(!gateway.core.acknowledgedRuns.contains(scene.child.runID), "it stays to be asked for")
    }

    @Test("what an owner spawned by hand is not announced to an agent")
    func byHand() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (child, worker) = try gateway.running(owner)
        gateway.complete(worker, child.runID)
        #expect(gateway.takeSteps().launches.map(\.runID) == [child.runID])
    }

    @Test("a child whose session goes with it is announced all the same")
    func deletedSession() throws {
        let scene = try scene(["task": "work", "cleanup": "delete"])
        scene.gateway.complete(scene.agent, "turn")
        scene.gateway.complete(scene.worker, scene.child.runID)
        #expect(scene.gateway.takeSteps().launches.map(\.runID) == [announcement(scene)])
    }
}
