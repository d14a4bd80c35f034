import JSON
import Testing

@testable import ACP

@Suite("Files of an ACP agent")
struct FileRequestTests {
    @Test(
        "paths within the directory",
        arguments: [
            ("/srv/project/a", ["a"]), ("/srv/project/a/b.txt", ["a", "b.txt"]), ("/srv//project/./a", ["a"]),
            ("/srv/project", nil), ("/srv/project/", nil), ("/srv/project/../project/a", nil),
            ("/srv/project/..", nil), ("/srv/projects/a", nil), ("/srv/proj", nil), ("a", nil), ("", nil),
            ("./a", nil), ("/etc/passwd", nil), ("/srv/project/a\0b", nil), ("/srv/project/...", ["..."]),
            ("/srv/project/a\u{301}", ["a\u{301}"]), ("/wo\u{301}rk/project/a", nil),
        ] as [(String, [String]?)])
    func paths(_ path: String, _ components: [String]?) {
        #expect(WorkspacePath(path, in: Script.directory)?.components == components)
    }

    @Test("a path of the limit passes, a longer one does not", arguments: [-1, 0, 1])
    func pathLimit(_ over: Int) {
        let base = Script.directory + "/"
        let path = base + String(repeating: "a", count: 4096 - base.utf8.count + over)
        #expect((WorkspacePath(path, in: Script.directory) != nil) == (over <= 0))
    }

    @Test("everything is in the root")
    func root() {
        #expect(WorkspacePath("/a/b", in: "/")?.components == ["a", "b"])
    }

    @Test(
        "parts of a text, by lines",
        arguments: [
            (nil, nil, "one\ntwo\nthree"), (1, nil, "one\ntwo\nthree"), (2, nil, "two\nthree"), (3, 5, "three"),
            (4, nil, ""), (9, 1, ""), (1, 1, "one\n"), (2, 1, "two\n"), (nil, 2, "one\ntwo\n"), (1, 0, ""),
            (3, 1, "three"),
        ] as [(Int?, Int?, String)])
    func lines(_ line: Int?, _ limit: Int?, _ expected: String) {
        #expect(ACPClient.lines(of: "one\ntwo\nthree", from: line, limit: limit) == expected)
    }

    @Test("reading is asked of the shell and answered with what it has")
    func read() throws {
        var script = Script.prompting()
        script.say([
            "id": "r", "method": "fs/read_text_file",
            "params": ["sessionId": "s", "path": "/srv/project/a", "line": 2, "limit": 1],
        ])
        guard case .readFile(let request) = script.actions.first else {
            Issue.record("nothing is read")
            return
        }
        #expect(request.path.components == ["a"] && request.line == 2 && request.limit == 1)
        var failing = script
        script.actions = script.client.fileRead(request, .success(Array("x\ny\nz".utf8)))
        let answer = try #require(script.takeWritten().first)
        #expect(answer["id"] == "r" && answer["result"] == ["content": "y\n"])
        #expect(script.client.fileRead(request, .success([])) == [])
        var binary = failing
        failing.actions = failing.client.fileRead(request, .failure(.init(-32002, "no such file")))
        #expect(failing.takeWritten().first?["error"]?["code"] == -32002)
        binary.actions = binary.client.fileRead(request, .success([0xFF, 0xFE]))
        #expect(binary.takeWritten().first?["error"]?["message"] == "the file is not UTF-8 text")
    }

    @Test(
        "requests that are refused",
        arguments: [
            ("fs/read_text_file", ["path": "/etc/passwd"], -32602), ("fs/read_text_file", [:], -32602),
            ("fs/read_text_file", ["path": "/srv/project/a", "line": 0], -32602),
            ("fs/read_text_file", ["path": "/srv/project/a", "limit": -1], -32602),
            ("fs/write_text_file", ["path": "/srv/project/a", "content": "x"], -32601),
            ("terminal/create", ["command": "sh"], -32601), ("elicitation/create", [:], -32601),
        ] as [(String, JSON, Int64)])
    func refused(_ method: String, _ params: JSON, _ code: Int64) {
        var script = Script.prompting()
        var object = params.object ?? JSONObject()
        object["sessionId"] = "s"
        script.say(["id": 5, "method": .string(method), "params": .object(object)])
        #expect(script.takeWritten().first?["error"]?["code"] == .integer(code))
        #expect(script.client.open.isEmpty && script.outcome == nil)
    }

    private func write(_ script: inout Script, _ content: String = "x") {
        script.say([
            "id": 6, "method": "fs/write_text_file",
            "params": ["sessionId": "s", "path": "/srv/project/a", "content": .string(content)],
        ])
    }

    @Test("writing: with every permission at once, else after a question")
    func writing() throws {
        var all = Script.prompting { $0.permissionMode = .approveAll }
        write(&all)
        guard case .writeFile(let request, content: "x") = all.actions.first else {
            Issue.record("nothing is written")
            return
        }
        all.actions = all.client.fileWritten(request, nil)
        #expect(all.takeWritten().first?["result"] == [:])

        var asking = Script.prompting { $0.permissionMode = .forward }
        write(&asking)
        guard case .ask(let question) = asking.actions.first else {
            Issue.record("nobody is asked")
            return
        }
        #expect(question.title == "write a" && question.kind == .edit)
        var refused = asking
        asking.actions = asking.client.decided(question.number, .allow)
        #expect(asking.actions.count == 1)
        refused.actions = refused.client.decided(question.number, .reject)
        #expect(refused.takeWritten().first?["error"]?["message"] == "writing this file was not permitted")
    }

    @Test("a file that a permitted tool call names is written without another question")
    func permitted() {
        var script = Script.prompting { $0.permissionMode = .forward }
        script.update([
            "sessionUpdate": "tool_call", "toolCallId": "c10", "title": "edit", "kind": "edit",
            "locations": [["path": "/srv/project/a"]],
        ])
        script.ask(10, kind: nil)
        _ = script.client.decided(0, .allow)
        script.actions = []
        write(&script)
        #expect(script.actions.count == 1)
        if case .writeFile = script.actions.first {} else { Issue.record("asked again: \(script.actions)") }
    }

    @Test("content of the limit is written, more is not", arguments: [0, 1])
    func contentLimit(_ over: Int) {
        var script = Script.prompting { $0.permissionMode = .approveAll }
        write(&script, String(repeating: "a", count: ACPClient.maxFileBytes + over))
        #expect(script.takeWritten().isEmpty == (over == 0))
    }
}
