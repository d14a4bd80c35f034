import Crypto
import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("What the store refused has not happened to sessions")
struct FailedSessionCommitTests {
    private func settled() throws -> (gateway: TestGateway, owner: ConnectionID) {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let worker = try gateway.beginTurn(owner, "before", key: "agent:main:side")
        gateway.complete(worker, "before", text: "an answer")
        gateway.call(owner, .sessionsPatch, ["key": "agent:main:side", "label": "Side", "model": "m", "pinned": true])
        return (gateway, owner)
    }

    private static let changes: [(Wire.Method, JSON)] = [
        (.sessionsPatch, ["key": "agent:main:side", "label": "Other", "model": nil, "category": "c"]),
        (.sessionsPatch, ["key": "agent:main:new", "label": "Other"]),
        (.sessionsReset, ["key": "agent:main:side"]),
        (.sessionsReset, ["key": "agent:main:new"]),
        (.sessionsDelete, ["key": "agent:main:side"]),
        (.sessionsCompact, ["key": "agent:main:side", "maxLines": 1]),
        (.sessionsCreate, ["key": "agent:main:new", "label": "Other"]),
        (.sessionsCreate, ["key": "agent:main:new", "message": "hi", "idempotencyKey": "k"]),
        (.sessionsCreate, ["key": "agent:main:side", "model": "other"]),
        (.sessionsSend, ["key": "agent:main:new", "message": "hi", "idempotencyKey": "k"]),
        (.sessionsSend, ["key": "agent:main:side", "message": "hi", "idempotencyKey": "k"]),
        (.chatSend, ["sessionKey": "agent:main:side", "message": "hi", "idempotencyKey": "k"]),
        (.chatInject, ["sessionKey": "agent:main:side", "message": "hi"]),
        (.chatInject, ["sessionKey": "agent:main:new", "message": "hi"]),
        (.agent, ["sessionKey": "agent:main:new", "message": "hi", "idempotencyKey": "k"]),
        (.toolsInvoke, ["tool": "session_status", "args": ["sessionKey": "agent:main:side", "model": "other"]]),
        (.toolsInvoke, ["tool": "sessions_send", "args": ["sessionKey": "agent:main:new", "message": "hi"]]),
        (.wake, ["mode": "now", "text": "hi", "sessionKey": "agent:main:side"]),
    ]

    @Test("everything is as it was, and the same request works when the disk does", arguments: changes)
    func taken(_ method: Wire.Method, _ params: JSON) throws {
        let (gateway, owner) = try settled()
        let before = gateway.core.table.sessions
        let stored = gateway.store.sessions
        gateway.commitMode = .failing
        let answer = gateway.call(owner, method, params)
        gateway.commitMode = .atOnce
        #expect(answer?["ok"] == false)
        #expect(answer?["error"]?["code"] == "UNAVAILABLE", "\(answer ?? .null)")
        // Numbers of messages go on.
        let now = gateway.core.table.sessions.mapValues { session in
            var session = session
            session.lastSeq = before[session.key]?.lastSeq ?? 0
            return session
        }
        #expect(now == before)
        #expect(gateway.store.sessions == stored)
        #expect(gateway.core.table.unendedRuns.isEmpty)
        #expect(gateway.core.waiters.isEmpty)
        #expect(gateway.core.exchanges.isEmpty)
        #expect(gateway.core.connections[owner]?.waits == 0)
        #expect(gateway.takeSteps().launches.filter { $0.runID == "k" }.isEmpty)
        let again = gateway.call(owner, method, params)
        #expect(again?["ok"] ?? true == true, "\(again ?? .null)")
    }

    @Test("what was changed meanwhile stays")
    func meanwhile() throws {
        let (gateway, owner) = try settled()
        gateway.commitMode = .held
        gateway.call(owner, .sessionsPatch, ["key": "agent:main:side", "label": "First", "model": "first"])
        gateway.call(owner, .sessionsPatch, ["key": "agent:main:side", "label": "Second"])
        gateway.releaseFailingFirst()
        let session = try #require(gateway.core.table.sessions["agent:main:side"])
        #expect(session.label == "Second")
        #expect(session.overrides["model"] == "m")
        #expect(gateway.takeSteps().responses(to: owner).suffix(2).map { $0["ok"] } == [false, true])
    }

    @Test("a conversation that was begun by a reset goes on when only the reset failed")
    func resetAndSend() throws {
        let (gateway, owner) = try settled()
        let old = try #require(gateway.core.table.sessions["agent:main:side"]).sessionID
        gateway.commitMode = .held
        gateway.call(owner, .sessionsReset, ["key": "agent:main:side"])
        gateway.call(owner, .chatSend, ["sessionKey": "agent:main:side", "message": "new", "idempotencyKey": "k"])
        gateway.releaseFailingFirst()
        let session = try #require(gateway.core.table.sessions["agent:main:side"])
        #expect(session.sessionID != old)
        #expect(gateway.store.sessions["agent:main:side"]?.sessionId == session.sessionID)
        let history = gateway.call(owner, .chatHistory, ["sessionKey": "agent:main:side"])?["payload"]
        #expect(history?["messages"]?.array?.map(ChatMessage.plainText) == ["new"])
    }

    @Test("who waits for a run that never was is told so")
    func waiting() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let other = gateway.connect(.owner())
        gateway.commitMode = .held
        gateway.call(owner, .agent, ["message": "hi", "idempotencyKey": "k"])
        gateway.call(other, .agentWait, ["runId": "k", "timeoutMs": 60000])
        #expect(gateway.core.connections[other]?.waits == 1)
        gateway.release(.failing)
        let steps = gateway.takeSteps()
        #expect(steps.responses(to: owner).filter { $0["ok"] == false }.count == 1, "one answer to one request")
        #expect(steps.responses(to: other).last?["error"]?["code"] == "UNAVAILABLE")
        #expect(gateway.core.waiters.isEmpty)
        for id in [owner, other] { #expect(gateway.core.connections[id]?.waits == 0) }
    }

    @Test("a spawn that never was answers who waits for it")
    func spawns() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.commitMode = .held
        gateway.call(owner, .sessionsSpawn, ["task": "work"])
        let runID = try #require(gateway.core.table.unendedRuns.first?.runID)
        gateway.call(owner, .agentWait, ["runId": .string(runID), "timeoutMs": 60000])
        gateway.call(owner, .toolsInvoke, ["tool": "subagents", "args": ["action": "wait"]])
        gateway.release(.failing)
        #expect(gateway.takeSteps().responses(to: owner).filter { $0["id"] != "connect" }.count == 3)
        #expect(gateway.core.connections[owner]?.waits == 0)
        #expect(gateway.core.table.unendedRuns.isEmpty)
    }
}
