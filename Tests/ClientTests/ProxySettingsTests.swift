import Testing

@testable import Client

@Suite("Proxies of the environment")
struct ProxySettingsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var environment: [String: String]
        var url = "wss://gw.example:18789"
        /// `host:port`; nil for none.
        var proxy: String?
        var authorization: String?
        var testDescription: String { "\(environment.sorted { $0.key < $1.key }) \(url)" }
    }

    static let http = "http://proxy.example:3128"

    static let cases = [
        Case(environment: [:], proxy: nil),
        Case(environment: ["HTTPS_PROXY": http], proxy: "proxy.example:3128"),
        Case(environment: ["https_proxy": http, "HTTPS_PROXY": "http://other:1"], proxy: "proxy.example:3128"),
        Case(environment: ["ALL_PROXY": http], proxy: "proxy.example:3128"),
        Case(environment: ["ALL_PROXY": "http://other:1", "HTTPS_PROXY": http], proxy: "proxy.example:3128"),
        Case(environment: ["HTTP_PROXY": http, "http_proxy": http], proxy: nil),
        Case(environment: ["HTTPS_PROXY": ""], proxy: nil),
        Case(environment: ["HTTPS_PROXY": "proxy.example:3128"], proxy: "proxy.example:3128"),
        Case(environment: ["HTTPS_PROXY": "http://proxy.example"], proxy: "proxy.example:80"),
        Case(environment: ["HTTPS_PROXY": "HTTP://proxy.example:3128/"], proxy: "proxy.example:3128"),
        Case(environment: ["HTTPS_PROXY": "http://[2001:db8::1]:3128"], proxy: "[2001:db8::1]:3128"),
        Case(
            environment: ["HTTPS_PROXY": "http://user:p%40ss@proxy.example:3128"], proxy: "proxy.example:3128",
            authorization: "Basic dXNlcjpwQHNz"),
        // Loopback and plain text, whatever the environment says.
        Case(environment: ["HTTPS_PROXY": http], url: "wss://127.0.0.1:1", proxy: nil),
        Case(environment: ["HTTPS_PROXY": http], url: "wss://127.9.9.9:1", proxy: nil),
        Case(environment: ["HTTPS_PROXY": http], url: "wss://[::1]:1", proxy: nil),
        Case(environment: ["HTTPS_PROXY": http], url: "wss://localhost:1", proxy: nil),
        Case(environment: ["HTTPS_PROXY": http], url: "wss://gw.localhost:1", proxy: nil),
        Case(environment: ["HTTPS_PROXY": http, "ALL_PROXY": http], url: "ws://gw.example:1", proxy: nil),
        Case(environment: ["HTTPS_PROXY": "socks5://x", "NO_PROXY": "gw.example"], proxy: nil),
    ]

    @Test("which proxy is taken", arguments: cases)
    func proxy(_ given: Case) throws {
        let settings = ProxySettings(environment: given.environment)
        let proxy = try settings.proxy(for: GatewayEndpoint.parse(given.url))
        #expect(proxy?.name == given.proxy)
        #expect(proxy?.authorization == given.authorization)
    }

    @Test(
        "NO_PROXY names hosts, domains, addresses, ranges and ports",
        arguments: [
            ("*", "wss://gw.example", true), ("gw.example", "wss://gw.example", true),
            ("GW.Example", "wss://gw.example.", true), ("example", "wss://gw.example", true),
            (".example", "wss://gw.example", true), ("*.example", "wss://gw.example", true),
            ("other, gw.example", "wss://gw.example", true), ("other gw.example", "wss://gw.example", true),
            ("w.example", "wss://gw.example", false), ("gw.example.org", "wss://gw.example", false),
            ("gw.example:443", "wss://gw.example", true), ("gw.example:444", "wss://gw.example", false),
            ("10.0.0.0/8", "wss://10.1.2.3:1", true), ("10.0.0.0/8", "wss://11.1.2.3:1", false),
            ("10.1.2.3", "wss://10.1.2.3:1", true), ("10.1.2.3:2", "wss://10.1.2.3:1", false),
            ("2.3", "wss://10.1.2.3:1", false), ("fd00::/8", "wss://[fd00::1]:1", true),
            ("[fd00::1]:1", "wss://[fd00::1]:1", true), ("fd00::2", "wss://[fd00::1]:1", false),
            (",", "wss://gw.example", false), (".", "wss://gw.example", false),
        ] as [(String, String, Bool)])
    func exceptions(_ list: String, _ url: String, _ isExcepted: Bool) throws {
        for name in ["NO_PROXY", "no_proxy"] {
            let settings = ProxySettings(environment: ["HTTPS_PROXY": Self.http, name: list])
            #expect(try (settings.proxy(for: GatewayEndpoint.parse(url)) == nil) == isExcepted)
        }
    }

    @Test(
        "a proxy of another kind is an error that names the variable and shows no password",
        arguments: [
            ("ALL_PROXY", "socks5://user:secret@127.0.0.1:1080"), ("HTTPS_PROXY", "https://user:secret@proxy:443"),
            ("https_proxy", "http://user:secret@pro xy"), ("HTTPS_PROXY", "http://"), ("HTTPS_PROXY", "http://h:99999"),
        ])
    func unusable(_ variable: String, _ value: String) throws {
        let settings = ProxySettings(environment: [variable: value])
        let endpoint = try GatewayEndpoint.parse("wss://gw.example")
        let error = #expect(throws: ClientError.self) { try settings.proxy(for: endpoint) }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("\(variable) cannot be used: "), "\(text)")
        #expect(text.contains("add gw.example to NO_PROXY"), "\(text)")
        #expect(!text.contains("secret"))
    }

    @Test("the request names host and port, and carries the credentials", arguments: [nil, "Basic eA=="])
    func request(_ authorization: String?) throws {
        let endpoint = try GatewayEndpoint.parse("wss://[fd00::1]:18789/path")
        let text = String(decoding: ProxyTunnel.request(to: endpoint, authorization: authorization), as: UTF8.self)
        let field = authorization.map { "Proxy-Authorization: \($0)\r\n" } ?? ""
        #expect(text == "CONNECT [fd00::1]:18789 HTTP/1.1\r\nHost: [fd00::1]:18789\r\n\(field)\r\n")
    }
}
