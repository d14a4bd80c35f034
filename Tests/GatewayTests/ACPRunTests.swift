import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Runs of ACP agents")
struct ACPRunTests {
    static func gateway(
        _ change: (inout ACPPolicy) -> Void = { _ in }, limits adjust: TestGateway.Limits = { _ in }
    ) throws -> TestGateway {
        var policy = ACPPolicy()
        change(&policy)
        let acp = AgentDefinition.ACP(
            command: ["/bin/coder", "--acp"], workingDirectory: "/srv/code", permissionMode: "approve-all")
        var limits = SpawnLimits()
        limits.allowAgents = ["*"]
        limits.workerLeaseMs = 365 * 86_400_000
        adjust(&limits)
        let exec = AgentDefinition.Exec(command: ["/bin/echo", "{task}"], stdin: .none)
        let agents = [
            AgentDefinition(id: "main", exec: exec, limits: limits),
            AgentDefinition(id: "coder", exec: exec, acp: acp, workingDirectory: "/srv", limits: limits),
        ]
        return try TestGateway(settings: {
            $0.catalog = AgentCatalog(agents: agents, defaultAgentID: "main", acp: policy)
        })
    }

    private func attach(_ gateway: TestGateway, _ order: LaunchOrder) -> (ConnectionID, JSON?) {
        let worker = gateway.connect(.worker(order))
        return (worker, gateway.call(worker, .runAttach, ["runId": .string(order.runID)])?["payload"])
    }

    @Test("a spawn: the key, the record, the work order, and the same after a restart", arguments: [true, false])
    func spawn(_ isNamed: Bool) throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        var params = JSONObject([("task", "work"), ("agentId", "coder"), ("cwd", "/srv/code/sub")])
        if isNamed { params["runtime"] = "acp" }
        let answer = gateway.call(owner, .sessionsSpawn, .object(params))?["payload"]
        let runID = try #require(answer?["runId"]?.string)
        #expect(answer?["childSessionKey"] == .string("agent:coder:acp:\(runID)"))
        #expect(gateway.store.runs[runID]?.runtime == "acp")
        let launch = try #require(gateway.takeSteps().launches.first)
        let (_, order) = attach(gateway, launch)
        #expect(order?["acp"] == ["command": ["/bin/coder", "--acp"], "permissionMode": "approve-all"])
        #expect(order?["exec"] == nil)
        #expect(order?["cwd"] == "/srv/code/sub")
        #expect(order?["serverVersion"] == "1.0")
        let restored = Run(try #require(gateway.store.runs[runID]), phase: .queued)
        #expect(restored.runtime == .acp)
        let session = Session(try #require(gateway.store.sessions["agent:coder:acp:\(runID)"]))
        #expect(session.acp?.workingDirectory == "/srv/code/sub")
    }

    @Test("a refusal names its code")
    func refused() throws {
        let gateway = try Self.gateway { $0.isEnabled = false }
        let owner = gateway.connect(.owner())
        let answer = gateway.call(owner, .sessionsSpawn, ["task": "w", "agentId": "coder", "runtime": "acp"])?[
            "payload"]
        #expect(answer?["errorCode"] == "acp_disabled")
        #expect(answer?["status"] == "forbidden")
        #expect(gateway.core.table.runs.isEmpty)
    }

    @Test("acp.maxConcurrentSessions counts turns and spawns, and room comes back")
    func concurrent() throws {
        let gateway = try Self.gateway { $0.maxConcurrentSessions = 1 }
        let owner = gateway.connect(.owner())
        _ = gateway.call(
            owner, .chatSend, ["sessionKey": "agent:coder:main", "message": "hi", "idempotencyKey": "turn"])
        let launch = try #require(gateway.takeSteps().launches.first)
        let spawn: JSON = ["task": "w", "agentId": "coder", "runtime": "acp"]
        #expect(gateway.call(owner, .sessionsSpawn, spawn)?["payload"]?["kind"] == "session-limit")
        let (worker, _) = attach(gateway, launch)
        gateway.complete(worker, "turn")
        #expect(gateway.call(owner, .sessionsSpawn, spawn)?["payload"]?["status"] == "accepted")
    }

    @Test("a turn of an ACP agent runs by ACP, and goes on with the agent's conversation until a reset")
    func turns() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        func turn(_ id: String) throws -> JSON? {
            _ = gateway.takeSteps()
            _ = gateway.call(
                owner, .chatSend, ["sessionKey": "agent:coder:main", "message": "hi", "idempotencyKey": .string(id)])
            let (worker, order) = attach(gateway, try #require(gateway.takeSteps().launches.first))
            gateway.call(
                worker, .runEvent,
                ["runId": .string(id), "seq": 1, "stream": "session", "data": ["sessionId": "theirs"]])
            gateway.complete(worker, id)
            return order
        }
        let first = try turn("one")
        #expect(first?["acp"]?["command"] == ["/bin/coder", "--acp"])
        #expect(first?["acp"]?["resumeSessionId"] == nil)
        #expect(first?["cwd"] == "/srv/code")
        #expect(try turn("two")?["acp"]?["resumeSessionId"] == "theirs")
        let stored = try #require(gateway.store.sessions["agent:coder:main"])
        #expect(Session(stored).acp?.conversation?.id == "theirs")
        _ = gateway.call(owner, .sessionsReset, ["key": "agent:coder:main"])
        #expect(try turn("three")?["acp"]?["resumeSessionId"] == nil)
    }

    @Test("with ACP disabled the agent's other command runs")
    func disabled() throws {
        let gateway = try Self.gateway { $0.isEnabled = false }
        let owner = gateway.connect(.owner())
        _ = gateway.call(
            owner, .chatSend, ["sessionKey": "agent:coder:main", "message": "hi", "idempotencyKey": "one"])
        let (_, order) = attach(gateway, try #require(gateway.takeSteps().launches.first))
        #expect(order?["acp"] == nil && order?["exec"] != nil)
    }

    @Test("thoughts, tools, plans and usage become agent events; tools also reach who subscribed to the session")
    func events() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        _ = gateway.call(owner, .sessionsSpawn, ["task": "work", "agentId": "coder", "runtime": "acp"])
        let launch = try #require(gateway.takeSteps().launches.first)
        let (worker, _) = attach(gateway, launch)
        _ = gateway.call(owner, .sessionsMessagesSubscribe, ["key": .string(launch.sessionKey)])
        var seq: Int64 = 0
        func tell(_ stream: String, _ data: JSON, again: Bool = false) -> [Step] {
            if !again { seq += 1 }
            _ = gateway.takeSteps()
            gateway.call(
                worker, .runEvent,
                ["runId": .string(launch.runID), "seq": .integer(seq), "stream": .string(stream), "data": data])
            return gateway.takeSteps()
        }
        for stream in ["thinking", "plan", "usage"] {
            let event = try #require(tell(stream, ["delta": "hm"]).events(.agent).first?.payload)
            #expect(event["stream"] == .string(stream))
            #expect(event["data"] == ["delta": "hm"])
            #expect(event["spawnedBy"] == .string(TestGateway.mainKey))
        }
        let call: JSON = ["phase": "start", "name": "read", "toolCallId": "t"]
        let steps = tell("tool", call)
        #expect(steps.names == ["respond", "agent tool", "session.tool"])
        #expect(steps.events(.sessionTool).first?.payload["data"] == call)
        #expect(steps.events(.sessionTool).first?.to == [owner])
        #expect(tell("tool", call, again: true).names == ["respond"], "what comes again is answered and not repeated")
        #expect(tell("lifecycle", [:]).names == ["refuse"])
        #expect(tell("plan", "x").names == ["refuse"])
        #expect(tell("plan", ["t": .string(String(repeating: "a", count: 98_304))]).names == ["refuse"])
        gateway.complete(worker, launch.runID)
        #expect(tell("plan", [:]).names == ["refuse"])
    }

    @Test("agents.list and agents_list say what runs an agent")
    func lists() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let listed = gateway.call(owner, .agentsList)?["payload"]?["agents"]?.array ?? []
        #expect(listed.map { $0["agentRuntime"]?["id"] } == ["subagent", "acp"])
        let tool = gateway.call(owner, .toolsInvoke, ["tool": "agents_list"])?["payload"]?["result"]
        #expect(tool?["agents"]?.array?.map { $0["runtime"] } == ["subagent", "acp"])
    }
}

