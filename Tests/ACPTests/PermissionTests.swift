import JSON
import Testing

@testable import ACP

@Suite("Permissions")
struct PermissionTests {
    @Test(
        "each mode and each kind", arguments: PermissionMode.allCases, ToolKind.allCases)
    func table(_ mode: PermissionMode, _ kind: ToolKind) {
        var script = Script.prompting { $0.permissionMode = mode }
        script.ask(10, kind: kind.rawValue)
        let chosen = script.takeWritten().first?["result"]?["outcome"]?["optionId"]?.string
        switch mode {
        case .approveAll: #expect(chosen == "yes")
        case .denyAll: #expect(chosen == "no")
        case .approveReads:
            #expect(chosen == ([.read, .search, .fetch, .think].contains(kind) ? "yes" : "no"))
        case .forward:
            #expect(chosen == nil)
            guard case .ask(let request) = script.actions.first else {
                Issue.record("nobody was asked")
                return
            }
            #expect(request.kind == kind && request.mayAllowAlways)
        }
    }

    @Test(
        "options that are missing",
        arguments: [
            (.approveReads, "read", [("always", "allow_always"), ("no", "reject_once")], nil),
            (.approveAll, "edit", [("always", "allow_always")], "always"),
            (.approveReads, "edit", [("never", "reject_always")], "never"),
            (.denyAll, "read", [("yes", "allow_once")], nil), (.approveAll, "read", [], nil),
            (.approveAll, "read", [("odd", "allow_maybe")], nil),
            (.approveReads, "no such kind", Script.allOptions, "no"), (.approveReads, nil, Script.allOptions, "no"),
        ] as [(PermissionMode, String?, [(String, String)], String?)])
    func options(_ mode: PermissionMode, _ kind: String?, _ options: [(String, String)], _ chosen: String?) {
        var script = Script.prompting { $0.permissionMode = mode }
        script.ask(10, kind: kind, options: options)
        let outcome = script.takeWritten().first?["result"]?["outcome"]
        #expect(outcome?["optionId"]?.string == chosen)
        #expect(outcome?["outcome"] == (chosen == nil ? "cancelled" : "selected"))
    }

    @Test("the kind of a tool call that was told of before counts")
    func knownKind() {
        var script = Script.prompting()
        script.update(["sessionUpdate": "tool_call", "toolCallId": "c10", "title": "look", "kind": "read"])
        script.ask(10, kind: nil)
        #expect(script.takeWritten().first?["result"]?["outcome"]?["optionId"] == "yes")
    }

    @Test(
        "what an operator decides",
        arguments: [
            (PermissionDecision.allow, "yes"), (.allowAlways, "always"), (.reject, "no"), (.cancel, nil),
        ] as [(PermissionDecision, String?)])
    func forwarded(_ decision: PermissionDecision, _ chosen: String?) {
        var script = Script.prompting { $0.permissionMode = .forward }
        script.ask(10, kind: "execute")
        script.actions = script.client.decided(0, decision)
        #expect(script.takeWritten().first?["result"]?["outcome"]?["optionId"]?.string == chosen)
        #expect(script.client.decided(0, decision) == [])
    }

    @Test("more open requests than the limit end it")
    func tooMany() {
        var script = Script.prompting { $0.permissionMode = .forward }
        for id in 0..<Int64(ACPClient.maxOpenRequests) { script.ask(100 + id, kind: "edit") }
        #expect(script.outcome == nil)
        script.ask(999, kind: "edit")
        #expect(script.outcome == .failed(.tooManyRequests(max: 64)))
        #expect(script.takeWritten().count == 64)
    }

    @Test("the session of another client is nobody's")
    func otherSession() {
        var script = Script.prompting()
        script.say([
            "id": 3, "method": "session/request_permission", "params": ["sessionId": "other", "options": []],
        ])
        #expect(script.takeWritten().first?["error"]?["code"] == -32602)
    }
}
