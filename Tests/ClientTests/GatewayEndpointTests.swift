import Client
import Testing

@Suite("Gateway URLs")
struct GatewayEndpointTests {
    struct Valid: Sendable, CustomTestStringConvertible {
        let url: String
        let expected: GatewayEndpoint
        let hostField: String
        var testDescription: String { url }
    }

    static let valid = [
        Valid(
            url: "wss://gw.example:18789/gateway?x=1",
            expected: GatewayEndpoint(isTLS: true, host: "gw.example", port: 18789, path: "/gateway?x=1"),
            hostField: "gw.example:18789"),
        Valid(
            url: "ws://127.0.0.1:18789",
            expected: GatewayEndpoint(isTLS: false, host: "127.0.0.1", port: 18789), hostField: "127.0.0.1:18789"),
        Valid(
            url: "WSS://[::1]:1/",
            expected: GatewayEndpoint(isTLS: true, host: "::1", port: 1), hostField: "[::1]:1"),
        Valid(
            url: "https://gw.example",
            expected: GatewayEndpoint(isTLS: true, host: "gw.example", port: 443), hostField: "gw.example"),
        Valid(
            url: "http://localhost?token",
            expected: GatewayEndpoint(isTLS: false, host: "localhost", port: 80, path: "/?token"),
            hostField: "localhost"),
    ]

    @Test("the parts of a URL are found", arguments: valid)
    func parse(_ vector: Valid) throws {
        let endpoint = try GatewayEndpoint.parse(vector.url)
        #expect(endpoint == vector.expected)
        #expect(endpoint.hostField == vector.hostField)
    }

    @Test(
        "what is no gateway URL is refused",
        arguments: [
            "", "gw.example", "ftp://gw", "wss://", "wss://:1", "wss://gw:0", "wss://gw:65536", "wss://gw:+1",
            "wss://gw:1:2",
            "wss://user@gw", "wss://gw/a b", "wss://gw/\r\nX: y", "wss://gw/#f", "wss://[::1", "wss://[gw]",
            "wss://[127.0.0.1]",
            "wss://::1", "wss://gw\u{e9}",
        ])
    func refused(url: String) {
        #expect(throws: ClientError.invalidURL(url)) { _ = try GatewayEndpoint.parse(url) }
    }

    @Test("a URL is described with its port")
    func description() throws {
        #expect(try GatewayEndpoint.parse("wss://[::1]/x").description == "wss://[::1]:443/x")
        #expect(try GatewayEndpoint.parse("ws://localhost/").description == "ws://localhost:80")
    }

    @Test(
        "loopback is recognised by name and by address",
        arguments: [
            ("localhost", true), ("LOCALHOST.", true), ("a.localhost", true), ("127.1.2.3", true), ("[::1]", true),
            ("[::ffff:127.0.0.1]", true), ("localhost.example", false), ("10.0.0.1", false),
            ("127.0.0.1.example", false),
        ])
    func loopback(host: String, expected: Bool) throws {
        #expect(try GatewayEndpoint.parse("ws://\(host):1").isLoopback == expected)
    }

    @Test("plaintext passes to loopback only")
    func plaintext() throws {
        let policy = PlaintextPolicy.loopbackOnly
        try policy.check(GatewayEndpoint.parse("ws://127.0.0.1:1"))
        try policy.check(GatewayEndpoint.parse("wss://10.0.0.1:1"))
        let expected =
            "SECURITY ERROR: Gateway URL \"ws://10.0.0.1:1\" uses plaintext ws:// to a non-loopback address."
        do throws(ClientError) {
            try policy.check(GatewayEndpoint.parse("ws://10.0.0.1:1"))
            Issue.record("plaintext to a private address passed")
        } catch {
            #expect(error.description.hasPrefix(expected))
        }
    }

    @Test("the owner may allow hosts by name, or private networks")
    func allowedPlaintext() throws {
        try PlaintextPolicy(allowedHosts: ["GW.example"]).check(GatewayEndpoint.parse("ws://gw.example:1"))
        let isPrivate = PlaintextPolicy(allowsPrivateNetworks: true)
        for host in [
            "10.1.1.1", "172.16.0.1", "192.168.0.1", "169.254.1.1", "100.64.0.1", "[fd00::1]", "[fe80::1]", "gw",
            "gw.local", "gw.ts.net",
        ] {
            try isPrivate.check(GatewayEndpoint.parse("ws://\(host):1"))
        }
        for host in ["172.32.0.1", "8.8.8.8", "100.128.0.1", "[2001:db8::1]", "gw.example"] {
            #expect(throws: ClientError.self) { try isPrivate.check(GatewayEndpoint.parse("ws://\(host):1")) }
        }
    }
}
