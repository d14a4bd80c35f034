import JSON
import Testing

@testable import ACP

@Suite("Updates of an ACP agent")
struct SessionUpdateTests {
    private static func chunk(_ kind: String, _ content: JSON) -> JSON {
        ["sessionUpdate": .string(kind), "content": content]
    }

    @Test(
        "what is said in words",
        arguments: [
            (chunk("agent_message_chunk", ["type": "text", "text": "a"]), .text("a")),
            (chunk("agent_thought_chunk", ["type": "text", "text": "hm"]), .thought("hm")),
            (
                chunk("agent_message_chunk", ["type": "resource_link", "uri": "file:///a", "name": "a"]),
                .text("file:///a")
            ),
            (chunk("agent_message_chunk", ["type": "resource", "resource": ["uri": "u", "text": "t"]]), .text("t")),
            (chunk("agent_message_chunk", ["type": "image", "data": "AAAA"]), .text("[image]")),
            (chunk("agent_message_chunk", ["type": "hologram"]), nil),
            (chunk("user_message_chunk", ["type": "text"]), nil),
            (["sessionUpdate": "available_commands_update"], nil), (["sessionUpdate": "from_the_future"], nil),
            (["sessionUpdate": 7], nil), ([:], nil), ("x", nil),
            (
                [
                    "sessionUpdate": "plan",
                    "entries": [
                        ["content": "a", "priority": "high", "status": "completed"], ["content": "b"], ["no": 1],
                    ],
                ],
                .plan([
                    ["content": "a", "priority": "high", "status": "completed"],
                    ["content": "b", "priority": "medium", "status": "pending"],
                ])
            ),
            (
                ["sessionUpdate": "usage_update", "used": 5, "size": 10, "cost": ["amount": 0.5, "currency": "USD"]],
                .usage(["used": 5, "size": 10, "cost": ["amount": 0.5, "currency": "USD"]])
            ),
            (["sessionUpdate": "usage_update", "used": "5"], nil),
        ] as [(JSON, SessionUpdate?)])
    func words(_ update: JSON, _ expected: SessionUpdate?) {
        #expect(SessionUpdate(update, known: [:]) == expected)
    }

    @Test("a tool call begins, goes on and ends, once each")
    func tools() throws {
        var script = Script.prompting()
        let steps: [(JSON, [ToolCall.Phase])] = [
            (
                [
                    "sessionUpdate": "tool_call", "toolCallId": "t", "title": "Read", "kind": "read",
                    "rawInput": ["p": 1],
                ], [.start]
            ),
            (["sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "in_progress"], [.update]),
            (
                ["sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "completed", "rawOutput": "ok"],
                [.result]
            ),
            (["sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "completed"], []),
            (["sessionUpdate": "tool_call_update", "toolCallId": "u", "status": "failed"], [.start, .result]),
            (["sessionUpdate": "tool_call", "toolCallId": ""], []), (["sessionUpdate": "tool_call"], []),
        ]
        for (body, phases) in steps {
            script.actions = []
            script.update(body)
            let heard = script.updates.flatMap { update -> [ToolCall.Phase] in
                if case .tool(let call) = update { call.phases } else { [] }
            }
            #expect(heard == phases, "\(body)")
        }
        let call = try #require(script.client.toolCalls["t"])
        #expect(
            call.data(.start)
                == JSONObject([
                    ("phase", "start"), ("name", "read"), ("toolCallId", "t"), ("title", "Read"), ("args", ["p": 1]),
                ]))
        #expect(script.client.toolCalls["u"]?.data(.result)["isError"] == true)
    }

    @Test("large arguments are left out", arguments: [0, 1])
    func large(_ over: Int) {
        let text = String(repeating: "a", count: ToolCall.maxValueBytes - 2 + over)
        let call = ToolCall(id: "t", ["rawInput": .string(text)], before: nil)
        let isCut = call.data(.start)["args"]?["truncated"] == true
        #expect(isCut == (over > 0))
    }

    @Test("beyond the limit of tool calls new ones are not told of")
    func manyCalls() {
        var script = Script.prompting()
        for index in 0..<1030 { script.update(["sessionUpdate": "tool_call", "toolCallId": .string("t\(index)")]) }
        #expect(script.updates.count == 1024)
    }
}
