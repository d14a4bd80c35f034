import Crypto
import Gateway
import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@Suite("What a spawn may bring along")
struct SpawnOptionTests {
    private static func gateway(isEnabled: Bool = true, _ change: (inout SpawnAttachments.Limits) -> Void = { _ in })
        throws -> TestGateway
    {
        try TestGateway(conversation: {
            $0.attachments.isEnabled = isEnabled
            change(&$0.attachments)
        })
    }

    private static func spawn(_ gateway: TestGateway, _ owner: ConnectionID, _ more: [(String, JSON)]) throws -> JSON {
        let params = JSON.object(JSONObject([("task", "work")] + more))
        return try #require(gateway.call(owner, .sessionsSpawn, params))["payload"] ?? .null
    }

    private static let hello: JSON = ["name": "hello.txt", "content": "hello", "mimeType": "text/plain"]

    @Test("files stay with a session that is kept, where that is wanted, and go with it", arguments: [true, false])
    func retained(_ isKept: Bool) throws {
        let gateway = try Self.gateway { $0.isRetained = true }
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        let answer = try Self.spawn(
            gateway, owner, [("attachments", [Self.hello]), ("cleanup", .string(isKept ? "keep" : "delete"))])
        let run = try #require(answer["runId"]?.string)
        let key = try #require(answer["childSessionKey"]?.string)
        #expect(answer["attachments"]?["retained"] == (isKept ? true : nil))
        let order = try #require(gateway.takeSteps().launches.first)
        let worker = gateway.connect(.worker(order))
        let attached = gateway.call(worker, .runAttach, ["runId": .string(run)])?["payload"]
        #expect(attached?["attachmentsStay"] == (isKept ? true : nil) && attached?["attachmentsAreKnown"] == nil)
        _ = gateway.call(worker, .runComplete, ["runId": .string(run), "status": "ok", "text": ""])
        #expect((gateway.store.transcripts["attachments:\(run)"] != nil) == isKept)
        guard isKept else { return }
        // The next message of the session finds them.
        let turn = try gateway.beginTurn(owner, "turn-1", key: .string(key))
        let again = gateway.call(turn, .runAttach, ["runId": "turn-1"])?["payload"]
        #expect(again?["attachments"]?[0]?["name"] == "hello.txt" && again?["attachmentsAreKnown"] == true)
        gateway.complete(turn, "turn-1")
        #expect(gateway.store.transcripts["attachments:\(run)"] != nil)
        gateway.advance(ms: 61 * 60_000)
        #expect(gateway.core.table.sessions[key] == nil)
        #expect(gateway.store.transcripts["attachments:\(run)"] == nil)
    }

    @Test("files are committed with the run, listed in the answer, and gone with its end")
    func attachments() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        let answer = try Self.spawn(
            gateway, owner,
            [
                ("attachments", [Self.hello, ["name": "raw", "content": "AAECAw==", "encoding": "base64"]]),
                ("attachAs", ["mountPath": "/mnt/in"]),
            ])
        #expect(answer["status"] == "accepted", "\(answer)")
        #expect(answer["attachments"]?["count"] == 2)
        #expect(answer["attachments"]?["totalBytes"] == 9)
        #expect(answer["attachments"]?["relDir"] == "attachments")
        let first = answer["attachments"]?["files"]?[0]
        #expect(first?["name"] == "hello.txt" && first?["bytes"] == 5)
        #expect(first?["sha256"]?.string == Hex.encode(SHA256.digest(Array("hello".utf8))))
        let run = try #require(answer["runId"]?.string)
        let rows = gateway.store.transcripts["attachments:\(run)"] ?? []
        #expect(rows.count == 2 && rows.allSatisfy { $0.runId == run })
        // Nothing of them is in the conversation.
        let session = try #require(gateway.core.table.sessions[answer["childSessionKey"]?.string ?? ""])
        #expect(gateway.store.transcripts[session.sessionID]?.count == 1)

