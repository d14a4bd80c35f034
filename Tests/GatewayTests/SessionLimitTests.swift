import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("The number of sessions, session.maintenance.maxEntries")
struct SessionLimitTests {
    private func open(_ gateway: TestGateway, _ id: ConnectionID, _ name: String) -> JSON? {
        gateway.nowMs += 1
        return gateway.call(id, .sessionsCreate, ["key": .string(name)])
    }

    @Test("whoever was idle for longest makes room; the main, the pinned and the busy stay")
    func makingRoom() throws {
        let gateway = try TestGateway(conversation: { $0.maxSessions = 5 })
        let owner = gateway.connect(.owner())
        _ = try gateway.beginTurn(owner, "turn", key: "agent:main:busy")
        for name in ["pinned", "old", "young"] { #expect(open(gateway, owner, name)?["ok"] == true) }
        gateway.call(owner, .sessionsPatch, ["key": "pinned", "pinned": true])
        let old = try #require(gateway.core.table.sessions["agent:main:old"])
        #expect(open(gateway, owner, "another")?["ok"] == true)
        let keys = gateway.core.table.sessions.keys.sorted()
        #expect(keys == ["another", "busy", "main", "pinned", "young"].map { "agent:main:\($0)" })
        #expect(gateway.store.sessions["agent:main:old"] != nil)
        gateway.advance(ms: 300)
        #expect(gateway.store.sessions.keys.sorted() == keys)
        #expect(gateway.store.archived[old.sessionID] == .deleted)
        // Sent to again it is another conversation.
        #expect(open(gateway, owner, "old")?["ok"] == true)
        #expect(gateway.core.table.sessions["agent:main:old"]?.sessionID != old.sessionID)
    }

    @Test("a session that is opened anew before its end is stored is not deleted by that")
    func reopened() throws {
        let gateway = try TestGateway(conversation: { $0.maxSessions = 3 })
        let owner = gateway.connect(.owner())
        for name in ["a", "b", "c"] { _ = open(gateway, owner, name) }
        #expect(gateway.core.table.sessions["agent:main:a"] == nil)
        _ = open(gateway, owner, "a")
        let fresh = try #require(gateway.core.table.sessions["agent:main:a"])
        gateway.advance(ms: 300)
        #expect(gateway.store.sessions["agent:main:a"]?.sessionId == fresh.sessionID)
        #expect(gateway.store.archived[fresh.sessionID] == nil)
        #expect(gateway.store.sessions.count == 3)
    }

    @Test("there are never more, however many somebody names")
    func bound() throws {
        let gateway = try TestGateway(conversation: { $0.maxSessions = 50 })
        let writer = gateway.connect(.owner(scopes: ["operator.write"]))
        for index in 0..<500 {
            let params: JSON = ["key": .string("agent:main:n\(index)"), "label": .string("l\(index)")]
            #expect(gateway.call(writer, .sessionsPatch, params)?["ok"] == true)
        }
        #expect(gateway.core.table.sessions.count <= 50)
        gateway.advance(ms: 300)
        #expect(gateway.store.sessions.count <= 50)
        #expect(gateway.core.letGo.isEmpty)
    }

    @Test("where nothing may be removed a new one is refused, and says what mends it")
    func refused() throws {
        let gateway = try TestGateway(conversation: {
            $0.maxSessions = 2
            $0.archivesOldest = false
        })
        let owner = gateway.connect(.owner())
        #expect(open(gateway, owner, "a")?["ok"] == true)
        let refusal = open(gateway, owner, "b")?["error"]
        #expect(refusal?["details"]?["code"] == "TOO_MANY_SESSIONS")
        #expect(refusal?["details"]?["remediationHint"]?.string?.contains("session.maintenance.maxEntries") == true)
        #expect(gateway.call(owner, .sessionsSend, ["key": "a", "message": "hi"])?["ok"] == true)
    }
}
