import Client
import Foundation
import JSON
import Testing

/// Agents of the Agent Client Protocol behind a real gateway over wss: those of the protocol's own Python package, and some
/// that misbehave.
struct ACPAgentTests {
    /// A gateway whose main agent speaks ACP, with a directory for its work.
    private struct Stage {
        let work: TemporaryDirectory
        let gateway: GatewayProcess

        init(_ command: [String], mode: String = "approve-reads", more: [GatewayConfiguration.Agent] = []) throws {
            work = try TemporaryDirectory()
            var configuration = GatewayConfiguration()
            configuration.agents =
                [
                    .acp("main", command, "cwd: \"\(work.path)\", permissionMode: \"\(mode)\"")
                ] + more
            gateway = try GatewayProcess(configuration.text)
        }
    }

    /// What is heard while a turn runs.
    private struct Heard {
        var final: JSON = .null
        var text = ""
        /// Data of agent events, by their stream.
        var events: [String: [JSON]] = [:]
    }

    private static func turn(
        _ message: String, _ owner: GatewayClient, run: String = "turn-1", onText: (String) throws -> Void = { _ in }
    ) throws -> Heard {
        _ = try owner.request(
            "chat.send", ["sessionKey": "main", "message": .string(message), "idempotencyKey": .string(run)])
        var heard = Heard()
        let deadline = ContinuousClock.now + .seconds(40)
        while ContinuousClock.now < deadline {
            guard case .event(let name, let payload, _)? = try owner.nextMessage(timeout: .seconds(1)),
                payload["runId"]?.string == run
            else { continue }
            if name == "agent", let stream = payload["stream"]?.string, let data = payload["data"] {
                heard.events[stream, default: []].append(data)
                if stream == "assistant" {
                    heard.text += data["delta"]?.string ?? ""
                    try onText(heard.text)
                }
            }
            if name == "chat", let state = payload["state"]?.string, state != "delta" {
                heard.final = payload
                return heard
            }
        }
        throw Unexpected("the turn does not end; heard \(heard.text)")
    }

    private func requirePeer() throws {
        if let problem = ACPPeer.problem {
            try Test.cancel("the agents of the Python package are not to be had: \(problem)")
        }
    }

    // MARK: - The package's own agents

    @Test func theExampleAgentAnswersATurnAndASpawn() async throws {
        try requirePeer()
        try await scenario {
            let stage = try Stage(ACPPeer.example)
            let owner = try await stage.gateway.owner()
            let heard = try Self.turn("hello there", owner)
            #expect(heard.final["state"]?.string == "final", "\(heard.final)")
            #expect(heard.text == "Client sent:hello there")
            let run = try owner.spawn("a task", agent: "main", [("runtime", "acp")])
            #expect(run.sessionKey == "agent:main:acp:\(run.runID)")
            let result = try owner.result(of: run)
            #expect(result["status"]?.string == "ok", "\(result)")
            #expect(result["text"]?.string == "Client sent:a task")
            let history = try owner.request("chat.history", ["sessionKey": "main"])
            #expect("\(history)".contains("Client sent:hello there"))
            owner.close()
            try stage.gateway.stop()
        }
    }