        let order = try #require(gateway.takeSteps().launches.first)
        let worker = gateway.connect(.worker(order))
        let attached = gateway.call(worker, .runAttach, ["runId": .string(run)])?["payload"]
        #expect(attached?["attachments"]?[0]?["name"] == "hello.txt")
        #expect(attached?["attachments"]?[1]?["content"] == "AAECAw==")
        #expect(attached?["attachMountPath"] == "/mnt/in")
        _ = gateway.call(worker, .runComplete, ["runId": .string(run), "status": "ok", "text": ""])
        #expect(gateway.store.transcripts["attachments:\(run)"] == nil)
    }

    @Test(
        "what is refused says which file and which limit, and leaves nothing",
        arguments: [
            ([["name": "../x", "content": ""]], "attachments[0].name"),
            ([["name": "a", "content": "x"], ["name": "A", "content": "x"]], "two attachments"),
            ([["name": "a"]], "name and content"),
            ([["name": "a", "content": "x", "encoding": "hex"]], "utf8 or base64"),
            ([["name": "a", "content": "x y", "encoding": "base64"]], "not base64"),
            ([["name": "a", "content": "x", "mimeType": "png"]], "media type"),
            ([["name": "a", "content": "12345678901"]], "at most 10"),
            ([["name": "a", "content": "1234567890"], ["name": "b", "content": "1234567890"]], "more than 15 bytes"),
            (
                [["name": "a", "content": ""], ["name": "b", "content": ""], ["name": "c", "content": ""]],
                "more than 2"
            ),
        ] as [(JSON, String)])
    func refused(_ attachments: JSON, _ words: String) throws {
        let gateway = try Self.gateway {
            $0.maxFiles = 2
            $0.maxFileBytes = 10
            $0.maxTotalBytes = 15
        }
        let owner = gateway.connect(.owner())
        let answer = try Self.spawn(gateway, owner, [("attachments", attachments)])
        #expect(answer["status"] == "error" && answer["rule"] == "attachments", "\(answer)")
        #expect(answer["error"]?.string?.contains(words) == true, "\(answer)")
        #expect(answer["remediationHint"]?.string?.isEmpty == false)
        #expect(gateway.store.runs.isEmpty)
    }

    @Test("files at their limits are taken")
    func limits() throws {
        let gateway = try Self.gateway {
            $0.maxFiles = 2
            $0.maxFileBytes = 10
            $0.maxTotalBytes = 15
        }
        let owner = gateway.connect(.owner())
        let answer = try Self.spawn(
            gateway, owner,
            [("attachments", [["name": "a", "content": "1234567890"], ["name": "b", "content": "12345"]])])
        #expect(answer["status"] == "accepted", "\(answer)")
    }

    @Test("they are off by default, and the refusal names the switch; none at all is no attachment")
    func disabled() throws {
        let gateway = try Self.gateway(isEnabled: false)
        let owner = gateway.connect(.owner())
        let answer = try Self.spawn(gateway, owner, [("attachments", [Self.hello])])
        #expect(answer["error"]?.string?.contains("tools.sessions_spawn.attachments.enabled") == true)
        #expect(try Self.spawn(gateway, owner, [("attachments", [])])["status"] == "accepted")
        let hint = try Self.spawn(gateway, owner, [("attachAs", ["mountPath": "../up"])])
        #expect(hint["error"]?.string?.contains("mountPath") == true)
    }

    @Test("model, thinking and name of the task are kept with the session and told to the worker")
    func passedThrough() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
        let answer = try Self.spawn(
            gateway, owner,
            [("model", "large"), ("thinking", "high"), ("taskName", "review"), ("lightContext", true)])
        #expect(answer["modelApplied"] == true && answer["resolvedModel"] == "large")
        #expect(answer["taskName"] == "review")
        let order = try #require(gateway.takeSteps().launches.first)
        let worker = gateway.connect(.worker(order))
        let attached = gateway.call(worker, .runAttach, ["runId": .string(order.runID)])?["payload"]
        #expect(attached?["model"] == "large" && attached?["thinking"] == "high")
        #expect(try Self.spawn(gateway, owner, [])["modelApplied"] == nil)
    }

    @Test(
        "what is not meant for a spawn here is refused, not passed over",
        arguments: [
            ("taskName", "last"), ("taskName", "all"), ("taskName", "Upper"), ("taskName", "9a"), ("context", "copy"),
            ("lightContext", "yes"), ("worktree", true), ("placement", "remote"), ("user", "ana"), ("projectId", "p"),
            ("completionTarget", "channel"), ("model", ""),
        ] as [(String, JSON)])
    func unavailable(_ key: String, _ value: JSON) throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        let frame = gateway.call(owner, .sessionsSpawn, .object(JSONObject([("task", "work"), (key, value)])))
        let refusal = frame?["payload"]?["error"]?.string ?? frame?["error"]?["message"]?.string
        #expect(refusal?.contains(key) == true, "\(frame ?? .null)")
        #expect(gateway.store.runs.isEmpty)
    }

    @Test("a fork begins with the conversation of the session that spawns it, of the same agent only")
    func fork() throws {
        let gateway = try Self.gateway()
        let owner = gateway.connect(.owner())
        _ = gateway.call(owner, .chatInject, ["sessionKey": "main", "message": "remember this"])
        let main = try #require(gateway.core.table.sessions[TestGateway.mainKey])
        let before = try #require(gateway.store.transcripts[main.sessionID])
        #expect(!before.isEmpty)
        let answer = try Self.spawn(gateway, owner, [("context", "fork")])
        #expect(answer["status"] == "accepted" && answer["context"] == "fork", "\(answer)")
        let child = try #require(gateway.core.table.sessions[answer["childSessionKey"]?.string ?? ""])
        let rows = try #require(gateway.store.transcripts[child.sessionID])
        #expect(Array(rows.dropLast()) == before)
        #expect(rows.last?.seq == main.lastSeq + 1)
        #expect(gateway.store.transcripts[main.sessionID] == before)
    }
}
