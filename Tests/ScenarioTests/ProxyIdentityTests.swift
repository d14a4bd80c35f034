import EventLoop
import JSON
import Testing
import WebSocket

/// Users whom somebody in front vouches for, over real sockets.
struct ProxyIdentityTests {
    /// What `connect` comes to: `hello-ok`'s scopes, or the refusal's `authReason`, `reason` or `code`.
    fileprivate static func connect(
        _ gateway: GatewayProcess, _ fields: [String], over relayed: RawConnection? = nil, client: String = "test",
        mode: String = "test", auth: String = "{}"
    ) throws -> String {
        let peer = try WebSocketPeer(
            gateway, over: relayed, path: "/", fields: fields.map { $0 + "\r\n" }.joined())
        guard case .message(.text, _) = try peer.next() else { throw Unexpected("no challenge") }
        let request = """
            {"type":"req","id":"1","method":"connect","params":{"minProtocol":3,"maxProtocol":4,"role":"operator",\
            "client":{"id":"\(client)","version":"1","platform":"linux","mode":"\(mode)"},\
            "scopes":["operator.read"],"caps":[],"auth":\(auth)}}
            """
        try peer.send(WebSocketPeer.frame(.text, Array(request.utf8)))
        guard case .message(.text, let bytes) = try peer.next() else { throw Unexpected("no answer") }
        let answer = try JSONParser.parse(bytes)
        if answer["ok"] == true {
            let scopes = answer["payload"]?["auth"]?["scopes"]?.array ?? []
            return "ok \(scopes.compactMap(\.string))"
        }
        let details = answer["error"]?["details"]
        return (details?["authReason"] ?? details?["reason"] ?? details?["code"])?.string ?? "\(answer)"
    }

