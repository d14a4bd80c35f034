import Agents
import JSON
import Testing

/// Talking with sessions, looking at agents, logs and health, and calling methods by name.
struct ConversationCommandTests {
    private static let configuration = """
        {
          gateway: { mode: "local", tls: { enabled: true } },
          agents: {
            list: [
              { id: "main", default: true, exec: { command: ["echo", "you said", "{task}"], stdin: "none" } },
              { id: "failing", name: "Fails", exec: { command: ["false"], stdin: "none" } },
            ],
          },
        }
        """

    @Test func aMessageIsAnsweredAndRemembered() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let sent = try sandbox.run("sessions", "send", "main", "--", "hello", "there")
        #expect(sent.exitCode == 0, "\(sent.errors)")
        #expect(sent.output == "you said hello there\n")
        let json = try sandbox.run("sessions", "send", "main", "--json", "--", "again")
        #expect(try json.json()["result"]?["text"]?.string == "you said again\n")
        let accepted = try sandbox.run("sessions", "send", "main", "--no-wait", "--", "later")
        #expect(accepted.output.hasPrefix("Accepted: run "), "\(accepted.output)")
        let failing = try sandbox.run("sessions", "send", "agent:failing:main", "--", "x")
        #expect(failing.exitCode == 1)
        #expect(failing.errors.contains("the turn ended: error"), "\(failing.errors)")
        let history = try sandbox.run("sessions", "history").output
        #expect(history.contains("  user: hello there\n"), "\(history)")
        #expect(history.contains("  assistant: you said hello there"), "\(history)")
        #expect(try sandbox.run("sessions", "history", "--limit", "1", "--json").json()["messages"]?.array?.count == 1)
        let tail = try sandbox.run("sessions", "tail", "--tail", "2", "--json").output.split(separator: "\n")
        #expect(tail.count == 2)
        for line in tail { #expect(try JSONParser.parse(Array(line.utf8))["role"]?.string != nil) }
        try gateway.stop()
    }

    @Test func aTailGoesOn() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        _ = try sandbox.run("sessions", "send", "main", "--", "before")
        let (child, name) = try sandbox.begin("sessions", "tail", "--follow", "--json")
        try Sandbox.eventually("what was said") { sandbox.text(name + ".out").contains("you said before") ? true : nil }
        _ = try sandbox.run("sessions", "send", "main", "--", "after")
        try Sandbox.eventually("what is said") { sandbox.text(name + ".out").contains("you said after") ? true : nil }
        child.signal(15)
        _ = try Sandbox.eventually("the end of tail") { child.reap() }
        #expect(sandbox.text(name + ".out").split(separator: "\n").count == 4)
        try gateway.stop()
    }

    @Test func agentsHealthAndLogsAreShown() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let agents = try sandbox.run("agents", "list").output
        #expect(agents.hasPrefix("AGENT    NAME"), "\(agents)")
        #expect(agents.contains("failing  Fails"), "\(agents)")
        #expect(try sandbox.run("agents", "--json").json()["agents"]?.array?.count == 2)
        #expect(try sandbox.run("gateway", "health").output.hasPrefix("Healthy: wss://"))
        #expect(try sandbox.run("health", "--json").json()["ok"]?.bool == true)
        let log = try Sandbox.eventually("the start in the log") {
            let log = try sandbox.run("logs", "--tail", "100").output
            return log.contains("Gateway started on port") ? log : nil
        }
        #expect(log.contains("[gateway] INFO ["))
        #expect(try sandbox.run("gateway", "logs", "--limit", "1", "--json").json()["lines"]?.array?.count == 1)
        let (child, name) = try sandbox.begin("logs", "--follow", "--json")
        try Sandbox.eventually("a followed log") {
            sandbox.text(name + ".out").contains("Gateway started") ? true : nil
        }
        child.signal(15)
        _ = try Sandbox.eventually("the end of logs") { child.reap() }
        for line in sandbox.text(name + ".out").split(separator: "\n") {
            #expect(throws: Never.self) { try JSONParser.parse(Array(line.utf8)) }
        }
        try gateway.stop()
    }

    @Test func aMethodIsCalledByName() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let called = try sandbox.run("gateway", "call", "sessions.list", "--params", #"{"limit": 1}"#)
        #expect(called.exitCode == 0, "\(called.errors)")
        #expect(try called.json()["sessions"]?.array != nil)
        let turn = #"{"message": "hi", "agentId": "main", "idempotencyKey": "k1"}"#
        #expect(try sandbox.run("gateway", "call", "agent", "--params", turn).json()["status"]?.string == "accepted")
        let second = turn.replacing("k1", with: "k2")
        let final = try sandbox.run("gateway", "call", "agent", "--expect-final", "--params", second)
        #expect(try final.json()["status"]?.string == "ok", "\(final.output)\(final.errors)")
        for (params, message) in [("{", "--params is not JSON"), ("[]", "--params must be a JSON object, not array")] {
            let wrong = try sandbox.run("gateway", "call", "status", "--params", params)
            #expect(wrong.exitCode == 2)
            #expect(wrong.errors.contains(message), "\(wrong.errors)")
        }
        try gateway.stop()
    }

    @Test func aProbeTellsWhatItReaches() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let local = try sandbox.run("gateway", "probe", "--json")
        #expect(local.exitCode == 0)
        let report = try local.json()
        #expect(report["ok"]?.bool == true)
        #expect(report["degraded"]?.bool == false)
        #expect(report["primaryTargetId"]?.string == "loopback")
        #expect(report["targets"]?[0]?["connect"]?["rpcOk"]?.bool == true)
        let wrong = try sandbox.run(
            "gateway", "probe", "--json", "--url", "wss://127.0.0.1:1", "--token", "x")
        #expect(wrong.exitCode == 0)
        let both = try wrong.json()
        #expect(both["degraded"]?.bool == true)
        #expect(both["primaryTargetId"]?.string == "loopback")
        #expect(both["targets"]?.array?.map { $0["id"]?.string } == ["explicit", "loopback"])
        #expect(try sandbox.run("devices", "list", "--json").json()["paired"]?.array?.isEmpty == true)
        try gateway.stop()
        let nothing = try sandbox.run("gateway", "probe", "--url", "wss://127.0.0.1:1", "--token", "x")
        #expect(nothing.exitCode == 1)
        #expect(nothing.output.contains("hint: "), "\(nothing.output)")
    }

    @Test func deviceRequestsAreElsewhere() throws {
        let sandbox = try Sandbox()
        for words in [["pairing"], ["pairing", "list"], ["pairing", "list", "telegram"]] {
            let outcome = try sandbox.run(words)
            #expect(outcome.exitCode == 0)
            #expect(outcome.output.contains("sallyport devices list"))
        }
    }

    @Test func aSpawnTellsHowFarItIs() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let spawn = try sandbox.run("sessions_spawn", "--", "x")
        #expect(spawn.exitCode == 0)
        let steps = spawn.errors.split(separator: "\n").compactMap { $0.split(separator: " ").first }
        #expect(steps == ["launching", "connected", "running"], "\(spawn.errors)")
        #expect(!spawn.errors.contains("\u{1B}"))
        #expect(try sandbox.run("sessions_spawn", "--json", "--", "x").errors.isEmpty)
        try gateway.stop()
    }
}
