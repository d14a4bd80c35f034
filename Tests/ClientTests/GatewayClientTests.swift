import EventLoop
import Glibc
import HTTP
import JSON
import TLS
import Testing

@testable import Client

@Suite("Gateway client")
struct GatewayClientTests {
    @Test("connects, proves its device and asks", arguments: Wire.allCases)
    func request(_ wire: Wire) throws {
        let device = try DeviceKey(seed: Array(repeating: 3, count: 32))
        let gateway = try TestGateway(wire) { peer in
            let params = try peer.welcome()
            #expect(peer.requestHead?.requestTarget == "/gateway?x")
            #expect(peer.requestHead?.first("origin") == nil)
            #expect(params["device"]?["nonce"]?.string == TestPeer.challengeNonce)
            #expect(params["device"]?["signedAt"]?.integer == TestPeer.challengeTime)
            #expect(params["auth"] == ["token": "s3cret"])
            let request = try peer.receiveRequest("health")
            #expect(request["params"] == ["probe": true])
            try peer.respond(to: request, payload: ["status": "ok"])
            let close = try peer.receiveClose()
            #expect(close.code == 1000)
            #expect(close.reason == "done")
        }
        var options = try gateway.options(path: "/gateway?x")
        options.device = device
        options.token = "s3cret"
        let client = try GatewayClient.connect(options)
        #expect(client.connectionID == "c-1")
        #expect(client.issuedDeviceToken == "issued")
        #expect(client.grantedScopes == ["operator.read"])
        #expect(try client.request("health", ["probe": true], timeout: .seconds(10)) == ["status": "ok"])
        client.close(reason: "done")
        #expect(throws: ClientError.closed(code: 1000, reason: "done")) { _ = try client.send("late") }
        try gateway.finish()
    }

