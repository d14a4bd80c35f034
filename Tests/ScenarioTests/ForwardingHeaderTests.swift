import Client
import Crypto
import JSON
import Testing

/// Forwarding headers over real sockets: who is believed, and what plain requests get.
struct ForwardingHeaderTests {
    private static func configuration(_ more: String = "") -> String {
        GatewayConfiguration(
            gateway: """
                mode: "local", bind: "loopback", tls: { enabled: true }, auth: { mode: "token", token: "my-token" },
                controlUi: { basePath: "/openclaw", allowedOrigins: ["https://gateway.example.com"] }, \(more)
                """
        ).text
    }

    private static func get(_ gateway: GatewayProcess, _ path: String, _ fields: String = "") throws -> String {
        try gateway.http("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(fields)Connection: close\r\n\r\n")
    }

    static let forged = [
        "X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 203.0.113.7", "Forwarded: for=127.0.0.1",
        "Forwarded: for=\"[::1]:80\";proto=https", "X-Real-IP: 127.0.0.1", "X-Forwarded-Host: localhost",
        "X-Forwarded-For: \u{201C}", "Forwarded: for=\"",
    ]

    @Test func aStrangersHeadersAreIgnoredAndLoggedOnceAndRefuseNoUpgrade() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            for field in Self.forged {
                let upgrade = try RawConnection(port: gateway.port, pin: gateway.pin)
                try upgrade.send(
                    "GET / HTTP/1.1\r\nHost: x\r\n\(field)\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                #expect(try upgrade.receiveSome()?.hasPrefix("HTTP/1.1 101 ") == true, "\(field)")
                let plain = try Self.get(gateway, "/", field + "\r\n")
                #expect(plain.hasPrefix("HTTP/1.1 403 "), "\(plain)")
                let body = try JSONParser.parse(Array((plain.split(separator: "\r\n\r\n").last ?? "").utf8))
                #expect(body["error"]?["type"]?.string == "proxy_attribution_required")
                #expect(
                    body["error"]?["message"]?.string?.contains("add gateway.trustedProxies: [\"127.0.0.1\"]") == true)
            }
            try gateway.stop()
            let lines = gateway.log.split(separator: "\n").filter {
                $0.contains("Proxy headers detected from untrusted address.")
            }
            #expect(lines.count == 1, "\(lines)")
            #expect(lines.first?.contains("peer=127.0.0.1:") == true)
        }
    }

    @Test(arguments: ["/healthz", "/readyz", "/health", "/ready", "/openclaw/healthz", "/openclaw/readyz"])
    func probesAreAnsweredWhoeverForwardsThem(path: String) async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            for fields in ["", "X-Forwarded-For: 203.0.113.7\r\n", "Forwarded: for=_hidden\r\n"] {
                #expect(try Self.get(gateway, path, fields).hasPrefix("HTTP/1.1 200 "))
            }
            try gateway.stop()
        }
    }

    @Test func behindATrustedProxyPlainRequestsNeedAClient() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration("trustedProxies: [\"::ffff:127.0.0.0/104\"],"))
            for (fields, status) in [
                ("", 200), ("X-Forwarded-For: 203.0.113.7\r\n", 200), ("Forwarded: for=203.0.113.7\r\n", 200),
                ("X-Forwarded-For: 127.0.0.1\r\n", 403), ("X-Forwarded-Proto: https\r\n", 403),
                ("X-Real-IP: 203.0.113.7\r\n", 403), ("Forwarded: for=unknown\r\n", 403),
            ] {
                for path in ["/", "/openclaw", "/openclaw/"] {
                    let answer = try Self.get(gateway, path, fields)
                    #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(path) \(fields): \(answer)")
                }
            }
            try gateway.stop()
            let lines = gateway.log.split(separator: "\n").filter { $0.contains("name no client") }
            #expect(lines.count == 1, "\(lines)")
        }
    }

    @Test func realIPCountsOnlyWhereItIsAllowed() async throws {
        try await scenario {
            let gateway = try GatewayProcess(
                Self.configuration("trustedProxies: [\"127.0.0.1\"], allowRealIpFallback: true,"))
            #expect(try Self.get(gateway, "/", "X-Real-IP: 203.0.113.7\r\n").hasPrefix("HTTP/1.1 200 "))
            #expect(try Self.get(gateway, "/", "X-Real-IP: 127.0.0.1\r\n").hasPrefix("HTTP/1.1 403 "))
            try gateway.stop()
        }
    }

    /// On one connection a proxy asks for several clients, one after the other; each is judged by itself.
    @Test func everyRequestOfAConnectionIsJudgedByItself() async throws {
        try await scenario {
            let gateway = try GatewayProcess(
                Self.configuration("trustedProxies: [\"127.0.0.1\"],"),
                environment: ["OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP": "1"])
            let connection = try RawConnection(port: gateway.port, pin: gateway.pin)
            for (client, status) in [("203.0.113.7", 200), ("127.0.0.1", 403), ("203.0.113.8", 200)] {
                try connection.send("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \(client)\r\n\r\n")
                #expect(try connection.receiveSome()?.hasPrefix("HTTP/1.1 \(status) ") == true)
            }
            // The first client's only place is free again while this connection serves the other.
            let other = try RawConnection(port: gateway.port, pin: gateway.pin)
            try other.send("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\nConnection: close\r\n\r\n")
            #expect(try other.receiveAll().hasPrefix("HTTP/1.1 200 "))
            withExtendedLifetime(connection) {}
            try gateway.stop()
        }
    }

    /// A browser's page is let in by the origin that it was loaded from; behind a proxy none is local.
    @Test(arguments: [
        ("https://gateway.example.com", true), ("https://evil.example.com", false), ("https://localhost", false),
        ("null", false),
    ])
    func originsAreCheckedBehindAProxy(origin: String, isAllowed: Bool) async throws {
        try await scenario {
            let gateway = try GatewayProcess(
                Self.configuration("trustedProxies: [\"127.0.0.1\"],"), ["--port", "0", "--no-tls"])
            let relay = try Relay(.adding(fields: "X-Forwarded-For: 203.0.113.7\r\nOrigin: \(origin)"))
            defer { relay.stop() }
            relay.forward(to: gateway.port)
            var options = gateway.options(scopes: ["operator.read"])
            options.url = "ws://127.0.0.1:\(relay.port)/openclaw"
            options.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
            let refusal = try await gateway.refusal(of: options)
            #expect(
                refusal.body?.detailsCode == (isAllowed ? "PAIRING_REQUIRED" : "CONTROL_UI_ORIGIN_NOT_ALLOWED"),
                "\(refusal)")
            try gateway.stop()
        }
    }

    @Test func aBridgesAddressIsNoTrustedProxy() async throws {
        try await scenario {
            guard let namespace = NetworkNamespace.make(), namespace.addDefaultRoute() else {
                print("skipped: no network namespace can be made here")
                return
            }
            for (range, isRefused) in [
                ("172.18.0.1", true), ("172.16.0.0/12", true), ("::ffff:172.18.0.0/112", true), ("172.18.0.3", false),
            ] {
                let state = try TemporaryDirectory()
                let text = Self.configuration("trustedProxies: [\"127.0.0.1\", \"\(range)\"],")
                guard isRefused else {
                    let gateway = try GatewayProcess(text, in: namespace, state: state)
                    try gateway.stop()
                    continue
                }
                _ = try state.write("openclaw.json", text)
                let tool = CommandLineTool(
                    stateDirectory: state.path, outputs: state.path, namespace: namespace)
                let start = try tool.run("gateway", "run", "--port", "0")
                #expect(start.exitCode == 78, "\(start)")
                #expect(start.errors.contains("gateway.trustedProxies: \"\(range)\""), "\(start)")
                #expect(start.errors.contains("172.18.0.1"), "\(start)")
                #expect(start.errors.contains("gateway.listeners: [{ path:"), "\(start)")
            }
        }
    }
}
