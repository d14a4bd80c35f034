import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Tools for agents, sessions and configuration reference 3.4")
struct ToolTests {
    private static let pingPong: @Sendable (inout ConversationSettings) -> Void = {
        $0.agentToAgent.maxPingPongTurns = 2
    }

    /// Lets the worker of the turn that was launched last answer.
    private func answer(_ gateway: TestGateway, _ text: String) throws -> String {
        let order = try #require(gateway.takeSteps().launches.last)
        let worker = gateway.connect(.worker(order))
        #expect(gateway.call(worker, .runAttach, ["runId": .string(order.runID)])?["ok"] == true)
        gateway.complete(worker, order.runID, text: text)
        return order.sessionKey
    }

    @Test("an unknown tool says which there are, and wrong arguments say what is wrong")
    func unknown() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let missing = gateway.call(owner, .toolsInvoke, ["tool": "exec"])?["error"]
        #expect(missing?["details"]?["code"] == "TOOL_NOT_FOUND")
        #expect(missing?["details"]?["available"]?.array?.contains("sessions_list") == true)
        let wrong: [(JSON, String)] = [
            (["tool": "sessions_send", "args": ["message": "hi"]], "sessionKey, label or agentId is required"),
            (["tool": "sessions_send", "args": ["sessionKey": "main"]], "message"),
            (["tool": "sessions_history", "args": [:]], "sessionKey"),
            (["tool": "sessions_list", "args": ["limit": 0]], "from 1 to 500"),
            (["tool": "subagents", "args": ["action": "dance"]], "must be list"),
            (["tool": "subagents", "args": ["action": "kill", "target": "9"]], "no sub-agent matches"),
            (["tool": "sessions_list", "args": []], "must be object"), ([:], "name"), (["tool": 5], "must be string"),
        ]
        for (params, text) in wrong {
            let error = gateway.call(owner, .toolsInvoke, params)?["error"]
            #expect(error?["message"]?.string?.contains(text) == true, "\(params): \(error ?? .null)")
        }
        let dry = gateway.call(owner, .toolsInvoke, ["name": "sessions_send", "dryRun": true])?["payload"]?["result"]
        #expect(dry == ["dryRun": true, "tool": "sessions_send"])
    }

    static let visible: [(ConversationSettings.Visibility, own: String, sees: Set<String>)] = [
        (.ownSession, "agent:main:main", ["agent:main:main", "child"]),
        (.ownSession, "agent:main:side", ["agent:main:side"]),
        (.tree, "agent:main:main", ["agent:main:main", "agent:main:side", "child"]),
        (.tree, "agent:main:side", ["agent:main:side"]),
        (.agent, "agent:main:side", ["agent:main:main", "agent:main:side", "child"]),
        (.agent, "agent:worker:main", ["agent:worker:main"]),
        (.all, "agent:worker:main", ["agent:main:main", "agent:main:side", "agent:worker:main", "child"]),
    ]

    @Test("an agent sees the sessions that its owner lets it see", arguments: [false, true])
    func visibility(_ isSpawned: Bool) throws {
        for (visibility, own, expected) in Self.visible {
            let gateway = try TestGateway(conversation: { $0.visibility = visibility })
            let owner = gateway.connect(.owner())
            for key in ["agent:main:side", "agent:worker:main"] {
                gateway.call(owner, .sessionsCreate, ["key": .string(key)])
            }
            let (child, childWorker) = try gateway.running(owner)
            let asker = isSpawned ? childWorker : try gateway.beginTurn(owner, "turn", key: .string(own))
            let rows = gateway.tool(asker, "sessions_list")?["sessions"]?.array ?? []
            let keys = Set(rows.compactMap { $0["key"]?.string }.map { $0 == child.sessionKey ? "child" : $0 })
            #expect(keys == (isSpawned ? ["child"] : expected), "\(visibility) \(own)")
            for key in ["agent:main:main", "agent:main:side", "agent:worker:main"] where key != own {
                let isSeen = keys.contains(key)
                for (tool, arguments) in [
                    ("sessions_history", ["sessionKey": .string(key)]),
                    ("session_status", ["sessionKey": .string(key)]),
                ] as [(JSON, JSON)] {
                    let result = gateway.tool(asker, tool, arguments)
                    #expect((result?["status"] == "forbidden") == !isSeen, "\(visibility) \(own) \(tool) \(key)")
                }
                let sent = gateway.tool(
                    asker, "sessions_send", ["sessionKey": .string(key), "message": "hi", "timeoutSeconds": 0])
                #expect((sent?["status"] == "accepted") == isSeen, "\(visibility) \(own) send \(key)")
            }
        }
    }

    @Test(
        "agents send to each other as tools.agentToAgent says",
        arguments: [
            (true, [], nil), (true, ["*"], nil), (true, ["main", "worker"], nil),
            (true, ["main"], "Agent-to-agent messaging denied by tools.agentToAgent.allow."),
            (
                false, [],
                "Agent-to-agent messaging is disabled. Set tools.agentToAgent.enabled=true to allow cross-agent sends."
            ),
        ] as [(Bool, [String], String?)])
    func agentToAgent(_ isEnabled: Bool, _ allow: [String], _ refusal: String?) throws {
        let gateway = try TestGateway(conversation: {
            $0.agentToAgent.isEnabled = isEnabled
            $0.agentToAgent.allow = allow
        })
        let worker = try gateway.beginTurn(gateway.connect(.owner()), "turn")
        let result = gateway.tool(worker, "sessions_send", ["agentId": "worker", "message": "hi", "timeoutSeconds": 0])
        #expect(result?["status"] == (refusal == nil ? "accepted" : "forbidden"))
        #expect(result?["error"]?.string == refusal)
        let same = gateway.tool(
            worker, "sessions_send", ["sessionKey": "agent:main:side", "message": "hi", "timeoutSeconds": 0])
        #expect(same?["status"] == "accepted", "its own agent is nobody else")
    }

    @Test("texts of sends that reach nobody")
    func sendErrors() throws {
        let gateway = try TestGateway()
        let worker = try gateway.beginTurn(gateway.connect(.owner()), "turn")
        let wrong: [(JSON, String)] = [
            (["agentId": "nobody", "message": "hi"], "agent not found: nobody"),
            (["label": "L", "message": "hi"], "No session found with label: L"),
            (["sessionKey": "main", "message": "hi"], "A session cannot send to itself; answer instead."),
        ]
        for (arguments, text) in wrong {
            let result = gateway.tool(worker, "sessions_send", arguments)
            #expect(result?["status"] == "error")
            #expect(result?["error"] == .string(text))
        }
    }

    @Test("sessions_send waits for the reply, or for its time")
    func waiting() throws {
        let gateway = try TestGateway()
        let worker = try gateway.beginTurn(gateway.connect(.owner()), "turn")
        let arguments: JSON = ["agentId": "worker", "message": "question", "timeoutSeconds": 10]
        #expect(gateway.tool(worker, "sessions_send", arguments) == nil)
        #expect(try answer(gateway, "reply") == "agent:worker:main")
        let result = gateway.takeSteps().responses(to: worker).last?["payload"]?["result"]
        #expect(result?["status"] == "ok")
        #expect(result?["reply"] == "reply")
        #expect(gateway.tool(worker, "sessions_send", arguments) == nil)
        gateway.advance(ms: 9_999)
        #expect(gateway.takeSteps().responses(to: worker).isEmpty)
        gateway.advance(ms: 1)
        let late = gateway.takeSteps().responses(to: worker).last?["payload"]?["result"]
        #expect(late?["status"] == "timeout")
        #expect(gateway.core.connections[worker]?.waits == 0)
        #expect(gateway.core.table.unendedRuns.count == 2, "the run goes on")
    }

    @Test(
        "a reply is carried to and fro as often as configured, and REPLY_SKIP ends it",
        arguments: [
            (["one", "two", "three"], 2), (["REPLY_SKIP"], 0), (["one", " REPLY_SKIP\n"], 1), (["one", "NO_REPLY"], 1),
            (["", "never"], 0),
        ])
    func exchanges(_ replies: [String], _ carried: Int) throws {
        let gateway = try TestGateway(conversation: Self.pingPong)
        let owner = gateway.connect(.owner())
        let worker = try gateway.beginTurn(owner, "turn")
        _ = gateway.tool(worker, "sessions_send", ["agentId": "worker", "message": "hi", "timeoutSeconds": 0])
        let first = try #require(gateway.takeSteps().launches.last)
        // The turn that sent is over, so that its session can hear the reply.
        gateway.complete(worker, "turn", text: "sent")
        var order: LaunchOrder? = first
        var spoken: [String] = []
        for reply in replies {
            guard let current = order else { break }
            let speaker = gateway.connect(.worker(current))
            gateway.call(speaker, .runAttach, ["runId": .string(current.runID)])
            _ = gateway.takeSteps()
            gateway.complete(speaker, current.runID, text: reply)
            spoken.append(current.sessionKey)
            order = gateway.takeSteps().launches.last
        }
        #expect(order == nil, "it has ended")
        #expect(spoken.count == carried + 1)
        #expect(spoken == Array(["agent:worker:main", "agent:main:main", "agent:worker:main"].prefix(carried + 1)))
        #expect(gateway.core.exchanges.isEmpty)
    }

    @Test("an exchange has the rights of whoever began it, and ends with them")
    func exchangeRights() throws {
        let gateway = try TestGateway(conversation: Self.pingPong)
        let owner = gateway.connect(.owner())
        let device = try Peer.key(9)
        let phone = gateway.connect(.remote(device))
        let pending = gateway.call(owner, .devicePairList)?["payload"]?["pending"]?[0]?["requestId"]
        gateway.call(owner, .devicePairApprove, ["requestId": try #require(pending)])
        gateway.disconnect(phone)
        let paired = gateway.connect(.remote(device))
        let worker = try gateway.beginTurn(paired, "turn")
        _ = gateway.tool(worker, "sessions_send", ["agentId": "worker", "message": "hi", "timeoutSeconds": 0])
        let order = try #require(gateway.takeSteps().launches.last)
        gateway.complete(worker, "turn")
        let first = try #require(gateway.core.trust.lineage.entry(forRun: order.runID))
        let speaker = gateway.connect(.worker(order))
        gateway.call(speaker, .runAttach, ["runId": .string(order.runID)])
        _ = gateway.takeSteps()
        gateway.complete(speaker, order.runID, text: "reply")
        let second = try #require(gateway.takeSteps().launches.last)
        let entry = try #require(gateway.core.trust.lineage.entry(forRun: second.runID))
        #expect(entry.principal == first.principal)
        #expect(entry.asker == device.deviceID)
        #expect(entry.scopes == first.scopes)
        gateway.call(owner, .devicePairRemove, ["deviceId": .string(device.deviceID)])
        #expect(gateway.end(of: second.runID)?.status == .killed)
    }

    @Test("session_status shows a session and sets its model")
    func status() throws {
        let gateway = try TestGateway()
        let worker = try gateway.beginTurn(gateway.connect(.owner()), "turn")
        let shown = gateway.tool(worker, "session_status", ["model": "big"])
        #expect(shown?["key"] == "agent:main:main")
        #expect(shown?["model"] == "big")
        #expect(gateway.tool(worker, "session_status", ["model": "default"])?["model"] == nil)
        #expect(gateway.tool(worker, "session_status", ["sessionKey": "nothing"])?["status"] == "forbidden")
    }

    @Test("sessions_yield needs a turn to yield")
    func yielding() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        #expect(gateway.tool(owner, "sessions_yield")?["error"] == "No session context")
        let worker = try gateway.beginTurn(owner, "turn")
        #expect(gateway.tool(worker, "sessions_yield") == ["status": "yielded", "message": "Turn yielded."])
        #expect(gateway.tool(worker, "sessions_yield", ["message": "later"])?["message"] == "later")
    }

    @Test(
        "sub-agents are named by number, run, session, label, last and all",
        arguments: [
            "1", "run", "run-prefix", "session", "label", "last",
        ])
    func targets(_ kind: String) throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let worker = try gateway.beginTurn(owner, "turn")
        let older = try gateway.spawn(worker, ["task": "a", "label": "older"])
        gateway.nowMs += 5
        let newer = try gateway.spawn(worker, ["task": "b", "label": "newer"])
        let target: String =
            switch kind {
            case "run": newer.runID
            // These ids differ in their last characters.
            case "run-prefix": String(newer.runID.dropLast(0))
            case "session": newer.sessionKey
            case "label": "newer"
            default: kind
            }
        let killed = gateway.tool(worker, "subagents", ["action": "kill", "target": .string(target)])
        #expect(killed?["killed"] == [.string(newer.runID)])
        #expect(gateway.end(of: newer.runID)?.status == .killed)
        let list = gateway.tool(worker, "subagents")
        #expect(list?["active"]?.array?.compactMap { $0["key"]?.string } == [older.sessionKey])
        #expect(list?["recent"]?.array?.compactMap { $0["key"]?.string } == [newer.sessionKey])
        #expect(
            gateway.tool(worker, "subagents", ["action": "kill", "target": "all"])?["killed"] == [.string(older.runID)])
        let (_, stranger) = try gateway.running(owner)
        let own = gateway.tool(stranger, "subagents")
        #expect(own?["total"] == 0, "a sub-agent does not see its sisters")
    }

    @Test(
        "a steered sub-agent does something else, is killed with it, and ends with its parent",
        arguments: [
            "kill", "parent", "delete",
        ])
    func steering(_ end: String) throws {
        let gateway = try TestGateway(limits: { $0.maxSpawnDepth = 5 })
        let owner = gateway.connect(.owner())
        let (parent, parentWorker) = try gateway.running(owner)
        let (child, _) = try gateway.running(parentWorker, ["task": "first", "label": "c"])
        _ = gateway.takeSteps()
        let steered = gateway.tool(parentWorker, "subagents", ["action": "steer", "target": "c", "message": "other"])
        let turn = try #require(steered?["runId"]?.string)
        #expect(gateway.end(of: child.runID)?.status == .killed)
        let order = try #require(gateway.takeSteps().launches.last { $0.runID == turn })
        #expect(order.sessionKey == child.sessionKey)
        let worker = gateway.connect(.worker(order))
        #expect(gateway.call(worker, .runAttach, ["runId": .string(turn)])?["payload"]?["task"] == "other")
        let grandchild = try gateway.spawn(worker, ["task": "third"])
        let list = gateway.tool(parentWorker, "subagents")
        #expect(list?["active"]?.array?.count == 1)
        switch end {
        case "kill":
            let killed = gateway.tool(parentWorker, "subagents", ["action": "kill", "target": "all"])
            #expect(killed?["killed"] == [.string(turn)])
        case "parent": gateway.complete(parentWorker, parent.runID)
        default: gateway.call(owner, .sessionsDelete, ["key": .string(parent.sessionKey)])
        }
        #expect(gateway.end(of: turn)?.status == .killed)
        if end != "kill" {
            #expect(gateway.end(of: grandchild.runID)?.status == .killed)
            #expect(gateway.core.table.unendedRuns.isEmpty)
        }
    }

    @Test("sessions_history is bounded and hides what looks like a secret")
    func history() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let worker = try gateway.beginTurn(owner, "turn")
        func inject(_ text: String) {
            gateway.call(owner, .chatInject, ["sessionKey": "agent:main:side", "message": .string(text)])
        }
        func history(_ limit: JSON = 100) -> JSON? {
            gateway.tool(worker, "sessions_history", ["sessionKey": "agent:main:side", "limit": limit])
        }
        inject("plain")
        #expect(history()?["contentRedacted"] == false)
        inject("key sk-abcdefghijklmnopqrstuvwx, Authorization: Bearer abcdefghijklmnop0123 and sk-short")
        let messages = history()?["messages"]?.array ?? []
        #expect(
            messages.last.map(ChatMessage.plainText) == "key [redacted], Authorization: Bearer [redacted] and sk-short")
        #expect(history()?["contentRedacted"] == true)
        inject(String(repeating: "x", count: 5000))
        #expect(history()?["contentTruncated"] == true)
        #expect(history(1)?["messages"]?[0].map { ChatMessage.plainText($0).count } == 4001)
        #expect(history(1)?["truncated"] == true)
        for _ in 0..<40 { inject(String(repeating: "\u{1}", count: 3000)) }
        let large = try #require(history())
        #expect(large["droppedMessages"] == true)
        #expect(large.serialized().count < 81 * 1024, "\(large.serialized().count) bytes")
        #expect(large["messages"]?.array?.last.map { ChatMessage.plainText($0).count } == 3000, "the newest count most")
    }

    @Test("agents_list names whom the session may spawn")
    func agents() throws {
        let gateway = try TestGateway()
        let worker = try gateway.beginTurn(gateway.connect(.owner()), "turn")
        let list = gateway.tool(worker, "agents_list")
        #expect(list?["agents"]?.array?.compactMap { $0["id"]?.string } == ["main", "worker"])
        #expect(list?["requester"] == "main")
    }

    @Test("much output between two ticks is not held")
    func outputInMass() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let worker = try gateway.beginTurn(owner, "turn")
        let piece = JSON.string(String(repeating: "x", count: 100 * 1024))
        for seq in 1...50 {
            gateway.call(
                worker, .runOutput, ["runId": "turn", "stream": "stdout", "text": piece, "seq": .integer(Int64(seq))])
            #expect((gateway.core.progress["turn"]?.unsentDelta.utf8.count ?? 0) <= 200 * 1024)
        }
        gateway.complete(worker, "turn")
        let deltas = gateway.takeSteps().events(.chat).compactMap { $0.payload["deltaText"]?.string?.utf8.count }
        #expect(deltas.reduce(0, +) == 50 * 100 * 1024)
        #expect(gateway.core.progress.isEmpty)
        #expect(gateway.core.runsWithUnsentDelta.isEmpty)
    }
}