@Suite("Logs of what ACP children say")
struct StreamLogTests {
    @Test("asked for, it has a path in the answer, and each event is one line", arguments: [true, false])
    func lines(_ isWanted: Bool) throws {
        let gateway = try ACPRunTests.gateway()
        let owner = gateway.connect(.owner())
        var params = JSONObject([("task", "work"), ("agentId", "coder"), ("sessionKey", "agent:main:main")])
        if isWanted { params["streamTo"] = "parent" }
        let answer = try #require(gateway.call(owner, .sessionsSpawn, .object(params))?["payload"])
        let key = try #require(answer["childSessionKey"]?.string)
        let id = try #require(gateway.core.table.sessions[key]?.sessionID)
        let path = "/state/logs/acp-stream/\(id).acp-stream.jsonl"
        #expect(answer["streamLogPath"] == (isWanted ? .string(path) : nil))
        let order = try #require(gateway.takeSteps().launches.first)
        let worker = gateway.connect(.worker(order))
        gateway.call(worker, .runAttach, ["runId": .string(order.runID)])
        gateway.call(
            worker, .runOutput, ["runId": .string(order.runID), "seq": 1, "stream": "stdout", "text": "hello"])
        gateway.call(
            worker, .runEvent,
            ["runId": .string(order.runID), "seq": 2, "stream": "thinking", "data": ["delta": "hm"]])
        gateway.complete(worker, order.runID)
        let lines = gateway.core.takeStreamLines()
        guard isWanted else {
            #expect(lines.isEmpty)
            return
        }
        #expect(lines.allSatisfy { $0.id == id })
        #expect(lines.map { $0.json["kind"] } == ["lifecycle", "assistant", "thinking", "lifecycle"])
        #expect(lines[1].json["data"] == ["delta": "hello"])
        #expect(lines[1].json["runId"]?.string == order.runID && lines[1].json["seq"] == 2)
        #expect(lines[1].json["parentSessionKey"] == "agent:main:main")
        #expect(lines[1].json["childSessionKey"]?.string == key)
        #expect(gateway.core.takeStreamLines().isEmpty)
        let session = Session(try #require(gateway.store.sessions[key]))
        #expect(session.acp?.streamLogID == id)
    }
}
