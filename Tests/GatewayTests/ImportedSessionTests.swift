import JSON
import Store
import Testing

@testable import Gateway

@Suite("Sessions of OpenClaw")
struct ImportedSessionTests {
    private static func session(
        _ key: String = "agent:main:main", _ entry: JSON = ["sessionId": "s-1", "updatedAt": 5000]
    ) throws -> ImportedSession {
        try ImportedSession(key: key, entry, agentID: "main", mainKey: "main", nowMs: 9000)
    }

    private static func record(_ session: ImportedSession) throws -> SessionRecord {
        guard
            case .putSession(let record, expectedRevision: 0) = try #require(
                session.operations(expectedRevision: 0).first)
        else { throw ImportedSession.Damage(why: "no session first") }
        return record
    }

    @Test(
        "the key says what kind of session it is",
        arguments: [
            ("agent:main:main", "agent:main:main", "primary"), ("main", "agent:main:main", "primary"),
            ("agent:main:discord:channel:1", "agent:main:discord:channel:1", "chat"),
            ("agent:main:subagent:8", "agent:main:subagent:8", "spawned"),
            ("agent:main:acp:8", "agent:main:acp:8", "spawned"),
        ])
    func kinds(_ name: String, _ key: String, _ kind: String) throws {
        let record = try Self.record(try Self.session(name))
        #expect(record.key == key && record.kind == kind && record.agentId == "main")
        #expect(record.sessionId == "s-1" && record.updatedAtMs == 5000)
    }

    @Test("lineage is taken for spawned sessions only, and nothing else gains it")
    func lineage() throws {
        let entry: JSON = [
            "sessionId": "s", "updatedAt": 1, "spawnedBy": "agent:main:main", "spawnDepth": 99, "label": "l",
        ]
        let spawned = try Self.record(try Self.session("agent:main:subagent:1", entry))
        #expect(spawned.parentKey == "agent:main:main" && spawned.spawnDepth == 5 && spawned.label == "l")
        let chat = try Self.record(try Self.session("agent:main:x", entry))
        #expect(chat.parentKey == nil && chat.spawnDepth == 0)
    }

    @Test("settings of a session come along, what is no setting does not")
    func overrides() throws {
        let entry: JSON = [
            "sessionId": "s", "updatedAt": 1, "model": "m", "thinkingLevel": "high", "sendPolicy": "perhaps",
            "verboseLevel": 7, "inputTokens": 5,
        ]
        let record = try Self.record(try Self.session("agent:main:x", entry))
        let json = try JSONParser.parse(try #require(record.json))
        #expect(json["overrides"] == ["model": "m", "thinkingLevel": "high"])
    }

    @Test(
        "what is no session is refused",
        arguments: [
            ("agent:other:main", ["sessionId": "s"], "no session key"),
            ("agent:main:\u{1B}[2J", ["sessionId": "s"], "no session key"),
            ("agent:main:x", [:], "sessionId"), ("agent:main:x", ["sessionId": "../../etc/passwd"], "sessionId"),
            ("agent:main:x", ["sessionId": ""], "sessionId"), ("agent:main:x", ["sessionId": ".."], "sessionId"),
            ("agent:main:x", "text", "no object"),
        ] as [(String, JSON, String)])
    func refusals(_ key: String, _ entry: JSON, _ says: String) {
        #expect {
            _ = try Self.session(key, entry)
        } throws: { error in
            (error as? ImportedSession.Damage)?.why.contains(says) == true
        }
    }

    @Test("messages become rows in their order, with their times and ids")
    func messages() throws {
        var session = try Self.session()
        let lines = [
            #"{"type":"session","id":"s-1"}"#,
            #"{"type":"message","id":"m1","message":{"role":"user","content":"hello","timestamp":1000}}"#,
            #"{"type":"model_change"}"#,
            #"{"type":"message","id":"m1","message":{"role":"assistant","content":[{"type":"text","text":"hi"}]}}"#,
            #"{"type":"message","message":{"role":"toolResult","content":[],"timestamp":3000}}"#,
        ]
        for (index, line) in lines.enumerated() { try session.take(line: Array(line.utf8), number: index + 1) }
        #expect(session.rows.map(\.seq) == [1, 2, 3])
        #expect(session.rows.map(\.role) == ["user", "assistant", "toolResult"])
        #expect(session.rows.map(\.timestampMs) == [1000, 1000, 3000])
        #expect(session.rows.map(\.messageId) == ["m1", "m1-4", "line-5"])
        #expect(session.otherLines == 2)
        let body = try JSONParser.parse(session.rows[1].body)
        #expect(body["timestamp"]?.integer == 1000 && body["content"]?[0]?["text"] == "hi")
        let record = try Self.record(session)
        #expect(record.createdAtMs == 1000 && record.updatedAtMs == 5000)
        let json = try JSONParser.parse(try #require(record.json))
        #expect(json["lastSeq"] == 3 && json["title"] == "hello")
        #expect(session.operations(expectedRevision: 0).count == 4)
    }

    @Test(
        "a line that is no message says so and is left out",
        arguments: [
            "{", "[]", "7", #"{"type":"message"}"#, #"{"type":"message","message":{"content":"x"}}"#,
            #"{"type":"message","message":{"role":"","content":"x"}}"#, "\u{0}",
        ])
    func damage(_ line: String) throws {
        var session = try Self.session()
        #expect(throws: ImportedSession.Damage.self) { try session.take(line: Array(line.utf8), number: 1) }
        #expect(session.rows == [])
    }
}
