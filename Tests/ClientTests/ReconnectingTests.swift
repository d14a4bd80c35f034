import HTTP
import JSON
import TLS
import Testing

@testable import Client

/// What gateways say over a socket, and what the dialer's policy makes of it.
@Suite("Reconnecting, over a socket")
struct ReconnectingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expected: ReconnectPolicy.Decision
        let script: TestGateway.Script

        init(_ description: String, _ expected: ReconnectPolicy.Decision, _ script: @escaping TestGateway.Script) {
            testDescription = description
            self.expected = expected
            self.script = script
        }
    }

    /// The shortest first pause.
    private static let first = ReconnectPolicy.Decision.retry(after: .milliseconds(500))

    private static func refusing(_ error: JSON, _ code: UInt16, _ reason: String) -> TestGateway.Script {
        { peer in
            try peer.upgrade()
            try peer.challenge()
            try peer.refuse(try peer.receiveRequest("connect"), error: error)
            try peer.close(code, reason)
            peer.waitForEnd()
        }
    }

    private static func error(_ detailsCode: String) -> JSON {
        ["code": "INVALID_REQUEST", "message": "no", "details": ["code": .string(detailsCode)]]
    }

    static let cases = [
        Case(
            "a gateway that names a time", .retry(after: .milliseconds(700)),
            refusing(["code": "UNAVAILABLE", "message": "busy", "retryable": true, "retryAfterMs": 700], 1013, "busy")),
        Case(
            "a gateway that starts", .retry(after: .milliseconds(100)),
            refusing(
                [
                    "code": "UNAVAILABLE", "message": "starting", "retryable": true, "retryAfterMs": 5,
                    "details": ["reason": "startup-sidecars"],
                ], 1013, "gateway starting")),
        Case("a wrong token", .stop, refusing(error("AUTH_TOKEN_MISMATCH"), 1008, "unauthorized")),
        Case("too many wrong tokens", .stop, refusing(error("AUTH_RATE_LIMITED"), 1008, "unauthorized")),
        Case(
            "pairing", .stop,
            refusing(error("PAIRING_REQUIRED"), 1008, "pairing required: not-paired (requestId: r-1)")),
        Case(
            "pairing of an old gateway, which says so in words only", .stop,
            refusing(["code": "NOT_PAIRED", "message": "pairing required"], 1008, "pairing required")),
        Case("no protocol in common", first, refusing(error("PROTOCOL_MISMATCH"), 1002, "protocol mismatch")),
        Case("a gateway that restarts", first) { peer in
            try peer.welcome()
            try peer.close(1012, "service restart")
            peer.waitForEnd()
        },
        Case("a gateway that crashes", first) { peer in try peer.welcome() },
        Case("a full gateway", first) { peer in
            _ = try peer.readRequestHead()
            try peer.write(Response(status: 503, text: "full\n").serialized(persistence: .close))
            peer.waitForEnd()
        },
        Case("another server", first) { peer in
            _ = try peer.readRequestHead()
            try peer.write(Array("220 smtp.example ESMTP\r\n".utf8))
            peer.waitForEnd()
        },
    ]

    @Test("what is tried again, when, and what is left to the user", arguments: cases)
    func decision(_ given: Case) throws {
        for wire in Wire.allCases {
            let gateway = try TestGateway(wire, given.script)
            let failure = try outcome(of: gateway.options())
            try gateway.finish()
            var policy = ReconnectPolicy()
            var generator = ReconnectPolicyTests.Fixed(value: 1)
            #expect(policy.failed(failure, using: &generator) == given.expected, "\(failure)")
        }
    }

    @Test("a gateway that is back is found at the next attempt, over TLS with its pin")
    func comesBack() throws {
        let gateway = try TestGateway(.tls, connections: 2) { peer in
            try peer.welcome()
            try peer.close(1012, "service restart")
            peer.waitForEnd()
        }
        for _ in 0..<2 {
            #expect(try outcome(of: gateway.options()) == .closed(code: 1012, reason: "service restart"))
        }
        try gateway.finish()
    }

    /// Why the connection was refused, or has ended.
    private func outcome(of options: ConnectOptions) throws -> ClientError {
        do throws(ClientError) {
            let client = try GatewayClient.connect(options)
            while try client.nextMessage(timeout: .seconds(10)) != nil {}
        } catch {
            return error
        }
        Issue.record("the connection lasts")
        return .timeout(waitingFor: "the end", milliseconds: 0)
    }
}
