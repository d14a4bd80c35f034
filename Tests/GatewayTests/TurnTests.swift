import JSON
import Sessions
import Store
import Testing
import Trust
import Wire

@testable import Gateway

@Suite("Turns: chat.send, agent, lanes and aborts, wire protocol 6.5 and 6.6")
struct TurnTests {
    private static let key: JSON = "agent:main:main"

    private func send(
        _ gateway: TestGateway, _ id: ConnectionID, _ run: String, message: String = "hello", key: JSON = key
    ) -> JSON? {
        gateway.call(
            id, .chatSend, ["sessionKey": key, "message": .string(message), "idempotencyKey": .string(run)])
    }

    /// Lets the worker of the turn that was launched last come and attach.
    private func attach(_ gateway: TestGateway, _ run: String) throws -> ConnectionID {
        let order = try #require(gateway.takeSteps().launches.last { $0.runID == run })
        let worker = gateway.connect(.worker(order))
        #expect(gateway.call(worker, .runAttach, ["runId": .string(run)])?["payload"]?["task"] == "hello")
        return worker
    }

    @Test("chat.send answers once it is durable, runs the agent, and ends in one final")
    func conversation() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let answer = send(gateway, owner, "key-1")
        #expect(answer?["payload"]?["runId"] == "key-1")
        #expect(answer?["payload"]?["status"] == "started")
        #expect(gateway.takeSteps().names.prefix(3) == ["open", "commit", "respond"])
        _ = send(gateway, owner, "key-1")
        #expect(gateway.core.table.runs.count == 1, "the same key is the same run")

