import JSON
import Testing

@testable import ACP

@Suite("Terminals of an ACP agent")
struct TerminalTests {
    private static func script(_ mode: PermissionMode = .approveAll) -> Script {
        Script.prompting { $0.permissionMode = mode }
    }

    private static func create(_ script: inout Script, _ id: Int64, _ more: [(String, JSON)] = []) {
        script.say([
            "id": .integer(id), "method": "terminal/create",
            "params": .object(JSONObject([("sessionId", "s"), ("command", "make")] + more)),
        ])
    }

    private static func started(_ script: Script) -> [(number: Int, command: TerminalCommand)] {
        script.actions.compactMap {
            if case .startTerminal(let number, let command) = $0 { (number, command) } else { nil }
        }
    }

    @Test("they are offered where commands may be run at all", arguments: PermissionMode.allCases)
    func offered(_ mode: PermissionMode) throws {
        var script = Script { $0.permissionMode = mode }
        let hello = try #require(script.takeWritten().first)
        let isOffered = mode == .approveAll || mode == .forward
        #expect(hello["params"]?["clientCapabilities"]?["terminal"]?.bool == isOffered)
        var prompting = Self.script(mode)
        Self.create(&prompting, 5)
        let code = prompting.takeWritten().first?["error"]?["code"]?.integer
        #expect(code == (isOffered ? nil : -32601))
    }

    @Test("a command is started, read, waited for and released")
    func life() throws {
        var script = Self.script()
        Self.create(
            &script, 5,
            [
                ("args", ["-j", "2"]), ("env", [["name": "CC", "value": "gcc"]]), ("cwd", "/srv/project/sub"),
                ("outputByteLimit", 100),
            ])
        let (number, command) = try #require(Self.started(script).first)
        #expect(command.command == "make" && command.arguments == ["-j", "2"])
        #expect(command.environment == ["CC": "gcc"])
        #expect(command.workingDirectory?.components == ["sub"])
        #expect(command.outputByteLimit == 100)
        script.actions = script.client.terminalStarted(number, nil)
        let terminal = try #require(script.takeWritten().first?["result"]?["terminalId"]?.string)

        script.say([
            "id": 6, "method": "terminal/wait_for_exit", "params": ["sessionId": "s", "terminalId": .string(terminal)],
        ])
        #expect(script.takeWritten().isEmpty)
        script.say([
            "id": 7, "method": "terminal/output", "params": ["sessionId": "s", "terminalId": .string(terminal)],
        ])
        guard case .readTerminal(let reading, terminal)? = script.actions.last else {
            Issue.record("nothing is read: \(script.actions)")
            return
        }
        script.actions = script.client.terminalRead(reading, output: "cc", isTruncated: true, exit: nil)
        #expect(script.takeWritten().first?["result"] == ["output": "cc", "truncated": true])

        script.actions = script.client.terminalEnded(terminal, TerminalExit(exitCode: 2, signal: nil))
        let waited = try #require(script.takeWritten().first)
        #expect(waited["id"] == 6 && waited["result"] == ["exitCode": 2, "signal": nil])
        script.say([
            "id": 8, "method": "terminal/wait_for_exit", "params": ["sessionId": "s", "terminalId": .string(terminal)],
        ])
        #expect(script.takeWritten().first?["result"]?["exitCode"] == 2)

        script.say([
            "id": 9, "method": "terminal/release", "params": ["sessionId": "s", "terminalId": .string(terminal)],
        ])
        #expect(script.actions.contains(.releaseTerminal(terminal)))
        script.actions = []
        script.say([
            "id": 10, "method": "terminal/output", "params": ["sessionId": "s", "terminalId": .string(terminal)],
        ])
        #expect(script.takeWritten().first?["error"]?["code"] == -32002)
    }

