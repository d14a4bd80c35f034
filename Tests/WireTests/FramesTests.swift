import Errors
import JSON
import Testing
import Wire

@Suite("Frames that the gateway sends, wire protocol 5.1 and 5.3, client requirements 13 and 14")
struct FramesTests {
    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("a response echoes the id's bytes and splices the payload in")
    func response() {
        let id = Array(#""a\u0062\"c""#.utf8)
        #expect(
            Self.text(Frames.response(id: id, payload: ["ok": true, "n": 1]))
                == #"{"type":"res","id":"a\u0062\"c","ok":true,"payload":{"ok":true,"n":1}}"#)
        #expect(
            Self.text(Frames.response(id: Array(#""1""#.utf8), payload: .null))
                == #"{"type":"res","id":"1","ok":true,"payload":null}"#)
        var out = Array("x".utf8)
        Frames.response(id: id.span, payload: Array("[1, 2]".utf8).span, into: &out)
        #expect(Self.text(out) == #"x{"type":"res","id":"a\u0062\"c","ok":true,"payload":[1, 2]}"#)
    }

    @Test(
        "the id of a response is found again, with its quotes",
        arguments: [#""1""#, #""a\u0062\"c""#, #""\\""#, #"",\"ok\":true""#, #""ä""#])
    func responseID(_ id: String) {
        let id = Array(id.utf8)
        #expect(Frames.responseID(Frames.response(id: id, payload: ["id": "x"])) == id)
        #expect(Frames.responseID(Frames.failure(id: id, .unknownMethod("m"))) == id)
        #expect(Frames.responseID(Frames.openEvent(.tick, payload: [:])) == nil)
    }

    @Test("what is no response has no id", arguments: ["", #"{"type":"res","id":"#, #"{"type":"res","id":"a\""#])
    func noResponseID(_ text: String) {
        #expect(Frames.responseID(Array(text.utf8)) == nil)
    }

    @Test("a success has no error key, not even null")
    func noErrorKey() throws {
        let tree = try JSONParser.parse(Frames.response(id: Array(#""1""#.utf8), payload: [:]))
        #expect(tree.object?.names == ["type", "id", "ok", "payload"])
    }

    @Test("a failure has exactly the documented keys, and with its code goes what mends it")
    func failure() {
        let id = Array(#""1""#.utf8)
        #expect(
            Self.text(Frames.failure(id: id, .unknownMethod("a\"b")))
                == #"{"type":"res","id":"1","ok":false,"error":{"code":"INVALID_REQUEST","message":"unknown method: a\"b","details":{"code":"UNKNOWN_METHOD","remediationHint":"call a method of hello-ok's features.methods"}}}"#
        )
        let limited = GatewayError(
            .unavailable, .rateLimited, "rate limit exceeded for config.patch; retry after 12s", remedy: "wait",
            details: JSONObject([("method", "config.patch"), ("limit", "3 per 60s")]), retryable: true,
            retryAfterMs: 12_000)
        #expect(
            Self.text(Frames.failure(id: id, limited))
                == #"{"type":"res","id":"1","ok":false,"error":{"code":"UNAVAILABLE","message":"rate limit exceeded for config.patch; retry after 12s","details":{"code":"RATE_LIMITED","method":"config.patch","limit":"3 per 60s","remediationHint":"wait"},"retryable":true,"retryAfterMs":12000}}"#
        )
        #expect(
            Self.text(
                Frames.failure(
                    id: id, GatewayError(.agentTimeout, .runFailed, "m", remedy: "r"), payload: ["runId": "r"]))
                == #"{"type":"res","id":"1","ok":false,"payload":{"runId":"r"},"error":{"code":"AGENT_TIMEOUT","message":"m","details":{"code":"RUN_FAILED","remediationHint":"r"}}}"#
        )
    }

    @Test(
        "an event's seq is spliced in per connection, and left out of targeted ones",
        arguments: [
            (UInt64(0), "0"), (1, "1"), (9, "9"), (10, "10"), (99, "99"), (100, "100"), (.max, "18446744073709551615"),
        ])
    func event(_ seq: UInt64, _ digits: String) {
        var tick = Frames.openEvent(.tick, payload: ["ts": 7])
        Frames.finishEvent(seq: seq, into: &tick)
        #expect(Self.text(tick) == #"{"type":"event","event":"tick","payload":{"ts":7},"seq":"# + digits + "}")
        var targeted = Frames.openEvent(.runCancel, payload: ["runId": "r"])
        Frames.finishEvent(seq: nil, into: &targeted)
        #expect(Self.text(targeted) == #"{"type":"event","event":"run.cancel","payload":{"runId":"r"}}"#)
    }

    @Test("stateVersion goes before seq and has two counters")
    func stateVersion() {
        var event = Frames.openEvent(
            .presence, payload: ["presence": []], stateVersion: StateVersion(presence: 12, health: 4))
        Frames.finishEvent(seq: 3, into: &event)
        #expect(
            Self.text(event)
                == #"{"type":"event","event":"presence","payload":{"presence":[]},"stateVersion":{"presence":12,"health":4},"seq":3}"#
        )
    }

    @Test("the challenge has nonce and ts, and no seq")
    func challenge() {
        #expect(
            Self.text(
                Frames.challenge(nonce: "0b7d4a0e-5f0c-4a3f-9a37-6f2d0a1c9e55", timestampMs: 1_786_000_000_000))
                == #"{"type":"event","event":"connect.challenge","payload":{"nonce":"0b7d4a0e-5f0c-4a3f-9a37-6f2d0a1c9e55","ts":1786000000000}}"#
        )
    }

    @Test("every frame is one JSON object, whatever texts are in it")
    func awkwardTexts() throws {
        for text in ["", "\"", "\\", "\n\r\t\u{0}\u{1F}", "😀é", "</script>", "\u{2028}"] {
            let failure = try JSONParser.parse(Frames.failure(id: Array(#""1""#.utf8), .invalidFrame(text)))
            #expect(failure["error"]?["message"]?.string == "invalid request frame: " + text)
            #expect(failure.object?.names == ["type", "id", "ok", "error"])
            let challenge = try JSONParser.parse(Frames.challenge(nonce: text, timestampMs: 0))
            #expect(challenge["payload"]?["nonce"]?.string == text)
        }
    }
}

@Suite("Errors after the handshake, wire protocol 5.2 to 5.4")
struct GatewayErrorTests {
    @Test("messages and codes are the documented ones")
    func texts() {
        #expect(
            GatewayError.unknownMethod("a.b") == GatewayError(.invalidRequest, .unknownMethod, "unknown method: a.b"))
        #expect(
            GatewayError.invalidParams("chat.send", "must be object")
                == GatewayError(.invalidRequest, .invalidParams, "invalid chat.send params: must be object"))
        #expect(
            GatewayError.invalidFrame("must be object")
                == GatewayError(.invalidRequest, .invalidFrame, "invalid request frame: must be object"))
        #expect(
            GatewayError.unauthorizedRole(.node)
                == GatewayError(.invalidRequest, .unauthorizedRole, "unauthorized role: node"))
        #expect(
            GatewayError.unauthorizedRole(.operator)
                == GatewayError(.invalidRequest, .unauthorizedRole, "unauthorized role: operator"))
    }

    @Test("a missing scope is named in the message and in the details", arguments: OperatorScope.allCases)
    func missingScope(_ scope: OperatorScope) {
        let error = GatewayError.missingScope(scope)
        #expect(error.code == .forbidden)
        #expect(error.message == "missing scope: \(scope.rawValue)")
        #expect(
            JSON.object(error.details) == [
                "code": "MISSING_SCOPE", "missingScope": .string(scope.rawValue),
                "requiredScopes": [.string(scope.rawValue)],
                "remediationHint": .string(DetailsCode.missingScope.text.remedy),
            ])
        #expect(!error.retryable && error.retryAfterMs == nil)
    }

    @Test("a store that does not answer is a reason to retry")
    func store() {
        let error = GatewayError.storeUnavailable("disk full")
        #expect(error.code == .unavailable && error.retryable)
        #expect(error.message.contains("disk full"))
    }
}