    @Test("what arrives while a request waits is kept in order", arguments: Wire.allCases)
    func queueing(_ wire: Wire) throws {
        let gateway = try TestGateway(wire) { peer in
            try peer.welcome()
            let first = try peer.receiveRequest("first")
            let second = try peer.receiveRequest("second")
            try peer.sendEvent("tick", ["n": 1], sequence: 1)
            try peer.respond(to: first, payload: "one")
            try peer.sendEvent("chat", .null)
            try peer.respond(to: second, payload: "two")
            try peer.respond(to: first, payload: "one again")
            try peer.close(1012, "service restart")
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options())
        let first = try client.send("first")
        #expect(try client.request("second", timeout: .seconds(10)) == "two")
        var messages: [Incoming] = []
        #expect(throws: ClientError.closed(code: 1012, reason: "service restart")) {
            while let message = try client.nextMessage(timeout: .seconds(10)) { messages.append(message) }
        }
        #expect(
            messages == [
                .event(name: "tick", payload: ["n": 1], sequence: 1), .response(id: first, .success("one")),
                .event(name: "chat", payload: .null, sequence: nil), .response(id: first, .success("one again")),
            ])
        try gateway.finish()
    }

    @Test("an error response is thrown with its body, and the connection lives on")
    func errorResponse() throws {
        let gateway = try TestGateway { peer in
            try peer.welcome()
            try peer.refuse(
                try peer.receiveRequest("nonsense"),
                error: ["code": "INVALID_REQUEST", "message": "unknown method: nonsense", "retryable": false])
            try peer.respond(to: try peer.receiveRequest("health"), payload: .null)
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options())
        let body = GatewayErrorBody(code: "INVALID_REQUEST", message: "unknown method: nonsense", retryable: false)
        #expect(throws: ClientError.refused(body, closeCode: nil, closeReason: nil)) {
            _ = try client.request("nonsense", timeout: .seconds(10))
        }
        #expect(try client.request("health", timeout: .seconds(10)) == .null)
        client.close()
        try gateway.finish()
    }

    @Test("a refused connect carries error and close frame", arguments: Wire.allCases)
    func refusal(_ wire: Wire) throws {
        let reason = "pairing required: not-paired (requestId: 6f1a)"
        let gateway = try TestGateway(wire) { peer in
            try peer.upgrade()
            try peer.challenge()
            try peer.refuse(
                try peer.receiveRequest("connect"),
                error: [
                    "code": "NOT_PAIRED", "message": "pairing required: device is not approved yet",
                    "details": ["code": "PAIRING_REQUIRED", "requestId": "6f1a"],
                ])
            try peer.close(1008, reason)
            peer.waitForEnd()
        }
        do throws(ClientError) {
            _ = try GatewayClient.connect(try optionsOf(gateway))
            Issue.record("the refusal was not noticed")
        } catch {
            #expect(error.description == "gateway closed (1008): " + reason)
            #expect(error.pairingRequestID == "6f1a")
            #expect(error.body?.detailsCode == "PAIRING_REQUIRED")
        }
        try gateway.finish()
    }

    @Test("a close without a response, and an end without a close, are told apart")
    func closes() throws {
        let gateway = try TestGateway(connections: 2) { peer in
            try peer.upgrade()
            try peer.challenge()
            let connect = try peer.receiveRequest("connect")
            if connect["params"]?["role"] == "node" {
                try peer.close(1008, "invalid role")
                peer.waitForEnd()
            }
        }
        var options = try gateway.options()
        options.role = "node"
        let node = options
        #expect(throws: ClientError.closed(code: 1008, reason: "invalid role")) {
            _ = try GatewayClient.connect(node)
        }
        #expect(throws: ClientError.closed(code: 1006, reason: "")) {
            _ = try GatewayClient.connect(try optionsOf(gateway))
        }
        try gateway.finish()
    }

    @Test("a silent gateway is given up on with a close frame")
    func challengeTimeout() throws {
        let gateway = try TestGateway { peer in
            try peer.upgrade()
            let close = try peer.receiveClose()
            #expect(close.code == 1008)
            #expect(close.reason == "connect challenge timeout")
        }
        var options = try gateway.options()
        // Long enough for the handshake on a machine with other work, since only the challenge must be late.
        options.connectTimeout = .seconds(2)
        let hasty = options
        #expect(throws: ClientError.timeout(waitingFor: "the connect challenge", milliseconds: 2000)) {
            _ = try GatewayClient.connect(hasty)
        }
        try gateway.finish()
    }

    @Test("a challenge without nonce ends the connection")
    func badChallenge() throws {
        let gateway = try TestGateway { peer in
            try peer.upgrade()
            try peer.sendEvent("connect.challenge", ["ts": 1])
            #expect(try peer.receiveClose().reason == "connect challenge missing nonce")
        }
        #expect(throws: ClientError.protocolViolation("connect challenge without a usable nonce and ts")) {
            _ = try GatewayClient.connect(try optionsOf(gateway))
        }
        try gateway.finish()
    }

    @Test("a request that is not answered times out and leaves the connection usable")
    func requestTimeout() throws {
        let gateway = try TestGateway { peer in
            try peer.welcome()
            let late = try peer.receiveRequest("slow")
            let next = try peer.receiveRequest("fast")
            try peer.respond(to: late, payload: "late")
            try peer.respond(to: next, payload: "now")
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options())
        #expect(throws: ClientError.timeout(waitingFor: "slow", milliseconds: 20)) {
            _ = try client.request("slow", timeout: .milliseconds(20))
        }
        #expect(try client.request("fast", timeout: .seconds(10)) == "now")
        #expect(try client.nextMessage(timeout: .zero) == .response(id: "2", .success("late")))
        client.close()
        try gateway.finish()
    }

    @Test("messages arrive whole, whichever way their bytes are cut", arguments: Wire.allCases)
    func splits(_ wire: Wire) throws {
        let gateway = try TestGateway(wire) { peer in
            try peer.welcome()
            let frame = TestPeer.frame(["type": "event", "event": "e", "payload": "grün"])
            for cut in 1..<frame.count {
                try peer.write(Array(frame[..<cut]))
                try peer.write(Array(frame[cut...]))
            }
            for byte in frame { try peer.write([byte]) }
            try peer.close(1000, "")
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options())
        let frame = TestPeer.frame(["type": "event", "event": "e", "payload": "grün"])
        for _ in 0..<frame.count {
            let message = try client.nextMessage(timeout: .seconds(10))
            #expect(message == .event(name: "e", payload: "grün", sequence: nil))
        }
        #expect(throws: ClientError.closed(code: 1000, reason: "")) {
            _ = try client.nextMessage(timeout: .seconds(10))
        }
        try gateway.finish()
    }

    @Test("a large message passes in both directions", arguments: Wire.allCases)
    func largeMessages(_ wire: Wire) throws {
        let gateway = try TestGateway(wire) { peer in
            try peer.welcome()
            let request = try peer.receiveRequest("big")
            try peer.respond(to: request, payload: request["params"] ?? .null)
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options())
        let large = JSON.string(String(repeating: "y", count: 1 << 20))
        #expect(try client.request("big", large, timeout: .seconds(10)) == large)
        client.close()
        try gateway.finish()
    }

    @Test("a message of the limit passes, one byte more ends the connection with 1009", arguments: [0, 1])
    func incomingLimit(excess: Int) throws {
        let payload = JSON.array([.string(String(repeating: "x", count: 996 + excess))])
        let gateway = try TestGateway { peer in
            try peer.upgrade()
            try peer.send(payload)
            if excess > 0 { #expect(try peer.receiveClose().code == 1009) }
        }
        let endpoint = try GatewayEndpoint.parse(gateway.url())
        let deadline = Deadline(after: .seconds(10))
        let transport = try Dialer(
            endpoint: endpoint, options: ConnectOptions(url: gateway.url()), deadline: deadline
        ).dial()
        let rest = try WebSocketHandshake.perform(on: transport, endpoint, userAgent: nil, until: deadline)
        let connection = MessageConnection(transport, received: rest, maxMessageBytes: 1000)
        if excess == 0 {
            #expect(try nextMessage(of: connection, until: deadline)?.value == payload)
        } else {
            #expect(throws: ClientError.protocolViolation("messageTooBig(length: 1001, limit: 1000)")) {
                _ = try nextMessage(of: connection, until: deadline)
            }
            #expect(connection.end?.code == 1009)
        }
        try gateway.finish()
    }

    private func nextMessage(
        of connection: MessageConnection, until deadline: Deadline
    ) throws(ClientError) -> MessageConnection.Message? {
        while !deadline.isPast {
            if let message = try connection.next() { return message }
            connection.wait(until: deadline.instant)
        }
        return nil
    }

    @Test("a message larger than the gateway takes is not sent")
    func outgoingLimit() throws {
        let gateway = try TestGateway { peer in
            try peer.welcome(maxPayload: 1000)
            #expect(try peer.receiveRequest("big")["params"]?.string?.utf8.count == 950)
            #expect(try peer.receiveClose().code == 1000)
        }
        let client = try GatewayClient.connect(try gateway.options())
        func params(_ count: Int) -> JSON { .string(String(repeating: "y", count: count)) }
        #expect(throws: ClientError.messageTooLarge(bytes: 1001, limit: 1000)) {
            _ = try client.send("big", params(951))
        }
        _ = try client.send("big", params(950))
        client.close()
        try gateway.finish()
    }

    @Test("output for a peer that does not read is bounded, and arrives once it does")
    func backpressure() throws {
        let gate = Gate()
        let gateway = try TestGateway { peer in
            try peer.welcome()
            gate.wait()
            var count = 0
            while try peer.receive()["method"] != "last" { count += 1 }
            try peer.sendEvent("count", .integer(Int64(count)))
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options())
        let params = JSON.string(String(repeating: "z", count: 4 << 20))
        var sent: Int64 = 0
        do throws(ClientError) {
            while sent < 100 {
                try client.send("fill", params)
                sent += 1
            }
            Issue.record("the queue has no end")
        } catch {
            #expect(error == .sendQueueFull(limit: GatewayClient.maxQueuedBytes))
        }
        #expect(client.wantsWrite)
        gate.open()
        while client.wantsWrite {
            #expect(Polling.wait(client.descriptor, for: .write, until: .now() + .seconds(10)))
            client.flush()
        }
        try client.send("last")
        #expect(
            try client.nextMessage(timeout: .seconds(10))
                == .event(name: "count", payload: .integer(sent), sequence: nil))
        client.close()
        try gateway.finish()
    }

    @Test("pings are answered with their payload", arguments: Wire.allCases)
    func pong(_ wire: Wire) throws {
        let gateway = try TestGateway(wire) { peer in
            try peer.welcome()
            try peer.ping([1, 2, 3])
            #expect(try peer.receivePong() == [1, 2, 3])
            try peer.sendEvent("done", .null)
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options())
        #expect(
            try client.nextMessage(timeout: .seconds(10)) == .event(name: "done", payload: .null, sequence: nil))
        client.close()
        try gateway.finish()
    }

    @Test("an idle gateway is pinged, and given up on when it stays silent")
    func keepAlive() throws {
        let gateway = try TestGateway { peer in
            try peer.welcome()
            #expect(try peer.receivePing() == [])
            let close = try peer.receiveClose()
            #expect(close.code == 1001)
            #expect(close.reason == "ping timeout")
        }
        let client = try GatewayClient.connect(try gateway.options())
        let now = MonotonicInstant.now()
        #expect(try client.keepAlive(now: now) > now)
        let pinged = now + .seconds(26)
        #expect(try client.keepAlive(now: pinged) == pinged + .seconds(25))
        let error = ClientError.timeout(waitingFor: "the answer to a ping", milliseconds: 25_000)
        #expect(throws: error) { _ = try client.keepAlive(now: pinged + .seconds(25)) }
        #expect(throws: error) { _ = try client.nextMessage(timeout: .zero) }
        try gateway.finish()
    }

    @Test("an owner with a poll loop never waits for what has been decoded already")
    func pollLoop() throws {
        let gateway = try TestGateway(.tls) { peer in
            try peer.welcome()
            var burst: [UInt8] = []
            for number in 0..<5_000 {
                burst += TestPeer.frame(["type": "event", "event": "n", "payload": .integer(Int64(number))])
            }
            try peer.write(burst)
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options())
        var next: Int64 = 0
        while next < 5_000 {
            if !client.hasBufferedInput {
                #expect(Polling.wait(client.descriptor, for: .read, until: .now() + .seconds(10)))
            }
            try client.receiveAvailable()
            while let message = try client.nextMessage(timeout: .zero) {
                #expect(message == .event(name: "n", payload: .integer(next), sequence: nil))
                next += 1
            }
        }
        #expect(!client.hasBufferedInput)
        #expect(client.droppedMessageCount == 0)
        client.close()
        try gateway.finish()
    }

    @Test("frames of unknown kinds and messages that are not JSON are passed over")
    func unknownFrames() throws {
        let gateway = try TestGateway { peer in
            try peer.welcome()
            try peer.send(["type": "novelty"])
            try peer.send([1, 2])
            try peer.write([0x81, 1, UInt8(ascii: "{")])
            try peer.sendEvent("known", .null)
            peer.waitForEnd()
        }
        let client = try GatewayClient.connect(try gateway.options())
        #expect(
            try client.nextMessage(timeout: .seconds(10)) == .event(name: "known", payload: .null, sequence: nil))
        #expect(client.unreadableMessageCount == 1)
        client.close()
        try gateway.finish()
    }

    @Test("a frame that breaks RFC 6455 is answered with its close code")
    func brokenFrame() throws {
        let gateway = try TestGateway { peer in
            try peer.welcome()
            try peer.write([0x81, 0x81, 0, 0, 0, 0, 0])
            #expect(try peer.receiveClose().code == 1002)
        }
        let client = try GatewayClient.connect(try gateway.options())
        #expect(throws: ClientError.protocolViolation("maskedFrame(WebSocket.Opcode.text)")) {
            _ = try client.nextMessage(timeout: .seconds(10))
        }
        try gateway.finish()
    }

    /// Typed, for `do throws(ClientError)`.
    private func optionsOf(_ gateway: TestGateway) throws(ClientError) -> ConnectOptions {
        do {
            return try gateway.options()
        } catch {
            throw .protocolViolation("\(error)")
        }
    }
}