    @Test("a command that cannot be started leaves no terminal")
    func missing() throws {
        var script = Self.script()
        Self.create(&script, 5)
        let number = try #require(Self.started(script).first).number
        script.actions = script.client.terminalStarted(number, .init(-32603, "make is not in PATH"))
        #expect(script.takeWritten().first?["error"]?["message"] == "make is not in PATH")
        #expect(script.client.terminals.isEmpty)
    }

    @Test("whoever waits for a terminal that is released hears so")
    func released() throws {
        var script = Self.script()
        Self.create(&script, 5)
        script.actions = script.client.terminalStarted(try #require(Self.started(script).first).number, nil)
        script.actions = []
        for (id, method) in [(6, "terminal/wait_for_exit"), (7, "terminal/release")] as [(Int64, String)] {
            script.say([
                "id": .integer(id), "method": .string(method), "params": ["sessionId": "s", "terminalId": "term-1"],
            ])
        }
        let answers = script.takeWritten()
        #expect(answers.map { $0["id"] } == [6, 7])
        #expect(answers.first?["error"]?["code"] == -32800)
    }

    @Test(
        "what is no command within the directory is refused, with what it has to be",
        arguments: [
            ([("command", "")], "command"), ([("args", "x")], "args"), ([("args", [1])], "args"),
            ([("env", [["name": "A=B", "value": ""]])], "env"), ([("cwd", "/etc")], "cwd"),
            ([("cwd", "/srv/project/../x")], "cwd"), ([("outputByteLimit", -1)], "outputByteLimit"),
            ([("command", "a\0b")], "NUL"),
            ([("args", .array([.string(String(repeating: "x", count: 131_073))]))], "131072"),
        ] as [([(String, JSON)], String)])
    func refused(_ members: [(String, JSON)], _ word: String) throws {
        var script = Self.script()
        let rest = members.filter { $0.0 != "command" }
        var params = JSONObject([("sessionId", "s"), ("command", "make")] + rest)
        for (name, value) in members { params[name] = value }
        script.say(["id": 5, "method": "terminal/create", "params": .object(params)])
        let error = try #require(script.takeWritten().first?["error"])
        #expect(error["code"] == -32602 && error["message"]?.string?.contains(word) == true, "\(error)")
    }

    @Test("only so many are open at a time, and a released one makes room")
    func limit() throws {
        var script = Self.script()
        for id in 1...Int64(ACPClient.maxTerminals) { Self.create(&script, id) }
        for (number, _) in Self.started(script) { _ = script.client.terminalStarted(number, nil) }
        script.actions = []
        Self.create(&script, 90)
        #expect(script.takeWritten().first?["error"]?["message"]?.string?.contains("16 terminals") == true)
        script.say(["id": 91, "method": "terminal/release", "params": ["sessionId": "s", "terminalId": "term-3"]])
        Self.create(&script, 92)
        #expect(Self.started(script).count == 1)
    }

    @Test("an operator is asked first where requests are forwarded", arguments: [true, false])
    func forwarded(_ isAllowed: Bool) throws {
        var script = Self.script(.forward)
        Self.create(&script, 5, [("args", ["clean\nall"])])
        guard case .ask(let question)? = script.actions.first else {
            Issue.record("nobody is asked")
            return
        }
        #expect(question.kind == .execute && question.title == "run make clean all")
        script.actions = script.client.decided(question.number, isAllowed ? .allow : .reject)
        #expect(Self.started(script).count == (isAllowed ? 1 : 0))
        #expect(
            script.takeWritten().first?["error"]?["message"]?.string
                == (isAllowed ? nil : "running this command was not permitted"))
    }

    @Test("nothing is started after a cancel, and who waits to be asked is refused")
    func cancelled() {
        var script = Self.script(.forward)
        Self.create(&script, 5)
        script.actions = script.client.cancel(nowMs: script.nowMs)
        #expect(script.takeWritten().contains { $0["id"] == 5 && $0["error"] != nil })
        Self.create(&script, 6)
        #expect(script.takeWritten().first?["error"]?["code"] == -32800)
    }
}
