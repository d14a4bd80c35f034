import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Sessions and what is done to them, wire protocol 6.4")
struct SessionTests {
    @Test("a session is opened by its name, or under a key of its own, and may begin with a turn")
    func create() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let named = gateway.call(
            owner, .sessionsCreate, ["key": "agent:worker:notes", "label": "Notes", "model": "m"])?["payload"]
        #expect(named?["key"] == "agent:worker:notes")
        #expect(named?["entry"]?["label"] == "Notes")
        #expect(named?["entry"]?["model"] == "m")
        #expect(named?["runStarted"] == false)
        let stored = try #require(gateway.store.sessions["agent:worker:notes"])
        #expect(.string(stored.sessionId) == named?["sessionId"])
        let other = gateway.call(owner, .sessionsCreate, ["message": "hello", "idempotencyKey": "first"])?["payload"]
        #expect(other?["key"]?.string?.hasPrefix("agent:main:dashboard:") == true)
        #expect(other?["runStarted"] == true)
        #expect(other?["runId"] == "first")
        #expect(gateway.takeSteps().launches.map(\.runID) == ["first"])
    }

    static let wrongCreations: [(JSON, String)] = [
        (["key": "agent:nobody:x"], "session not found"),
        (["key": "agent:main:subagent:x"], "session not found"),
        (["key": "agent:main:cron:x"], "session not found"),
        (["key": "a\u{1}b"], "control characters"),
        (["agentId": "main:a\u{1}b"], "agent's id"),
        (["key": "main", "agentId": "main:x"], "agent's id"),
        (["key": "new", "label": 5], "must be string"),
        (["key": "new", "label": "taken"], "label already in use"),
        (["key": "new", "spawnedBy": "agent:main:main"], "sessions.patch cannot set spawnedBy"),
        (["key": "new", "message": "hi", "attachments": [["content": "AA=="]]], "attachments are not available"),
        (["key": "new", "message": "hi", "idempotencyKey": "a\nb"], "control characters"),
    ]

    @Test("a session that is refused is not there", arguments: wrongCreations)
    func refusedCreation(_ params: JSON, _ text: String) throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.call(owner, .sessionsPatch, ["key": "other", "label": "taken"])
        let before = gateway.core.table.sessions
        let answer = gateway.call(owner, .sessionsCreate, params)
        #expect(answer?["error"]?["message"]?.string?.contains(text) == true, "\(answer ?? .null)")
        #expect(gateway.core.table.sessions == before)
    }

    @Test("an agent without a command has no session to send to, and none is left behind")
    func nothingToRun() throws {
        let gateway = try TestGateway(settings: { settings in
            settings.catalog = AgentCatalog(
                agents: [AgentDefinition(id: "idle", exec: nil, limits: SpawnLimits())], defaultAgentID: "main",
                fallbackLimits: SpawnLimits())
        })
        let owner = gateway.connect(.owner())
        let before = gateway.core.table.sessions
        let answer = gateway.call(
            owner, .chatSend, ["sessionKey": "agent:idle:x", "message": "hi", "idempotencyKey": "k"])
        #expect(answer?["error"]?["details"]?["code"] == "AGENT_NOT_RUNNABLE")
        #expect(gateway.core.table.sessions == before)
        let created = gateway.call(owner, .sessionsCreate, ["key": "agent:idle:x", "message": "hi"])?["payload"]
        #expect(created?["runStarted"] == false)
        #expect(created?["runError"]?.string?.contains("nothing to run") == true)
    }

    static let patches: [(JSON, String?)] = [
        (["label": "L", "pinned": true, "category": "c"], nil), (["label": nil], nil), (["archived": false], nil),
        (["sendPolicy": "deny"], "missing scope: operator.admin"), (["execHost": "h"], "missing scope: operator.admin"),
        (["spawnDepth": 0], "cannot set spawnDepth"), (["subagentRole": "leaf"], "cannot set subagentRole"),
        (["label": ""], "fewer than 1"), (["pinned": "yes"], "must be boolean"), (["model": 1], "must be string"),
    ]

    @Test("who may write sets what organises sessions, and nobody states a lineage", arguments: patches)
    func patching(_ change: JSON, _ refusal: String?) throws {
        let gateway = try TestGateway()
        let writer = gateway.connect(.owner(scopes: ["operator.write"]))
        guard case .object(var params) = change else { return }
        params["key"] = "main"
        let before = gateway.core.table.sessions
        let answer = gateway.call(writer, .sessionsPatch, .object(params))
        if let refusal {
            #expect(answer?["error"]?["message"]?.string?.contains(refusal) == true, "\(answer ?? .null)")
            #expect(gateway.core.table.sessions == before)
        } else {
            #expect(answer?["ok"] == true, "\(answer ?? .null)")
            for (name, value) in params where name != "key" {
                #expect(answer?["payload"]?["entry"]?[name] ?? .null == value)
            }
        }
    }

    @Test("a session that may not be sent to says so, until its owner changes that")
    func sendPolicy() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.call(owner, .sessionsPatch, ["key": "main", "sendPolicy": "deny"])
        let message: JSON = ["key": "main", "message": "hi"]
        #expect(gateway.call(owner, .sessionsSend, message)?["error"]?["message"] == "send blocked by session policy")
        gateway.call(owner, .sessionsPatch, ["key": "main", "sendPolicy": nil])
        #expect(gateway.call(owner, .sessionsSend, message)?["payload"]?["status"] == "started")
    }

    @Test(
        "a reset begins another conversation: what ran ends, what was said goes into the archive",
        arguments: ["new", "reset"])
    func resetting(_ reason: String) throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.call(owner, .sessionsSubscribe)
        let worker = try gateway.beginTurn(owner, "running")
        gateway.call(owner, .chatSend, ["sessionKey": "main", "message": "next", "idempotencyKey": "queued"])
        let old = try #require(gateway.core.table.sessions[TestGateway.mainKey])
        _ = gateway.takeSteps()
        let answer = gateway.call(owner, .sessionsReset, ["key": "main", "reason": .string(reason)])?["payload"]
        let fresh = try #require(gateway.core.table.sessions[TestGateway.mainKey])
        #expect(answer?["entry"]?["sessionId"] == .string(fresh.sessionID))
        #expect(fresh.sessionID != old.sessionID)
        #expect(gateway.end(of: "running")?.status == .killed)
        #expect(gateway.end(of: "queued")?.status == .killed)
        let steps = gateway.takeSteps()
        #expect(steps.launches.isEmpty, "what waited does not begin")
        #expect(steps.events(.sessionsChanged).contains { $0.payload["reason"] == .string(reason) })
        #expect(gateway.store.archived[old.sessionID] == .reset)
        #expect(gateway.call(worker, .runComplete, ["runId": "running", "status": "ok", "text": "late"]) == nil)
        let history = gateway.call(owner, .chatHistory, ["sessionKey": "main"])?["payload"]
        #expect(history?["messages"] == [])
        _ = try gateway.beginTurn(owner, "after")
        let messages = gateway.call(owner, .chatHistory, ["sessionKey": "main"])?["payload"]?["messages"]?.array
        #expect(messages?.map(ChatMessage.plainText) == ["hello"])
    }

    @Test("a session is deleted with what it does, and with what it spawned")
    func deleting() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let worker = try gateway.beginTurn(owner, "turn", key: "agent:main:side")
        let child = try gateway.spawn(worker)
        gateway.call(owner, .chatSend, ["sessionKey": "agent:main:side", "message": "x", "idempotencyKey": "queued"])
        let answer = gateway.call(owner, .sessionsDelete, ["key": "agent:main:side"])?["payload"]
        #expect(answer?["deleted"] == true)
        for run in ["turn", "queued", child.runID] { #expect(gateway.end(of: run)?.status == .killed, "\(run)") }
        #expect(gateway.core.table.sessions["agent:main:side"] == nil)
        #expect(gateway.store.sessions["agent:main:side"] == nil)
        #expect(gateway.core.table.unendedRuns.isEmpty)
        let again = gateway.call(owner, .sessionsDelete, ["key": "agent:main:side"])?["payload"]
        #expect(again?["deleted"] == false)
        let main = gateway.call(owner, .sessionsDelete, ["key": "main"])?["error"]?["message"]
        #expect(main == "Cannot delete the main session (agent:main:main).")
        // It can be begun anew, and knows nothing of what was.
        _ = try gateway.beginTurn(owner, "anew", key: "agent:main:side")
        let history = gateway.call(owner, .chatHistory, ["sessionKey": "agent:main:side"])?["payload"]
        #expect(history?["messages"]?.array?.count == 1)
    }

    @Test("a key that is the same text in other bytes is the same session, also for the store")
    func equivalentKeys() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let composed = "agent:main:caf\u{E9}"
        let decomposed = "agent:main:cafe\u{301}"
        _ = try gateway.beginTurn(owner, "turn", key: .string(composed))
        let answer = gateway.call(owner, .sessionsDelete, ["key": .string(decomposed)])?["payload"]
        #expect(answer?["deleted"] == true)
        let deletions = gateway.takeSteps().commits.joined().compactMap { operation -> String? in
            if case .deleteSession(let key) = operation { key } else { nil }
        }
        #expect(deletions.map { Array($0.utf8) } == [Array(composed.utf8)])
    }

    @Test("what shows sessions finds them by key, id and label, and says when there is nothing")
    func showing() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let worker = try gateway.beginTurn(owner, "turn")
        gateway.complete(worker, "turn", text: "an answer that is long")
        gateway.call(owner, .sessionsPatch, ["key": "main", "label": "Home"])
        let session = try #require(gateway.core.table.sessions[TestGateway.mainKey])
        let lookUps: [JSON] = [["key": "main"], ["sessionId": .string(session.sessionID)], ["label": "Home"]]
        for params in lookUps {
            #expect(gateway.call(owner, .sessionsResolve, params)?["payload"]?["key"] == "agent:main:main")
        }
        for params in [["key": "nothing"], ["sessionId": "x"], ["label": "x"], ["label": "Home", "agentId": "worker"]]
            as [JSON]
        {
            let error = gateway.call(owner, .sessionsResolve, params)?["error"]
            #expect(error?["details"]?["code"] == "SESSION_NOT_FOUND")
        }
        let row = gateway.call(
            owner, .sessionsDescribe, ["key": "main", "includeDerivedTitles": true, "includeLastMessage": true])?[
                "payload"]?["session"]
        #expect(row?["derivedTitle"] == "hello")
        #expect(row?["lastMessagePreview"] == "an answer that is long")
        #expect(row?["status"] == "done")
        #expect(gateway.call(owner, .sessionsDescribe, ["key": "nothing"])?["payload"] == ["session": nil])
        gateway.call(owner, .sessionsCreate, ["key": "empty"])
        let previews = gateway.call(
            owner, .sessionsPreview, ["keys": ["main", "nothing", "empty"], "maxChars": 20])?["payload"]?["previews"]
        #expect(previews?.array?.compactMap { $0["status"]?.string } == ["ok", "missing", "empty"])
        #expect(
            previews?[0]?["items"] == [
                ["role": "user", "text": "hello"], ["role": "assistant", "text": "an answer that is lo"],
            ])
        let got = gateway.call(owner, .sessionsGet, ["key": "main", "limit": 1])?["payload"]
        #expect(got?["messages"]?.array?.count == 1)
        #expect(got?["hasMore"] == true)
        let usage = gateway.call(owner, .sessionsUsage, ["key": "main"])?["payload"]
        #expect(usage?["sessions"]?.array?.compactMap { $0["key"]?.string } == ["agent:main:main"])
        let id = gateway.call(owner, .chatHistory, ["sessionKey": "main"])?["payload"]?["messages"]?[1]?["__openclaw"]?[
            "id"]
        let single = gateway.call(
            owner, .chatMessageGet, ["sessionKey": "main", "messageId": try #require(id), "maxChars": 4])?["payload"]
        #expect(single?["message"].map(ChatMessage.plainText) == "an a…")
        let missing = gateway.call(owner, .chatMessageGet, ["sessionKey": "main", "messageId": "x"])?["payload"]
        #expect(missing == ["ok": false, "unavailableReason": "not_found"])
    }

    @Test("compacting keeps the newest messages and archives the others")
    func compacting() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        for index in 1...4 {
            gateway.call(owner, .chatInject, ["sessionKey": "main", "message": .string("m\(index)"), "label": "note"])
        }
        #expect(
            gateway.call(owner, .sessionsCompact, ["key": "main", "maxLines": 2])?["payload"]?["compacted"] == true)
        let messages = gateway.call(owner, .chatHistory, ["sessionKey": "main"])?["payload"]?["messages"]?.array
        #expect(messages?.map(ChatMessage.plainText) == ["m3", "m4"])
        #expect(messages?.compactMap { $0["__openclaw"]?["seq"]?.integer } == [3, 4])
        #expect(gateway.store.archived.values.contains(.compacted))
        #expect(gateway.call(owner, .sessionsCompact, ["key": "nothing"])?["ok"] == false)
    }

    @Test("an injected message is heard and kept")
    func injecting() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let id = gateway.call(owner, .chatInject, ["sessionKey": "main", "message": "said"])?["payload"]?["messageId"]
        let final = try #require(gateway.takeSteps().events(.chat).last?.payload)
        #expect(final["state"] == "final")
        #expect(final["message"].map(ChatMessage.plainText) == "said")
        let message = gateway.call(owner, .chatHistory, ["sessionKey": "main"])?["payload"]?["messages"]?[0]
        #expect(message?["role"] == "assistant")
        #expect(message?["__openclaw"]?["id"] == id)
    }

    @Test("sessions.abort ends what a session is at, or the run that is named")
    func aborting() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = try gateway.beginTurn(owner, "turn")
        gateway.call(owner, .chatSend, ["sessionKey": "main", "message": "x", "idempotencyKey": "queued"])
        #expect(gateway.call(owner, .sessionsAbort, ["key": "main"])?["payload"]?["abortedRunId"] == "turn")
        #expect(gateway.takeSteps().launches.map(\.runID).last == "queued", "the next turn begins")
        #expect(gateway.call(owner, .sessionsAbort, ["runId": "queued"])?["payload"]?["status"] == "aborted")
        let nothing = gateway.call(owner, .sessionsAbort, ["key": "main"])?["payload"]
        #expect(nothing == ["ok": true, "abortedRunId": nil, "status": "no-active-run"])
        #expect(gateway.call(owner, .sessionsAbort, [:])?["ok"] == false)
    }

    @Test(
        "a spawned session reaches nothing beside it",
        arguments: [
            (.sessionsDescribe, "key"), (.sessionsGet, "key"), (.sessionsSend, "key"), (.sessionsPatch, "key"),
            (.sessionsResolve, "key"), (.sessionsCreate, "key"), (.chatHistory, "sessionKey"),
            (.chatAbort, "sessionKey"),
            (.chatSend, "sessionKey"), (.chatMessageGet, "sessionKey"), (.agent, "sessionKey"), (.sessionsUsage, "key"),
        ] as [(Wire.Method, String)])
    func confinement(_ method: Wire.Method, _ name: String) throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.call(owner, .sessionsPatch, ["key": "main", "label": "Home"])
        let (_, worker) = try gateway.running(owner)
        let before = gateway.core.table.sessions
        for key in ["main", "agent:main:main", "agent:main:new", "agent:worker:main"] {
            var params = JSONObject([("message", "hi"), ("idempotencyKey", "k"), ("messageId", "m"), ("label", "mine")])
            params[name] = .string(key)
            let answer = gateway.call(worker, method, .object(params))
            #expect(answer?["error"]?["details"]?["code"] == "SESSION_NOT_FOUND", "\(key): \(answer ?? .null)")
        }
        #expect(gateway.core.table.sessions == before)
        for method in [Wire.Method.sessionsReset, .sessionsDelete, .sessionsCompact, .chatInject] {
            #expect(gateway.call(worker, method, ["key": "main"])?["error"]?["code"] == "FORBIDDEN")
        }
        #expect(gateway.call(worker, .sessionsResolve, ["label": "Home"])?["ok"] == false)
        let previews = gateway.call(worker, .sessionsPreview, ["keys": ["main"]])?["payload"]?["previews"]
        #expect(previews?[0]?["status"] == "missing")
    }

    @Test("agent takes its session by key, by id, or as its agent's main session")
    func agentSessions() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let made = gateway.call(owner, .sessionsCreate, ["key": "agent:worker:side"])?["payload"]?["sessionId"]
        let wanted: [(JSON, String)] = [
            (["sessionId": try #require(made)], "agent:worker:side"), (["agentId": "worker"], "agent:worker:main"),
            (["sessionKey": "agent:worker:side"], "agent:worker:side"), ([:], "agent:main:main"),
        ]
        for (index, (place, key)) in wanted.enumerated() {
            guard case .object(var params) = place else { continue }
            params["message"] = "hi"
            params["idempotencyKey"] = .string("run-\(index)")
            let answer = gateway.call(owner, .agent, .object(params))?["payload"]
            #expect(answer?["status"] == "accepted")
            #expect(gateway.core.table.runs["run-\(index)"]?.sessionKey == key)
        }
        for place in [["sessionId": "none"], ["agentId": "nobody"], ["agentId": "main:x"]] as [JSON] {
            guard case .object(var params) = place else { continue }
            params["message"] = "hi"
            params["idempotencyKey"] = "wrong"
            #expect(gateway.call(owner, .agent, .object(params))?["ok"] == false)
        }
        #expect(gateway.core.table.runs["wrong"] == nil)
    }
}
