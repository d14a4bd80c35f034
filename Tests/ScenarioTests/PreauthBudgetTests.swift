import Testing

/// One client's connections that nobody has admitted.
struct PreauthBudgetTests {
    private static let configuration = GatewayConfiguration(
        gateway: """
            mode: "local", bind: "loopback", tls: { enabled: true }, auth: { mode: "token", token: "my-token" },
            trustedProxies: ["127.0.0.1"]
            """)

    private static func upgrade(_ gateway: GatewayProcess, client: String) throws -> RawConnection {
        let connection = try RawConnection(port: gateway.port, pin: gateway.pin)
        try connection.send(
            "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \(client)\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        return connection
    }

    @Test func aClientThatOpensMoreThanItMayLosesItsOldestOrIsToldToWait() async throws {
        try await scenario {
            let gateway = try GatewayProcess(
                Self.configuration.text, environment: ["OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP": "2"])
            try Self.fill(gateway)
            try gateway.stop()
        }
    }

    private static func fill(_ gateway: GatewayProcess) throws {
        let first = try Self.upgrade(gateway, client: "203.0.113.7")
        #expect(try first.receiveSome()?.hasPrefix("HTTP/1.1 101 ") == true)
        let second = try Self.upgrade(gateway, client: "203.0.113.7")
        #expect(try second.receiveSome()?.hasPrefix("HTTP/1.1 101 ") == true)
        // Until the first has been silent for a while there is no place, and the answer says so.
        var refused = 0
        let third = try eventually("a place for the third") {
            let connection = try Self.upgrade(gateway, client: "203.0.113.7")
            let answer = try connection.receiveSome() ?? ""
            if answer.hasPrefix("HTTP/1.1 101 ") { return connection }
            #expect(answer.hasPrefix("HTTP/1.1 503 "), "\(answer)")
            #expect(answer.hasSuffix("Too many unauthenticated sockets\n"), "\(answer)")
            refused += 1
            return Optional<RawConnection>.none
        }
        // It ends where it was, without ceremony.
        _ = try first.receiveAll()
        if refused > 0 { _ = try gateway.waitForLog("OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP") }
        // Others have places of their own.
        let other = try Self.upgrade(gateway, client: "203.0.113.8")
        #expect(try other.receiveSome()?.hasPrefix("HTTP/1.1 101 ") == true)
        withExtendedLifetime((second, third)) {}
    }
}
