import Client
import Files
import Foundation
import JSON
import Testing

/// `sallyport import`: conversations of an OpenClaw installation go on here.
struct SessionImportTests {
    private static func openClaw() throws -> TemporaryDirectory {
        let source = try TemporaryDirectory()
        for name in ["agents", "agents/main", "agents/main/sessions", "cron"] {
            try Files.makeDirectory(source.path + "/" + name)
        }
        let index: JSON = [
            "agent:main:main": ["sessionId": "first", "updatedAt": 1_786_000_000_000, "model": "m"],
            "agent:main:telegram:group:7": ["sessionId": "second", "updatedAt": 1_786_000_000_001, "label": "group"],
            "agent:main:broken": ["sessionId": "../first"],
        ]
        _ = try source.write("agents/main/sessions/sessions.json", index.prettyPrinted())
        let lines = [
            #"{"type":"session","version":3,"id":"first"}"#,
            #"{"type":"message","id":"a","message":{"role":"user","content":"hello there","timestamp":1785999999000}}"#,
            "this is no JSON",
            #"{"type":"message","id":"b","message":{"role":"assistant","content":[{"type":"text","text":"good day"}],"timestamp":1785999999500}}"#,
            #"{"type":"message","id":"c","message":{"role":"us"#,
        ]
        _ = try source.write("agents/main/sessions/first.jsonl", lines.joined(separator: "\n"))
        _ = try source.write(
            "cron/jobs.json",
            #"""
            {"version": 1, "jobs": [{"id": "job-1", "name": "later", "enabled": true, "sessionTarget": "main",
              "wakeMode": "next-heartbeat", "schedule": {"kind": "at", "at": "2099-01-01T00:00:00Z"},
              "payload": {"kind": "systemEvent", "text": "x"}, "state": {}}]}
            """#)
        return source
    }

    /// Contents and times of all files below a directory.
    private static func facts(_ directory: String) throws -> [String: String] {
        var facts: [String: String] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: directory) {
            let path = directory + "/" + name
            let modified = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            facts[name] = "\(modified?.timeIntervalSince1970 ?? 0) \(contents(of: path))"
        }
        return facts
    }

    @Test func conversationsAndJobsComeAlongOnceAndTheSourceIsNotTouched() async throws {
        try await scenario {
            let source = try Self.openClaw()
            let before = try Self.facts(source.path)
            let state = try TemporaryDirectory()
            let tool = CommandLineTool(stateDirectory: state.path, outputs: state.path)
            let trial = try tool.run("import", "--from", source.path, "--dry-run")
            #expect(trial.exitCode == 1 && trial.output.contains("would import: session agent:main:main"), "\(trial)")
            #expect(!Files.exists(state.path + "/state"))
            let first = try tool.run("import", "--from", source.path)
            #expect(first.exitCode == 1, "something is damaged: \(first)")
            let transcript = source.path + "/agents/main/sessions/first.jsonl"
            for words in [
                "imported: session agent:main:main, 2 messages, 1 other line left out",
                "imported: session agent:main:telegram:group:7, 0 messages",
                "note: session agent:main:telegram:group:7",
                "damaged, skipped: \(transcript):3: is not readable as JSON", "damaged, skipped: \(transcript):5: ",
                "damaged, skipped: session agent:main:broken: sessionId", "imported: scheduled job job-1",
                "3 imported, 0 unchanged, 0 skipped, 3 damaged",
            ] { #expect(first.output.contains(words), "\(words) not in \(first)") }
            let again = try tool.run("import", "--from", source.path)
            #expect(again.output.contains("0 imported, 3 unchanged, 0 skipped, 1 damaged"), "\(again)")
            #expect(try Self.facts(source.path) == before)

            var configuration = GatewayConfiguration()
            configuration.agents = [.running("main")]
            let gateway = try GatewayProcess(configuration.text, state: state)
            let owner = try await gateway.owner()
            #expect(try Self.said(owner) == ["hello there", "good day"])
            #expect(try owner.session("agent:main:telegram:group:7")?["label"]?.string == "group")
            // The conversation goes on behind what was imported.
            let answer = try owner.request(
                "chat.send",
                ["sessionKey": "agent:main:main", "message": "echo and so on", "idempotencyKey": "imported-1"])
            #expect(answer["messageSeq"]?.integer == 3)
            try eventually("the turn is over") { try Self.said(owner).last == "and so on" }
            #expect(try Self.said(owner) == ["hello there", "good day", "echo and so on", "and so on"])
            let jobs = try owner.request("cron.list", ["includeDisabled": true])["jobs"]?.array ?? []
            #expect(jobs.map { $0["name"]?.string } == ["later"])
            owner.close()
            try gateway.stop()
            // What was said here is not given up for what was said there.
            let late = try tool.run("import", "--from", source.path)
            #expect(late.output.contains("0 imported, 3 unchanged"), "\(late)")
        }
    }

    @Test func anEmptyMainSessionGivesWayAndOneThatWasUsedDoesNot() async throws {
        try await scenario {
            let source = try Self.openClaw()
            var configuration = GatewayConfiguration()
            configuration.agents = [.running("main")]
            let gateway = try GatewayProcess(configuration.text)
            try gateway.stop()
            let first = try gateway.cli.run("import", "--from", source.path)
            #expect(first.output.contains("imported: session agent:main:main, 2 messages"), "\(first)")

            let used = try GatewayProcess(configuration.text)
            let owner = try await used.owner()
            _ = try owner.request(
                "chat.send", ["sessionKey": "agent:main:main", "message": "echo mine", "idempotencyKey": "mine-1"])
            try eventually("the turn is over") { try Self.said(owner).count == 2 }
            owner.close()
            try used.stop()
            let second = try used.cli.run("import", "--from", source.path)
            #expect(
                second.output.contains("skipped: session agent:main:main: there is another conversation here"),
                "\(second)")
        }
    }

    private static func said(_ owner: GatewayClient) throws -> [String] {
        let page = try owner.request("chat.history", ["sessionKey": "agent:main:main", "limit": 100])
        return (page["messages"]?.array ?? []).map { message in
            let text = message["content"]?.string ?? message["content"]?[0]?["text"]?.string ?? ""
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }
}