    @Test func anIdentityProxyNamesTheUser() async throws {
        try await scenario {
            let configuration = GatewayConfiguration(
                gateway: """
                    mode: "local", bind: "loopback", tls: { enabled: true }, trustedProxies: ["127.0.0.1"],
                    auth: { mode: "trusted-proxy", trustedProxy: { userHeader: "X-Forwarded-User",
                      requiredHeaders: ["X-Forwarded-Proto"], allowUsers: ["ana@example.com"], allowLoopback: true } }
                    """)
            let gateway = try GatewayProcess(configuration.text)
            let (client, scheme) = ("X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https")
            let user = "X-Forwarded-User: ana@example.com"
            for (fields, expected) in [
                ([client, scheme, user], "ok []"), ([client, user], "trusted_proxy_missing_header_x-forwarded-proto"),
                ([client, scheme], "trusted_proxy_missing_header_x-forwarded-user"),
                ([client, scheme, "X-Forwarded-User: eve@example.com"], "trusted_proxy_user_not_allowed"),
                // Two of them: the proxy has appended to what the client sent.
                ([client, scheme, user, user], "trusted_proxy_missing_header_x-forwarded-user"),
            ] {
                #expect(try Self.connect(gateway, fields) == expected, "\(fields)")
            }
            let raw = try RawConnection(port: gateway.port, pin: gateway.pin)
            try raw.send(
                "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Forwarded-Proto: https\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            let refusal = try raw.receiveSome() ?? ""
            #expect(refusal.hasPrefix("HTTP/1.1 403 ") && refusal.contains("proxy_attribution_required"), "\(refusal)")
            // A child is admitted as ever.
            let tool = gateway.cli
            let spawned = try tool.run("sessions_spawn", "--", "echo from-a-child")
            #expect(spawned.exitCode == 0 && spawned.output.contains("from-a-child"), "\(spawned)")
            try gateway.stop()
        }
    }

    @Test func tailscaleServeIsBelievedOnlyWhenTheDaemonSaysTheSame() async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            let daemon = try TailscaleDaemon(directory, logins: ["100.64.0.20": "ana@example.com"])
            defer { daemon.stop() }
            let configuration = GatewayConfiguration(
                gateway: """
                    mode: "local", bind: "loopback", tls: { enabled: true }, tailscale: { mode: "serve" },
                    auth: { mode: "token", token: "my-token" },
                    controlUi: { allowedOrigins: ["https://gw.tail.ts.net"] }
                    """)
            let gateway = try GatewayProcess(configuration.text, environment: ["TS_SOCKET": daemon.path])
            func serve(_ address: String, _ login: String) -> [String] {
                [
                    "X-Forwarded-For: \(address)", "X-Forwarded-Proto: https", "X-Forwarded-Host: gw.tail.ts.net",
                    "Tailscale-User-Login: \(login)",
                ]
            }
            for (fields, expected) in [
                // The user is known; what is missing is a device.
                (serve("100.64.0.20", "ana@example.com"), "DEVICE_IDENTITY_REQUIRED"),
                (serve("100.64.0.20", "eve@example.com"), "tailscale_user_mismatch"),
                (serve("100.64.0.99", "ana@example.com"), "tailscale_whois_failed"),
                (["Tailscale-User-Login: ana@example.com", "X-Forwarded-For: 100.64.0.20"], "tailscale_proxy_missing"),
            ] {
                #expect(try Self.connect(gateway, fields) == expected, "\(fields)")
            }
            daemon.stop()
            try gateway.stop()
            #expect(gateway.log.contains("method tailscale"), "\(gateway.log)")
        }
    }

    /// What comes through a relay that sends a PROXY header was written by its client.
    @Test(arguments: ["token", "trusted-proxy"])
    func aRelayVouchesForNobody(mode: String) async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            let daemon = try TailscaleDaemon(directory, logins: ["100.64.0.20": "ana@example.com"])
            defer { daemon.stop() }
            let auth =
                mode == "token"
                ? "tailscale: { mode: \"serve\" }, auth: { mode: \"token\", token: \"my-token\" }"
                : """
                auth: { mode: "trusted-proxy", trustedProxy: { userHeader: "X-Forwarded-User", allowLoopback: true } }
                """
            let configuration = GatewayConfiguration(
                gateway: """
                    mode: "local", bind: "loopback", tls: { enabled: true }, trustedProxies: ["127.0.0.1"], \(auth),
                    listeners: [{ address: "127.0.0.1", port: 0, proxyProtocol: "required" }]
                    """)
            let gateway = try GatewayProcess(configuration.text, environment: ["TS_SOCKET": daemon.path])
            let listener = try #require(gateway.extraListeners.first)
            let fields = [
                "X-Forwarded-For: 100.64.0.20", "X-Forwarded-Proto: https", "X-Forwarded-Host: gw.tail.ts.net",
                "Tailscale-User-Login: ana@example.com", "X-Forwarded-User: ana@example.com",
            ]
            let relayed = try RawConnection(
                to: .loopback(port: listener.port), pin: listener.pin, preamble: [ProxyHeaderBytes.v2("203.0.113.7")])
            let outcome = try Self.connect(
                gateway, fields, over: relayed, client: mode == "token" ? "openclaw-tui" : "test",
                mode: mode == "token" ? "ui" : "test")
            #expect(
                outcome
                    == (mode == "token"
                        ? "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" : "trusted_proxy_missing_header_x-forwarded-user"),
                "\(outcome)")
            // The daemon would have said yes, and the loopback proxy is trusted for addresses: neither speaks for users here.
            if mode == "token" { #expect(try Self.connect(gateway, fields) == "tailscale_whois_failed") }
            daemon.stop()
            try gateway.stop()
            #expect(!gateway.log.contains("method tailscale"))
        }
    }

    @Test func withoutADaemonNobodyIsTakenForATailnetUser() async throws {
        try await scenario {
            let configuration = GatewayConfiguration(
                gateway: """
                    mode: "local", bind: "loopback", tls: { enabled: true },
                    auth: { mode: "token", token: "my-token", allowTailscale: true }
                    """)
            let gateway = try GatewayProcess(
                configuration.text, environment: ["TS_SOCKET": "/nonexistent/tailscaled.sock"])
            let fields = [
                "X-Forwarded-For: 100.64.0.20", "X-Forwarded-Proto: https", "X-Forwarded-Host: gw",
                "Tailscale-User-Login: ana@example.com",
            ]
            #expect(try Self.connect(gateway, fields) == "tailscale_whois_failed")
            try gateway.stop()
        }
    }
}

extension ProxyIdentityTests {
    /// A Unix socket is enough: its owner has opened it for the proxy.
    @Test func aProxyOnAUnixSocketAloneNamesTheUser() async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/gw.sock"
            let configuration = GatewayConfiguration(
                gateway: """
                    mode: "local", bind: "loopback", tls: { enabled: true }, listeners: [{ path: "\(path)" }],
                    auth: { mode: "trusted-proxy", trustedProxy: { userHeader: "X-User" } }
                    """)
            let gateway = try GatewayProcess(configuration.text)
            let client = "X-Forwarded-For: 203.0.113.7"
            for (fields, expected) in [
                ([client, "X-User: ana@example.com"], "ok []"),
                ([client], "trusted_proxy_missing_header_x-user"),
            ] {
                let socket = try RawConnection(to: .unix(path: path), pin: nil)
                #expect(try Self.connect(gateway, fields, over: socket) == expected, "\(fields)")
            }
            // Nobody else does.
            #expect(
                try Self.connect(gateway, ["X-User: ana@example.com"]) == "trusted_proxy_untrusted_source")
            try gateway.stop()
        }
    }
}
