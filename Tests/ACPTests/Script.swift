import JSON

@testable import ACP

/// A client and what it did, with the agent played by the test.
struct Script {
    static let directory = "/srv/project"

    var client: ACPClient
    var actions: [ACPClient.Action] = []
    var nowMs: Int64 = 1_000_000

    init(_ change: (inout ACPClient.Settings) -> Void = { _ in }) {
        var settings = ACPClient.Settings(workingDirectory: Self.directory, prompt: "do it", clientVersion: "9.9")
        change(&settings)
        client = ACPClient(settings)
        actions = client.start(nowMs: nowMs)
    }

    /// Up to the prompt.
    static func prompting(
        agent: JSON = ["loadSession": false], _ change: (inout ACPClient.Settings) -> Void = { _ in }
    ) -> Script {
        var script = Script(change)
        script.say(["id": 0, "result": ["protocolVersion": 1, "agentCapabilities": agent]])
        script.say(["id": 1, "result": ["sessionId": "s"]])
        script.actions = []
        return script
    }

    mutating func say(_ message: JSON) { hear(Self.line(message)) }

    mutating func hear(_ bytes: [UInt8]) { actions += client.received(bytes, nowMs: nowMs) }

    mutating func update(_ body: JSON, session: String = "s") {
        say(["method": "session/update", "params": ["sessionId": .string(session), "update": body]])
    }

    /// One that asks for permission.
    mutating func ask(_ id: Int64, kind: String?, options: [(String, String)] = Self.allOptions) {
        var call = JSONObject([("toolCallId", .string("c\(id)"))])
        call["kind"] = kind.map { .string($0) }
        let offered = options.map { JSON.object(JSONObject([("optionId", .string($0.0)), ("kind", .string($0.1))])) }
        say([
            "id": .integer(id), "method": "session/request_permission",
            "params": ["sessionId": "s", "toolCall": .object(call), "options": .array(offered)],
        ])
    }

    static let allOptions = [
        ("yes", "allow_once"), ("always", "allow_always"), ("no", "reject_once"), ("never", "reject_always"),
    ]

    static func line(_ message: JSON) -> [UInt8] {
        var object = message.object ?? JSONObject()
        object["jsonrpc"] = "2.0"
        return JSON.object(object).serialized() + [10]
    }

    /// What was written to the agent, read again; takes it away.
    mutating func takeWritten() -> [JSON] {
        let written = actions.compactMap { action -> JSON? in
            guard case .write(let line) = action else { return nil }
            precondition(line.last == 10 && !line.dropLast().contains(10), "one line each")
            return try? JSONParser.parse(Array(line))
        }
        actions.removeAll {
            if case .write = $0 { true } else { false }
        }
        return written
    }

    var outcome: ACPClient.Outcome? {
        for case .finished(let outcome) in actions { return outcome }
        return nil
    }

    var updates: [SessionUpdate] {
        actions.compactMap {
            if case .report(let update) = $0 { update } else { nil }
        }
    }
}
