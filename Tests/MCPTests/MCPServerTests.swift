import JSON
import MCP
import Testing

@Suite("The MCP server: what it says without a gateway")
struct MCPServerTests {
    private func line(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func answer(_ server: inout MCPServer, _ text: String) throws -> JSON {
        let actions = server.received(line(text))
        guard case .write(let bytes)? = actions.first, actions.count == 1 else {
            Issue.record("not one line: \(actions)")
            return .null
        }
        #expect(bytes.last == UInt8(ascii: "\n"))
        #expect(bytes.dropLast().allSatisfy { $0 != UInt8(ascii: "\n") })
        return try JSONParser.parse(Array(bytes))
    }

    private func call(_ server: inout MCPServer, _ text: String) throws -> MCPServer.Call {
        guard case .call(let call)? = server.received(line(text)).first else {
            throw Missing()
        }
        return call
    }

    private struct Missing: Error {}

    @Test(
        "the client's revision is taken when it is known, else the newest is offered",
        arguments: [
            ("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2024-11-05", "2024-11-05"),
            ("1999-01-01", "2025-11-25"),
        ])
    func initialize(_ asked: String, _ agreed: String) throws {
        var server = MCPServer(version: "1.0", sessionKey: nil)
        let answer = try answer(
            &server,
            #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"\#(asked)","capabilities":{}}}"#
        )
        #expect(answer["result"]?["protocolVersion"] == .string(agreed))
        #expect(answer["result"]?["serverInfo"]?["name"] == "sallyport")
        #expect(answer["result"]?["capabilities"]?["tools"] != nil)
        #expect(server.received(line(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)).isEmpty)
        let ping = try self.answer(&server, #"{"jsonrpc":"2.0","id":"p","method":"ping"}"#)
        #expect(ping["id"] == "p" && ping["result"]?.object?.isEmpty == true)
    }

    @Test(
        "what is no request is answered as JSON-RPC has it",
        arguments: [
            ("{", -32700), ("[]", -32600), (#"{"id":1,"method":"ping"}"#, -32600),
            (#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600), (#"{"jsonrpc":"2.0","id":1}"#, -32600),
            (#"{"jsonrpc":"2.0","id":1,"method":"resources/list"}"#, -32601),
            (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, -32602),
            (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"exec"}}"#, -32602),
            (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"cron","arguments":[]}}"#, -32602),
        ])
    func refusals(_ text: String, _ code: Int64) throws {
        var server = MCPServer(version: "1.0", sessionKey: nil)
        #expect(try answer(&server, text)["error"]?["code"] == .integer(code))
    }

    @Test("the tools are listed with whom this session may spawn and its limits as they are now")
    func tools() throws {
        var server = MCPServer(version: "1.0", sessionKey: nil)
        let call = try call(&server, #"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#)
        #expect(call.method == "tools.invoke" && call.params["tool"] == "agents_list")
        let payload: JSON = [
            "ok": true,
            "result": [
                "agents": [["id": "main"], ["id": "coder"]],
                "limits": ["depth": 1, "maxSpawnDepth": 3, "activeChildren": 2, "maxChildrenPerAgent": 5],
            ],
        ]
        guard case .write(let bytes)? = server.answered(call, payload).first else { throw Missing() }
        let listed = try JSONParser.parse(bytes)["result"]?["tools"]?.array ?? []
        #expect(listed.count == 8)
        let spawn = try #require(listed.first { $0["name"] == "sessions_spawn" })
        #expect(spawn["inputSchema"]?["properties"]?["agentId"]?["enum"] == ["main", "coder"])
        #expect(spawn["description"]?.string?.contains("Depth 1 of at most 3; 2 of at most 5") == true)
        #expect(spawn["inputSchema"]?["properties"]?["mode"]?["enum"] == ["run", "session"])
        for tool in listed { #expect(tool["inputSchema"]?["type"] == "object") }
        #expect(server.answered(call, payload).isEmpty, "a request is answered once")
    }

    @Test("a tool's result comes as text and as structure; a refusal is an error that an agent can read")
    func calls() throws {
        var server = MCPServer(version: "1.0", sessionKey: "agent:main:x")
        let text =
            #"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"sessions_spawn","arguments":{"task":"t"}}}"#
        let call = try call(&server, text)
        #expect(call.params == ["tool": "sessions_spawn", "args": ["task": "t"], "sessionKey": "agent:main:x"])
        guard case .write(let done)? = server.answered(call, ["ok": true, "result": ["status": "accepted"]]).first
        else { throw Missing() }
        let result = try JSONParser.parse(done)["result"]
        #expect(result?["structuredContent"] == ["status": "accepted"])
        #expect(result?["content"]?[0]?["text"] == #"{"status":"accepted"}"#)
        #expect(result?["isError"] == false)

        let again = try self.call(&server, text)
        guard case .write(let refused)? = server.failed(again, "missing scope").first else { throw Missing() }
        #expect(try JSONParser.parse(refused)["result"]?["isError"] == true)

        let forbidden = try self.call(&server, text)
        guard
            case .write(let said)? = server.answered(forbidden, ["ok": true, "result": ["status": "forbidden"]]).first
        else { throw Missing() }
        #expect(try JSONParser.parse(said)["result"]?["isError"] == true)
    }

    @Test("what was cancelled is not answered")
    func cancelled() throws {
        var server = MCPServer(version: "1.0", sessionKey: nil)
        let call = try call(&server, #"{"jsonrpc":"2.0","id":"a","method":"tools/list"}"#)
        let notice = #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}}"#
        #expect(server.received(line(notice)).isEmpty)
        #expect(server.answered(call, ["ok": true]).isEmpty)
    }

    @Test("cron goes to the methods of its name, and to no others")
    func cron() throws {
        var server = MCPServer(version: "1.0", sessionKey: nil)
        let text =
            #"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"cron","arguments":{"action":"list","limit":3}}}"#
        let call = try call(&server, text)
        #expect(call.method == "cron.list" && call.params == ["limit": 3])
        let bad = try answer(&server, text.replacing("\"list\"", with: "\"../config.set\""))
        #expect(bad["result"]?["isError"] == true)
    }
}