        let again = try TestGateway()
        let client = again.connect(.owner())
        _ = send(again, client, "key-1")
        let worker = try attach(again, "key-1")
        again.call(worker, .runOutput, ["runId": "key-1", "stream": "stdout", "text": "Hel", "seq": 1])
        again.call(worker, .runOutput, ["runId": "key-1", "stream": "stdout", "text": "lo", "seq": 2])
        again.advance(ms: 200)
        again.complete(worker, "key-1", text: "Hello")
        let steps = again.takeSteps()
        let chats = steps.events(.chat).map(\.payload)
        #expect(chats.compactMap { $0["state"]?.string } == ["delta", "delta", "final"])
        #expect(chats.compactMap { $0["deltaText"]?.string } == ["Hel", "lo"])
        #expect(chats.map { ChatMessage.plainText($0["message"] ?? .null) } == ["Hel", "Hello", "Hello"])
        #expect(chats.compactMap { $0["seq"]?.integer } == [1, 2, 3])
        let names = steps.names
        let end = try #require(names.lastIndex(of: "agent lifecycle"))
        let final = try #require(names.lastIndex(of: "chat"))
        #expect(end < final, "agent events go out before the final")
        let history = again.call(client, .chatHistory, ["sessionKey": "main"])?["payload"]
        #expect(history?["sessionKey"] == "main")
        let messages = history?["messages"]?.array ?? []
        #expect(messages.map { $0["role"]?.string } == ["user", "assistant"])
        #expect(messages.map(ChatMessage.plainText) == ["hello", "Hello"])
        #expect(messages.compactMap { $0["__openclaw"]?["seq"]?.integer } == [1, 2])
    }

    @Test("a session takes one turn at a time, in order")
    func lanes() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = send(gateway, owner, "first")
        _ = send(gateway, owner, "second")
        _ = send(gateway, owner, "other", key: "agent:worker:main")
        let steps = gateway.takeSteps()
        #expect(steps.launches.map(\.runID) == ["first", "other"])
        let order = try #require(steps.launches.first)
        let worker = gateway.connect(.worker(order))
        gateway.call(worker, .runAttach, ["runId": "first"])
        gateway.complete(worker, "first")
        #expect(gateway.takeSteps().launches.map(\.runID) == ["second"])
    }

    @Test("a busy session queues up to its cap, refuses, or drops what it does, as configured")
    func whenBusy() throws {
        let rejecting = try TestGateway(conversation: { $0.whenBusy = .reject })
        let owner = rejecting.connect(.owner())
        _ = send(rejecting, owner, "first")
        #expect(send(rejecting, owner, "second")?["error"]?["details"]?["code"] == "SESSION_BUSY")

        let full = try TestGateway(conversation: { $0.maxQueued = 1 })
        let sender = full.connect(.owner())
        for run in ["first", "second"] { #expect(send(full, sender, run)?["ok"] == true) }
        #expect(send(full, sender, "third")?["error"]?["details"]?["code"] == "QUEUE_FULL")

        let interrupting = try TestGateway(conversation: { $0.whenBusy = .interrupt })
        let other = interrupting.connect(.owner())
        _ = send(interrupting, other, "first")
        _ = send(interrupting, other, "second")
        #expect(interrupting.end(of: "first")?.status == .killed)
        #expect(interrupting.takeSteps().launches.map(\.runID) == ["first", "second"])
    }

    @Test("the device of a turn acts as its session, beside the session's own device")
    func devices() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = send(gateway, owner, "turn")
        let worker = try attach(gateway, "turn")
        let spawned = try gateway.spawn(worker)
        let entry = try #require(gateway.core.trust.lineage.entry(forRun: spawned.runID))
        let session = try #require(gateway.core.trust.lineage.entry(forSession: "agent:main:main"))
        #expect(entry.issuer == session.deviceID, "what a turn spawns hangs on the session")
        #expect(session.isGatewaySession)
        gateway.complete(worker, "turn")
        #expect(gateway.end(of: spawned.runID) == nil, "the end of a turn ends nothing that it spawned")
        let order = try #require(spawned.order)
        let child = gateway.connect(.worker(order))
        #expect(gateway.call(child, .runAttach, ["runId": .string(spawned.runID)])?["ok"] == true)
    }

    @Test("whoever asked for a turn is the asker of what its agent spawns")
    func askers() throws {
        let gateway = try TestGateway()
        let device = try Peer.key(7)
        let owner = gateway.connect(.owner())
        let phone = gateway.connect(.remote(device))
        let pending = gateway.call(owner, .devicePairList)?["payload"]?["pending"]?[0]?["requestId"]
        gateway.call(owner, .devicePairApprove, ["requestId": try #require(pending)])
        gateway.disconnect(phone)
        let paired = gateway.connect(.remote(device))
        _ = send(gateway, paired, "turn")
        let worker = try attach(gateway, "turn")
        let spawned = try gateway.spawn(worker)
        gateway.call(owner, .devicePairRemove, ["deviceId": .string(device.deviceID)])
        #expect(gateway.end(of: "turn")?.status == .killed)
        #expect(gateway.end(of: spawned.runID)?.status == .killed)
    }

    @Test("an abort ends the run, keeps what was said, and spares others")
    func aborting() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = send(gateway, owner, "turn")
        let worker = try attach(gateway, "turn")
        let spawned = try gateway.spawn(worker)
        gateway.call(worker, .runOutput, ["runId": "turn", "stream": "stdout", "text": "half", "seq": 1])
        let answer = gateway.call(owner, .chatAbort, ["sessionKey": Self.key, "runId": "turn"])?["payload"]
        #expect(answer == ["ok": true, "aborted": true, "runIds": ["turn"]])
        #expect(gateway.takeSteps().events(.chat).last?.payload["state"] == "aborted")
        #expect(gateway.end(of: spawned.runID)?.status == .killed, "its children go with a run that is named")
        let nothing = gateway.call(owner, .chatAbort, ["sessionKey": Self.key])?["payload"]
        #expect(nothing == ["ok": true, "aborted": false, "runIds": []])
        let messages = gateway.call(owner, .chatHistory, ["sessionKey": Self.key])?["payload"]?["messages"]?.array
        #expect(messages?.map(ChatMessage.plainText) == ["hello", "half"])
        #expect(messages?.last?["stopReason"] == "aborted")
    }

    @Test("who may write aborts what it asked for itself, and nobody else's")
    func foreignAborts() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = send(gateway, owner, "turn")
        let writer = gateway.connect(.owner(scopes: ["operator.write"]))
        // Neither has a device, so both are the owner's; a paired one is somebody else.
        #expect(gateway.call(writer, .chatAbort, ["sessionKey": Self.key])?["payload"]?["aborted"] == true)
    }

    @Test("agent answers twice: accepted, and how it ended", arguments: [("ok", true), ("error", false)])
    func agentAnswers(_ status: String, _ succeeds: Bool) throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.call(owner, .agent, ["message": "hello", "idempotencyKey": "turn"])
        let id = gateway.lastRequestID
        let worker = try attach(gateway, "turn")
        gateway.complete(worker, "turn", status: status, text: "done")
        let answers = gateway.takeSteps().responses(to: owner).filter { $0["id"] == .string(id) }
        let final = try #require(answers.last)
        #expect(final["ok"] == .bool(succeeds))
        #expect(final["payload"]?["status"] == .string(succeeds ? "ok" : "error"))
        #expect(final["payload"]?["runId"] == "turn")
        if succeeds {
            #expect(final["payload"]?["result"]?["payloads"]?[0]?["text"] == "done")
        } else {
            #expect(final["error"]?["code"] == "UNAVAILABLE")
        }
        let repeated = gateway.call(owner, .agent, ["message": "hello", "idempotencyKey": "turn"])
        #expect(repeated?["payload"]?["status"] == final["payload"]?["status"])
    }

    @Test("the same key for another session, or of another method, is refused")
    func conflicts() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = send(gateway, owner, "turn")
        #expect(
            send(gateway, owner, "turn", key: "agent:worker:main")?["error"]?["details"]?["code"]
                == "IDEMPOTENCY_CONFLICT")
        let agent = gateway.call(owner, .agent, ["message": "hello", "idempotencyKey": "turn"])
        #expect(agent?["error"]?["details"]?["code"] == "IDEMPOTENCY_CONFLICT")
        let (child, _) = try gateway.running(owner)
        #expect(send(gateway, owner, child.runID)?["error"]?["details"]?["code"] == "IDEMPOTENCY_CONFLICT")
    }

    @Test("a turn whose commit fails never was, and the next begins")
    func failedCommit() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        gateway.commitMode = .held
        _ = send(gateway, owner, "first")
        _ = send(gateway, owner, "second")
        gateway.releaseFailingFirst()
        #expect(gateway.core.table.runs["first"] == nil)
        #expect(gateway.core.trust.lineage.entry(forRun: "first") == nil)
        let steps = gateway.takeSteps()
        #expect(steps.launches.map(\.runID) == ["second"])
        #expect(steps.responses(to: owner).map { $0["ok"] } == [false, true])
    }

    private static let wrong: [(JSON, String)] = [
        (["message": "hi", "idempotencyKey": "k"], "sessionKey"),
        (["sessionKey": "main", "message": "hi"], "idempotencyKey"),
        (["sessionKey": "main", "message": "  ", "idempotencyKey": "k"], "message or attachment required"),
        (["sessionKey": "main", "message": "hi", "idempotencyKey": "a\u{0}b"], "control characters"),
        (["sessionKey": "agent:nobody:main", "message": "hi", "idempotencyKey": "k"], "session not found"),
        (["sessionKey": "agent:main:subagent:x", "message": "hi", "idempotencyKey": "k"], "session not found"),
        (
            [
                "sessionKey": "main", "message": "hi", "idempotencyKey": "k",
                "attachments": [["mimeType": "image/png", "content": "AA=="]],
            ], "attachments are not available"
        ),
    ]

    @Test("what is wrong with a message is said", arguments: wrong)
    func refusals(_ params: JSON, _ text: String) throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let message = gateway.call(owner, .chatSend, params)?["error"]?["message"]?.string ?? ""
        #expect(message.contains(text), "\(message)")
        #expect(gateway.core.table.runs.isEmpty)
    }

    @Test("a child speaks to itself and to what is below it only")
    func confinement() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        let (_, worker) = try gateway.running(owner)
        let params: JSON = ["sessionKey": Self.key, "message": "hello", "idempotencyKey": "k"]
        #expect(gateway.call(worker, .chatSend, params)?["error"]?["details"]?["code"] == "SESSION_NOT_FOUND")
        #expect(gateway.call(worker, .chatHistory, ["sessionKey": Self.key])?["ok"] == false)
    }

    @Test("a restart goes on with what was queued, and waits for the worker of what ran")
    func restart() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = send(gateway, owner, "first")
        _ = send(gateway, owner, "second")
        let order = try #require(gateway.takeSteps().launches.first)
        let worker = gateway.connect(.worker(order))
        gateway.call(worker, .runAttach, ["runId": "first"])
        let next = try gateway.restarted()
        let back = next.connect(.worker(order))
        #expect(next.call(back, .runAttach, ["runId": "first"])?["ok"] == true)
        #expect(next.core.trust.lineage.entry(forSession: "agent:main:main")?.isGatewaySession == true)
        next.complete(back, "first")
        #expect(next.takeSteps().launches.map(\.runID) == ["second"])
        let reader = next.connect(.owner())
        let messages = next.call(reader, .chatHistory, ["sessionKey": Self.key])?["payload"]?["messages"]?.array
        #expect(messages?.map(ChatMessage.plainText) == ["hello", "hello", "done"])
    }

    @Test("stop words abort")
    func stopWords() throws {
        let gateway = try TestGateway()
        let owner = gateway.connect(.owner())
        _ = send(gateway, owner, "turn")
        let answer = send(gateway, owner, "other", message: "/stop")?["payload"]
        #expect(answer?["aborted"] == true)
        #expect(gateway.core.table.runs["other"] == nil)
    }
}
