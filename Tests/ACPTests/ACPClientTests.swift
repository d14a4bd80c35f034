import JSON
import Testing

@testable import ACP

@Suite("An ACP session")
struct ACPClientTests {
    @Test("initialize, session/new, prompt, text, end")
    func ordinary() throws {
        var script = Script { $0.mcpServers = [["name": "tools"]] }
        let first = try #require(script.takeWritten().first)
        #expect(first["method"] == "initialize")
        #expect(first["params"]?["protocolVersion"] == 1)
        #expect(first["params"]?["clientCapabilities"]?["fs"] == ["readTextFile": true, "writeTextFile": false])
        #expect(first["params"]?["clientCapabilities"]?["terminal"] == false)
        #expect(first["params"]?["clientInfo"]?["version"] == "9.9")
        script.say(["id": 0, "result": ["protocolVersion": 1]])
        let second = try #require(script.takeWritten().first)
        #expect(second["method"] == "session/new")
        #expect(second["params"] == ["cwd": "/srv/project", "mcpServers": [["name": "tools"]]])
        script.say(["id": 1, "result": ["sessionId": "s"]])
        let third = try #require(script.takeWritten().first)
        #expect(third["method"] == "session/prompt")
        #expect(third["params"] == ["sessionId": "s", "prompt": [["type": "text", "text": "do it"]]])
        #expect(script.actions == [.opened(sessionID: "s", canLoad: false)])
        script.update(["sessionUpdate": "agent_message_chunk", "content": ["type": "text", "text": "a"]])
        script.update(["sessionUpdate": "agent_message_chunk", "content": ["type": "text", "text": "b"]])
        #expect(script.updates == [.text("a"), .text("b")])
        #expect(script.client.deadlineMs == nil)
        script.say(["id": 2, "result": ["stopReason": "end_turn"]])
        #expect(script.outcome == .stopped(.endTurn))
        // Late, and tolerated.
        script.actions = []
        script.update(["sessionUpdate": "agent_message_chunk", "content": ["type": "text", "text": "c"]])
        script.hear(Array("garbage\n".utf8))
        #expect(script.actions.isEmpty && script.client.ended().isEmpty)
    }

    @Test("every split of the agent's output gives the same actions")
    func splits() throws {
        let output =
            Script.line(["id": 0, "result": ["protocolVersion": 1]]) + [13, 10]
            + Script.line(["id": 1, "result": ["sessionId": "s"]])
            + Script.line([
                "method": "session/update",
                "params": [
                    "sessionId": "s",
                    "update": [
                        "sessionUpdate": "agent_message_chunk", "content": ["type": "text", "text": "über\n🦑"],
                    ],
                ],
            ]) + Script.line(["id": "x", "method": "terminal/create", "params": ["sessionId": "s"]])
            + Script.line(["id": 2, "result": ["stopReason": "end_turn"]])
        var whole = Script()
        whole.hear(output)
        #expect(whole.outcome == .stopped(.endTurn))
        #expect(whole.updates == [.text("über\n🦑")])
        for cut in 0...output.count {
            var split = Script()
            split.hear(Array(output[..<cut]))
            split.hear(Array(output[cut...]))
            #expect(split.actions == whole.actions, "cut at \(cut)")
        }
        var bytewise = Script()
        for byte in output { bytewise.hear([byte]) }
        #expect(bytewise.actions == whole.actions)
    }

    @Test("a line of the limit passes, one byte more ends it", arguments: [-1, 0, 1])
    func lineLimit(_ over: Int) {
        let message = Script.line(["id": 0, "result": ["protocolVersion": 1]])
        let size = message.count - 1
        var script = Script { $0.maxLineBytes = size - over }
        script.hear(message)
        #expect(script.outcome == (over > 0 ? .failed(.lineTooLong(maxBytes: size - over)) : nil))
    }

    @Test("a line without an end is not waited for")
    func endlessLine() {
        var script = Script { $0.maxLineBytes = 100 }
        script.hear([UInt8](repeating: 0x61, count: 100))
        #expect(script.outcome == nil)
        script.hear([0x61])
        #expect(script.outcome == .failed(.lineTooLong(maxBytes: 100)))
    }