    @Test func thoughtsPlansAndToolsAreHeardAndPermissionsFollowThePolicy() async throws {
        try requirePeer()
        try await scenario {
            let stage = try Stage(ACPPeer.wordByWord)
            _ = try stage.work.write("notes.txt", "the notes")
            try FileManager.default.createSymbolicLink(
                atPath: stage.work.path + "/link", withDestinationPath: "/etc/passwd")
            try FileManager.default.createSymbolicLink(atPath: stage.work.path + "/etc", withDestinationPath: "/etc")
            let owner = try await stage.gateway.owner()
            let heard = try Self.turn(
                "think=hm plan=first tool=read tool=execute read=notes.txt read=missing read=link read=etc/passwd "
                    + "read=../x read=/etc/passwd write=new.txt say=done", owner)
            #expect(
                heard.text.split(separator: "\n") == [
                    "read:yes", "execute:no", "read:the notes", "read:-32002", "read:-32602", "read:-32602",
                    "read:-32602", "read:-32602", "write:-32601", "done",
                ])
            #expect(heard.events["thinking"] == [["delta": "hm"]])
            #expect(heard.events["plan"]?.first?["entries"]?[0]?["content"]?.string == "first")
            let tools = heard.events["tool"] ?? []
            #expect(tools.map { $0["phase"]?.string } == ["start", "result", "start", "result"])
            #expect(tools.map { $0["name"]?.string } == ["read", "read", "execute", "execute"])
            #expect(tools[0]["args"] == ["what": "read"])
            #expect(tools[1]["result"] == ["answer": "yes"] && tools[1]["isError"] == false)
            #expect(tools[3]["isError"] == true)
            owner.close()
            try stage.gateway.stop()
        }
    }

    @Test func commandsRunInTerminalsWhereEverythingIsPermitted() async throws {
        try requirePeer()
        try await scenario {
            let stage = try Stage(ACPPeer.wordByWord, mode: "approve-all")
            let owner = try await stage.gateway.owner()
            let mark = "600.\(UInt32.random(in: 100_000...999_999))"
            let heard = try Self.turn(
                "run=pwd run=sh+-c+exit~3 run=sh+-c+kill~-9~$$ run=no-such-program-here run=seq+1+2000 "
                    + "run=sh+-c+echo~$SALLYPORT_RUN_ID leave=sleep+\(mark) say=done", owner)
            let lines = heard.text.split(separator: "\n").map(String.init)
            #expect(lines.first == "run:0:None:False:\(stage.work.path)", "\(heard.text)")
            #expect(lines.contains("run:3:None:False:"), "\(heard.text)")
            #expect(lines.contains("run:None:SIGKILL:False:"), "\(heard.text)")
            #expect(lines.contains("run:-32603"), "\(heard.text)")
            #expect(heard.text.contains("run:0:None:True:") && heard.text.contains("1999\n2000"), "\(heard.text)")
            #expect(lines.contains("run:0:None:False:turn-1"), "\(heard.text)")
            #expect(lines.suffix(2) == ["left", "done"])
            try eventually("what the agent has left is ended with its turn") {
                !stage.gateway.processes.contains { contents(of: "/proc/\($0)/cmdline").contains(mark) }
            }
            owner.close()
            try stage.gateway.stop()
        }
    }

    @Test func withoutThatPermissionThereAreNoTerminals() async throws {
        try requirePeer()
        try await scenario {
            let stage = try Stage(ACPPeer.wordByWord)
            let owner = try await stage.gateway.owner()
            #expect(try Self.turn("run=true", owner).text == "run:-32601\n")
            owner.close()
            try stage.gateway.stop()
        }
    }

    @Test("images come with the prompt, or as links where the agent does not take them", arguments: [true, false])
    func images(_ takesImages: Bool) async throws {
        try requirePeer()
        try await scenario {
            let work = try TemporaryDirectory()
            var configuration = GatewayConfiguration()
            var agent = GatewayConfiguration.Agent.acp("main", ACPPeer.wordByWord, "cwd: \"\(work.path)\"")
            if takesImages { agent.more = "env: { IMAGES: \"1\" }" }
            configuration.agents = [agent]
            configuration.more = "tools: { sessions_spawn: { attachments: { enabled: true } } },"
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            let image: JSON = ["name": "dot.png", "content": "AAEC", "encoding": "base64", "mimeType": "image/png"]
            let run = try owner.spawn("blocks", agent: "main", [("runtime", "acp"), ("attachments", [image])])
            let expected =
                takesImages ? "image:image/png:AAEC\n" : "resource_link:dot.png:b'\\x00\\x01\\x02'\n"
            #expect(try owner.result(of: run)["text"]?.string == expected)
            let text: JSON = ["name": "a.txt", "content": "x", "mimeType": "text/plain"]
            let answer = try owner.request(
                "sessions.spawn", ["task": "blocks", "runtime": "acp", "agentId": "main", "attachments": [text]])
            #expect(answer["error"]?.string?.contains("images only") == true, "\(answer)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func withEveryPermissionFilesAreWrittenWithinTheDirectoryOnly() async throws {
        try requirePeer()
        try await scenario {
            let stage = try Stage(ACPPeer.wordByWord, mode: "approve-all")
            let outside = try TemporaryDirectory()
            let victim = try outside.write("victim", "untouched")
            try FileManager.default.createSymbolicLink(atPath: stage.work.path + "/link", withDestinationPath: victim)
            try FileManager.default.createSymbolicLink(
                atPath: stage.work.path + "/out", withDestinationPath: outside.path)
            let owner = try await stage.gateway.owner()
            let heard = try Self.turn(
                "tool=execute write=new.txt write=link write=out/new write=\(victim) write=none/new", owner)
            #expect(
                heard.text.split(separator: "\n") == [
                    "execute:yes", "write:done", "write:-32602", "write:-32602", "write:-32602", "write:-32002",
                ])
            #expect(contents(of: stage.work.path + "/new.txt") == "written")
            #expect(contents(of: victim) == "untouched")
            #expect(!FileManager.default.fileExists(atPath: outside.path + "/new"))
            owner.close()
            try stage.gateway.stop()
        }
    }

    @Test func anOperatorDecides() async throws {
        try requirePeer()
        try await scenario {
            let stage = try Stage(ACPPeer.wordByWord, mode: "forward")
            let owner = try await stage.gateway.owner()
            let operatorClient = try await stage.gateway.owner(["operator.approvals"])
            _ = try owner.request(
                "chat.send",
                [
                    "sessionKey": "main", "message": "tool=execute tool=edit write=a write=b say=bye",
                    "idempotencyKey": "turn",
                ])
            for decision in ["allow-once", "deny", "allow-once", "deny"] {
                let asked = try eventually("somebody is asked before \(decision)", within: .seconds(40)) {
                    try operatorClient.request("exec.approval.list").array?.first
                }
                if decision == "allow-once" {
                    let cli = try stage.gateway.cli.run("approvals", "resolve", asked["id"]?.string ?? "", decision)
                    #expect(cli.exitCode == 0, "\(cli)")
                } else {
                    _ = try operatorClient.request(
                        "exec.approval.resolve", ["id": asked["id"] ?? .null, "decision": .string(decision)])
                }
            }
            let said = try eventually("the turn is over", within: .seconds(40)) { () -> String? in
                let history = "\(try owner.request("chat.history", ["sessionKey": "main"]))"
                return history.contains("\\nbye\\n") ? history : nil
            }
            #expect(said.contains("execute:yes\\nedit:no\\nwrite:done\\nwrite:-32603\\nbye"), "\(said)")
            #expect(contents(of: stage.work.path + "/a") == "written")
            #expect(contents(of: stage.work.path + "/b").isEmpty)
            owner.close()
            operatorClient.close()
            try stage.gateway.stop()
        }
    }

    @Test func aTurnIsCancelledAndTheNextGoesOnWithTheConversation() async throws {
        try requirePeer()
        try await scenario {
            let stage = try Stage(ACPPeer.wordByWord)
            let owner = try await stage.gateway.owner()
            let aborting = try await stage.gateway.owner()
            let cancelled = try Self.turn("wait", owner) { text in
                guard text.contains("waiting") else { return }
                _ = try aborting.request("chat.abort", ["sessionKey": "main", "runId": "turn-1"])
            }
            #expect(cancelled.final["state"]?.string == "aborted", "\(cancelled.final)")
            #expect(cancelled.text.hasPrefix("waiting"))
            // Another process of the agent loads the session, and what was said before is not said again.
            let next = try Self.turn("which", owner, run: "turn-2")
            #expect(next.text.hasPrefix("session-of-"), "\(next)")
            owner.close()
            aborting.close()
            try stage.gateway.stop()
        }
    }

    @Test func anAgentSpawnsWithTheToolsThatItWasGiven() async throws {
        try requirePeer()
        try await scenario {
            let stage = try Stage(ACPPeer.wordByWord, more: [.shell("echo", "echo \"got: $1\"")])
            let owner = try await stage.gateway.owner()
            let heard = try Self.turn("spawn=echo", owner)
            #expect(heard.text == "spawn:got: from the agent\n", "\(heard)\n\(stage.gateway.log)")
            owner.close()
            try stage.gateway.stop()
        }
    }

    @Test(arguments: ["max_tokens", "max_turn_requests", "refusal"])
    func aTurnThatStoppedEarlyIsAnError(_ reason: String) async throws {
        try requirePeer()
        try await scenario {
            let stage = try Stage(ACPPeer.wordByWord)
            let owner = try await stage.gateway.owner()
            let heard = try Self.turn("say=part stop=\(reason)", owner)
            #expect(heard.final["state"]?.string == "error")
            #expect(heard.final["errorMessage"]?.string?.contains(reason) == true, "\(heard.final)")
            #expect(heard.text == "part\n")
            owner.close()
            try stage.gateway.stop()
        }
    }

    // MARK: - Misbehaviour

    /// A shell command, and a piece of the cause with which its run ends.
    struct Misbehaviour: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let script: String
        let cause: String
    }

    private static let initialized = #"read x; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1}}'; "#
    private static let opened = initialized + #"read x; echo '{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s"}}'; "#

    static let misbehaviours: [Misbehaviour] = [
        .init(
            testDescription: "garbage", script: "echo why >&2; echo Welcome; sleep 600",
            cause: "to its standard output: Welcome; agents.list[].runtime.acp.command has to be an agent"),
        .init(
            testDescription: "binary", script: "head -c 4096 /dev/urandom; echo; sleep 600", cause: "JSON-RPC message"),
        .init(
            testDescription: "exit", script: "echo one >&2; echo two >&2; exit 3",
            cause: "the agent ended before it answered initialize"),
        .init(
            testDescription: "exit while prompted", script: opened + "read x; echo tired >&2; kill -9 $$",
            cause: "the agent ended before it answered session/prompt"),
        .init(
            testDescription: "huge line", script: "head -c 12000000 /dev/zero | tr '\\0' a; sleep 600",
            cause: "a line of more than 10485760 bytes"),
        .init(
            testDescription: "other version",
            script: #"read x; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":9}}'; sleep 600"#,
            cause: "the agent speaks version 9 of the Agent Client Protocol"),
        .init(
            testDescription: "authentication",
            script: initialized
                + #"read x; echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"log in"}}'; sleep 600"#,
            cause: "the agent requires authentication"),
        .init(
            testDescription: "error",
            script: opened
                + #"read x; echo '{"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"no model"}}'; sleep 600"#,
            cause: "the agent answered session/prompt with error -32603: no model"),
    ]

    @Test(arguments: misbehaviours)
    func whatMisbehavesEndsInAClearErrorAndLeavesNothing(_ misbehaviour: Misbehaviour) async throws {
        try await scenario {
            let stage = try Stage(["/bin/sh", "-c", misbehaviour.script])
            let owner = try await stage.gateway.owner()
            let result = try owner.result(of: owner.spawn("x", agent: "main", [("runtime", "acp")]))
            #expect(result["status"]?.string == "error")
            #expect(result["cause"]?.string?.contains(misbehaviour.cause) == true, "\(result)")
            #expect(result["exitCode"] == nil, "no exit code is the reason, so none is told")
            if misbehaviour.testDescription == "exit" {
                #expect(result["cause"]?.string?.hasSuffix("; it logged: one | two") == true, "\(result)")
            }
            owner.close()
            try stage.gateway.stop()
            stage.gateway.expectNothingLeft()
        }
    }

    @Test func oneThatNeverAnswersEndsWithItsTime() async throws {
        try await scenario {
            let stage = try Stage(["/bin/sh", "-c", "exec sleep 600"])
            let owner = try await stage.gateway.owner()
            let run = try owner.spawn(
                "x", agent: "main", [("runtime", "acp"), ("runTimeoutSeconds", 1)])
            #expect(try owner.result(of: run)["status"]?.string == "timeout")
            owner.close()
            try stage.gateway.stop()
            stage.gateway.expectNothingLeft()
        }
    }

    @Test func aCancelledAgentThatDoesNotListenIsKilled() async throws {
        try await scenario {
            let stage = try Stage(["/bin/sh", "-c", "trap '' TERM; " + Self.opened + "while :; do sleep 600; done"])
            let owner = try await stage.gateway.owner()
            let run = try owner.spawn("x", agent: "main", [("runtime", "acp")])
            try owner.waitUntilRunning(run)
            _ = try owner.request("sessions.abort", ["key": .string(run.sessionKey)])
            #expect(try owner.result(of: run)["status"]?.string == "killed")
            owner.close()
            try stage.gateway.stop()
            stage.gateway.expectNothingLeft()
        }
    }
}
