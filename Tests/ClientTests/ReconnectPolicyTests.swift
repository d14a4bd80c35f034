import Client
import JSON
import TLS
import Testing

@Suite("Reconnecting, OpenClaw gateway protocol: failures")
struct ReconnectPolicyTests {
    /// One for ever: the bottom of every range. (Zero would be rejected as biased, again and again.)
    struct Fixed: RandomNumberGenerator {
        let value: UInt64
        mutating func next() -> UInt64 { value }
    }

    private let closed = ClientError.closed(code: 1006, reason: "")

    private func refused(
        _ code: String?, details: JSONObject = JSONObject(), retryAfterMs: Int64? = nil
    ) -> ClientError {
        var details = details
        details["code"] = code.map(JSON.string)
        return .refused(
            GatewayErrorBody(code: "X", message: "m", details: .object(details), retryAfterMs: retryAfterMs),
            closeCode: 1008, closeReason: "m")
    }

    private func decide(_ error: ClientError, hasDeviceToken: Bool = false) -> ReconnectPolicy.Decision {
        var policy = ReconnectPolicy()
        var generator = Fixed(value: 1)
        return policy.failed(error, hasDeviceToken: hasDeviceToken, using: &generator)
    }

    @Test("delays double from one second to thirty, with at most half taken off")
    func backoff() {
        var policy = ReconnectPolicy()
        var low = Fixed(value: 1)
        var delays: [ReconnectPolicy.Decision] = []
        for _ in 0..<7 { delays.append(policy.failed(closed, using: &low)) }
        #expect(delays == [500, 1000, 2000, 4000, 8000, 15_000, 15_000].map { .retry(after: .milliseconds($0)) })
        policy.connected()
        #expect(policy.failed(closed, using: &low) == .retry(after: .milliseconds(500)))
        var system = SystemRandomNumberGenerator()
        guard case .retry(let delay) = policy.failed(closed, using: &system) else {
            Issue.record("a lost connection is retried")
            return
        }
        #expect((Duration.seconds(1)...Duration.seconds(2)).contains(delay))
    }

    @Test(
        "what only the user can mend stops it",
        arguments: [
            "AUTH_TOKEN_MISSING", "AUTH_PASSWORD_MISSING", "AUTH_PASSWORD_MISMATCH", "AUTH_BOOTSTRAP_TOKEN_INVALID",
            "AUTH_RATE_LIMITED", "AUTH_DEVICE_TOKEN_MISMATCH", "AUTH_SCOPE_MISMATCH", "DEVICE_IDENTITY_REQUIRED",
            "CONTROL_UI_DEVICE_IDENTITY_REQUIRED", "CLIENT_VERSION_MISMATCH", "PAIRING_REQUIRED", "AUTH_TOKEN_MISMATCH",
            "SPAWN_GRANT_REFUSED",
        ])
    func terminal(code: String) {
        #expect(decide(refused(code)) == .stop)
        #expect(decide(refused(code, retryAfterMs: 5)) == .stop)
    }

    @Test("other refusals are retried", arguments: ["PROTOCOL_MISMATCH", "DEVICE_AUTH_NONCE_MISMATCH", nil])
    func retried(code: String?) {
        #expect(decide(refused(code)) == .retry(after: .milliseconds(500)))
    }

    @Test("pairing that somebody is about to resolve is waited for")
    func pairing() {
        #expect(decide(refused("PAIRING_REQUIRED", details: JSONObject([("pauseReconnect", false)]))) != .stop)
        let waiting = JSONObject([("recommendedNextStep", "wait_then_retry")])
        #expect(decide(refused("PAIRING_REQUIRED", details: waiting)) != .stop)
        #expect(decide(.closed(code: 1008, reason: "pairing required: not-paired (requestId: 1")) == .stop)
    }

    @Test("a stored device token is tried once")
    func deviceToken() {
        var policy = ReconnectPolicy()
        var generator = Fixed(value: 1)
        let mismatch = refused("AUTH_TOKEN_MISMATCH")
        let first = policy.failed(mismatch, hasDeviceToken: true, using: &generator)
        #expect(first == .retryWithDeviceToken(after: .milliseconds(250)))
        #expect(policy.failed(mismatch, hasDeviceToken: true, using: &generator) == .stop)
        policy.connected()
        #expect(policy.failed(mismatch, hasDeviceToken: true, using: &generator) == first)
    }

    @Test("the gateway's wish is honoured within reason")
    func retryAfter() {
        #expect(decide(refused(nil, retryAfterMs: 7_000)) == .retry(after: .seconds(7)))
        #expect(decide(refused(nil, retryAfterMs: .max)) == .retry(after: .seconds(300)))
        #expect(decide(refused(nil, retryAfterMs: -1)) == .retry(after: .milliseconds(500)))
        let starting = JSONObject([("reason", "startup-sidecars")])
        #expect(decide(refused(nil, details: starting, retryAfterMs: 1)) == .retry(after: .milliseconds(100)))
        #expect(decide(refused(nil, details: starting, retryAfterMs: 9_000)) == .retry(after: .seconds(2)))
    }

    @Test("a certificate that is not trusted stops it, a broken handshake does not")
    func tls() {
        #expect(decide(.tls(.pinMismatch(expected: ["a"], actual: "b"))) == .stop)
        #expect(decide(.tls(.certificateUntrusted(reason: "expired"))) == .stop)
        #expect(decide(.tls(.closedDuringHandshake)) != .stop)
        #expect(decide(.tls(.clientCertificateRefused(reason: "expired"))) == .stop)
        #expect(decide(.plaintextRefused("")) == .stop)
        #expect(decide(.proxyRefused(proxy: "p", status: 407, reason: "")) == .stop)
        #expect(decide(.proxyUnusable(variable: "ALL_PROXY", reason: "")) == .stop)
        #expect(decide(.proxyRefused(proxy: "p", status: 503, reason: "")) != .stop)
        #expect(decide(.proxyRefused(proxy: "p", status: nil, reason: "")) != .stop)
        #expect(decide(.unreachable(url: "", reason: "")) != .stop)
    }
}