    @Test(
        "what is no message ends it, with an excerpt",
        arguments: [
            ("Loading…", "Loading…"), ("[]", "[]"), ("{}", "{}"), (#"{"jsonrpc":"1.0","id":0,"result":1}"#, nil),
            (#"{"jsonrpc":"2.0","id":0}"#, nil), (#"{"jsonrpc":"2.0","method":7}"#, nil),
            (#"{"jsonrpc":"2.0","method":"x","id":null}"#, nil), (#"{"jsonrpc":"2.0","method":"x","id":{}}"#, nil),
            (#"{"jsonrpc":"2.0","id":0,"id":0,"result":1}"#, nil), ("\u{1B}[31mred", "\\u{1b}[31mred"),
        ] as [(String, String?)])
    func garbage(_ line: String, _ excerpt: String?) {
        var script = Script()
        script.hear(Array((line + "\n").utf8))
        #expect(script.outcome == .failed(.notAMessage(excerpt: excerpt ?? line)))
    }

    @Test("answers to nothing, other notifications and empty lines are passed over")
    func ignored() {
        var script = Script()
        _ = script.takeWritten()
        script.say(["id": 7, "result": ["protocolVersion": 1]])
        script.say(["id": "0", "result": ["protocolVersion": 1]])
        script.say(["method": "_vendor/hello", "params": [1]])
        script.hear([10, 13, 10])
        #expect(script.actions.isEmpty)
        #expect(script.client.phase == .initializing)
    }

    @Test(
        "every stop reason",
        arguments: [
            ("end_turn", StopReason.endTurn), ("max_tokens", .maxTokens), ("max_turn_requests", .maxTurnRequests),
            ("refusal", .refusal), ("cancelled", .cancelled),
        ])
    func stopReasons(_ word: String, _ reason: StopReason) {
        var script = Script.prompting()
        script.say(["id": 2, "result": ["stopReason": .string(word)]])
        #expect(script.outcome == .stopped(reason))
        #expect((reason.problem == nil) == (reason == .endTurn))
    }

    @Test(
        "answers that cannot be used",
        arguments: [
            ([["id": 0, "result": ["protocolVersion": 2]]], .protocolVersion(2)),
            ([["id": 0, "result": [:]]], .protocolVersion(nil)),
            (
                [["id": 0, "error": ["code": -32603, "message": "no", "data": ["details": "why"]]]],
                .refused(method: "initialize", ACPMessage.RPCError(-32603, "no: why"))
            ),
            (
                [["id": nil, "error": ["code": -32700, "message": "?"]]],
                .refused(method: "initialize", .init(-32700, "?"))
            ),
            (
                [["id": 0, "result": ["protocolVersion": 1]], ["id": 1, "result": [:]]],
                .malformed(method: "session/new", missing: "sessionId")
            ),
            (
                [
                    ["id": 0, "result": ["protocolVersion": 1]], ["id": 1, "result": ["sessionId": "s"]],
                    ["id": 2, "result": ["stopReason": "tired"]],
                ], .malformed(method: "session/prompt", missing: "stopReason")
            ),
            (
                [
                    ["id": 0, "result": ["protocolVersion": 1]], ["id": 1, "result": ["sessionId": "s"]],
                    ["id": 2, "error": ["code": 1, "message": "broke"]],
                ], .refused(method: "session/prompt", .init(1, "broke"))
            ),
        ] as [([JSON], ACPFailure)])
    func unusable(_ messages: [JSON], _ failure: ACPFailure) {
        var script = Script()
        for message in messages { script.say(message) }
        #expect(script.outcome == .failed(failure))
        #expect(!"\(failure)".isEmpty)
    }

    @Test("an agent that ends is told of with what it owed", arguments: [0, 1, 2])
    func ends(_ answers: Int) {
        var script = Script()
        if answers > 0 { script.say(["id": 0, "result": ["protocolVersion": 1]]) }
        if answers > 1 { script.say(["id": 1, "result": ["sessionId": "s"]]) }
        let owed = ["initialize", "session/new", "session/prompt"][answers]
        #expect(script.client.ended() == [.finished(.failed(.ended(during: owed)))])
        #expect(script.client.ended() == [])
    }

    @Test("an agent that does not answer is waited for so long; a prompt as long as it takes")
    func silence() {
        var script = Script()
        #expect(script.client.timePassed(nowMs: script.nowMs + 119_999) == [])
        #expect(script.client.deadlineMs == script.nowMs + 120_000)
        #expect(
            script.client.timePassed(nowMs: script.nowMs + 120_000)
                == [.finished(.failed(.silent(method: "initialize", seconds: 120)))])
        var prompting = Script.prompting()
        #expect(prompting.client.timePassed(nowMs: .max) == [])
    }

    // MARK: - Authentication

    @Test("authenticate when the agent asks for it, method by method, and once")
    func authentication() throws {
        var script = Script()
        script.say(["id": 0, "result": ["protocolVersion": 1, "authMethods": [["id": "a"], ["id": "b"]]]])
        _ = script.takeWritten()
        script.say(["id": 1, "error": ["code": -32000, "message": "login"]])
        #expect(script.takeWritten().map { $0["params"] } == [["methodId": "a"]])
        script.say(["id": 2, "error": ["code": -32603, "message": "no"]])
        #expect(script.takeWritten().map { $0["params"] } == [["methodId": "b"]])
        script.say(["id": 3, "result": [:]])
        #expect(script.takeWritten().first?["method"] == "session/new")
        var again = script
        script.say(["id": 4, "result": ["sessionId": "s"]])
        #expect(script.client.phase == .prompting)
        again.say(["id": 4, "error": ["code": -32000, "message": "login"]])
        #expect(again.outcome == .failed(.authenticationRequired(offered: ["a", "b"])))
    }

    @Test("without a method that works there is no session")
    func noAuthentication() {
        var script = Script()
        script.say(["id": 0, "result": ["protocolVersion": 1]])
        script.say(["id": 1, "error": ["code": -32000, "message": "login"]])
        #expect(script.outcome == .failed(.authenticationRequired(offered: [])))
    }

    // MARK: - Loading

    @Test("an earlier session is loaded where the agent can; its history is not said again")
    func load() {
        var script = Script { $0.resumeSessionID = "old" }
        script.say(["id": 0, "result": ["protocolVersion": 1, "agentCapabilities": ["loadSession": true]]])
        #expect(script.takeWritten().last?["method"] == "session/load")
        script.update(
            ["sessionUpdate": "agent_message_chunk", "content": ["type": "text", "text": "before"]], session: "old")
        script.say(["id": 1, "result": nil])
        #expect(script.updates == [])
        #expect(script.actions.first == .opened(sessionID: "old", canLoad: true))
        #expect(script.takeWritten().first?["params"]?["sessionId"] == "old")
    }

    @Test("what cannot be loaded is begun anew", arguments: [true, false])
    func cannotLoad(_ isOffered: Bool) {
        var script = Script { $0.resumeSessionID = "old" }
        script.say(["id": 0, "result": ["protocolVersion": 1, "agentCapabilities": ["loadSession": .bool(isOffered)]]])
        if isOffered { script.say(["id": 1, "error": ["code": -32002, "message": "gone"]]) }
        #expect(script.takeWritten().last?["method"] == "session/new")
    }

    // MARK: - Cancelling

    @Test("cancel: a notice, open permissions cancelled, and the prompt's answer is waited for")
    func cancel() {
        var script = Script.prompting { $0.permissionMode = .forward }
        script.ask(10, kind: "execute")
        script.actions = script.client.cancel(nowMs: script.nowMs)
        let written = script.takeWritten()
        #expect(written.map { $0["method"] } == ["session/cancel", nil])
        #expect(written.last?["result"] == ["outcome": ["outcome": "cancelled"]])
        #expect(script.client.cancel(nowMs: script.nowMs) == [])
        // What is asked from now on is cancelled at once, and what is said is still heard.
        script.ask(11, kind: "read")
        #expect(script.takeWritten().first?["result"] == ["outcome": ["outcome": "cancelled"]])
        script.update(["sessionUpdate": "agent_message_chunk", "content": ["type": "text", "text": "last"]])
        #expect(script.updates == [.text("last")])
        var late = script
        script.say(["id": 2, "result": ["stopReason": "end_turn"]])
        #expect(script.outcome == .stopped(.cancelled))
        #expect(late.client.timePassed(nowMs: late.nowMs + 2999) == [])
        #expect(late.client.timePassed(nowMs: late.nowMs + 3000) == [.finished(.stopped(.cancelled))])
    }

    @Test("before the prompt a cancel is the end")
    func earlyCancel() {
        var script = Script()
        #expect(script.client.cancel(nowMs: 0) == [.finished(.stopped(.cancelled))])
    }

    @Test("an agent that dies or errs of a cancel was cancelled", arguments: [true, false])
    func cancelledByEnd(_ dies: Bool) {
        var script = Script.prompting()
        _ = script.client.cancel(nowMs: 0)
        if dies {
            script.actions = script.client.ended()
        } else {
            script.say(["id": 2, "error": ["code": -32800, "message": "cancelled"]])
        }
        #expect(script.outcome == .stopped(.cancelled))
    }
}
