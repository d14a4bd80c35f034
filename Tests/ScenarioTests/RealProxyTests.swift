import Client
import Crypto
import EventLoop
import Files
import JSON
import TLS
import Testing

/// Caddy, nginx and HAProxy in front of a gateway, with the files of deploy/. What is not installed is skipped.
///
/// Where a network namespace can be made the proxy is there for a client from outside, whose address can then be seen;
/// elsewhere everything is on loopback, and the client has no address that could be believed.
struct RealProxyTests {
    enum Upstream: Sendable {
        case unix, wss, ws
        /// A listener that requires PROXY headers.
        case proxied, proxiedWithoutTLS, proxiedUnix
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let program: FrontProxy.Program
        let file: String
        let upstream: Upstream
        var passesTLS = false
        var replacing: [(String, String)] = []
        /// Of Caddy.
        var minVersion = [2, 6]
        var testDescription: String { "\(program.rawValue)/\(file)" + (replacing.first.map { " with \($0.1)" } ?? "") }
    }

    static let cases: [Case] = [
        Case(program: .caddy, file: "unix", upstream: .unix),
        Case(program: .caddy, file: "base-path", upstream: .unix),
        Case(program: .caddy, file: "wss", upstream: .wss),
        Case(program: .caddy, file: "loopback", upstream: .ws),
        Case(program: .caddy, file: "proxy-protocol", upstream: .proxiedUnix, minVersion: [2, 7]),
        Case(program: .nginx, file: "unix", upstream: .unix),
        Case(program: .nginx, file: "wss", upstream: .wss),
        Case(program: .nginx, file: "stream", upstream: .proxied, passesTLS: true),
        Case(program: .haproxy, file: "unix", upstream: .unix),
        Case(program: .haproxy, file: "wss", upstream: .wss),
        Case(program: .haproxy, file: "tcp", upstream: .proxied, passesTLS: true),
        Case(
            program: .haproxy, file: "tcp", upstream: .proxied, passesTLS: true,
            replacing: [("send-proxy-v2", "send-proxy")]),
        Case(program: .haproxy, file: "v2-ssl", upstream: .proxiedWithoutTLS),
    ]

    @Test(arguments: cases)
    func clientsAreAttributedAndChildrenAdmitted(_ testCase: Case) async throws {
        let programs = try Self.programs(testCase)
        if programs.isEmpty {
            print(
                "skipped: \(testCase.testDescription): no \(testCase.program.rawValue) of this kind is installed here")
        }
        for program in programs {
            try await scenario { try await Self.run(testCase, program) }
        }
    }

    private static func programs(_ testCase: Case) throws -> [String] {
        if testCase.file == "stream", !Files.exists("/usr/lib/nginx/modules/ngx_stream_module.so") {
            return []
        }
        return try testCase.program.paths.filter { path in
            guard testCase.program == .caddy else { return true }
            return try !FrontProxy.caddyVersion(path).lexicographicallyPrecedes(testCase.minVersion)
        }
    }

    // MARK: - The set

    private struct Setting {
        let gateway: GatewayProcess
        let proxy: FrontProxy
        let namespace: NetworkNamespace?
        /// What a client from outside is known by; nil where it is on loopback.
        var client: String? { namespace == nil ? nil : NetworkNamespace.outsideAddress }

        var host: String { "\(proxy.address):\(proxy.port)" }

        func outside<Value>(_ body: () async throws -> Value) async throws -> Value {
            guard let namespace else { return try await body() }
            return try await namespace.outside(body)
        }

        func options() throws -> ConnectOptions {
            var options = gateway.options(scopes: ["operator.read", "operator.write"])
            options.url = "wss://\(proxy.address):\(proxy.port)/openclaw"
            let pin = try #require((proxy.pin ?? gateway.pin).flatMap { CertificatePin($0) })
            options.trust = .pins(PinSet([pin]))
            options.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
            return options
        }

        /// What the proxy answers to these bytes.
        func raw() throws -> RawConnection {
            try RawConnection(to: #require(proxy.socket), pin: proxy.pin ?? gateway.pin)
        }
    }

    private static func start(_ testCase: Case, _ program: String) async throws -> Setting {
        let namespace = NetworkNamespace.make()
        let state = try TemporaryDirectory()
        let path = state.path + "/gw.sock"
        let listeners =
            switch testCase.upstream {
            case .unix: "listeners: [{ path: \"\(path)\" }],"
            case .proxiedUnix: "listeners: [{ path: \"\(path)\", proxyProtocol: \"required\" }],"
            case .wss, .ws: "trustedProxies: [\"127.0.0.1\"],"
            case .proxied, .proxiedWithoutTLS:
                "trustedProxies: [\"127.0.0.1\"], listeners: [{ address: \"127.0.0.1\", port: 0, "
                    + "tls: \(testCase.upstream == .proxied), proxyProtocol: \"required\" }],"
            }
        let configuration = GatewayConfiguration(
            gateway: """
                mode: "local", bind: "loopback", tls: { enabled: true }, auth: { mode: "token", token: "my-token" },
                controlUi: { basePath: "/openclaw" }, \(listeners)
                """)
        let gateway = try GatewayProcess(
            configuration.text, ["--port", "0"] + (testCase.upstream == .ws ? ["--no-tls"] : []), in: namespace,
            state: state)
        let extra = gateway.extraListeners.first?.port ?? 0
        let proxy = try FrontProxy(
            testCase.program, at: program, file: testCase.file, gateway: gateway,
            address: namespace == nil ? "127.0.0.1" : NetworkNamespace.bridgeAddress, passesTLS: testCase.passesTLS,
            replacing: testCase.replacing + [
                ("/run/sallyport/gateway.sock", path), ("127.0.0.1:18789", "127.0.0.1:\(gateway.port)"),
                ("127.0.0.1:18790", "127.0.0.1:\(extra)"),
            ])
        let setting = Setting(gateway: gateway, proxy: proxy, namespace: namespace)
        try await setting.outside {
            do {
                try eventually("the gateway answers through the proxy") {
                    let connection = try? setting.raw()
                    try? connection?.send(
                        "GET /openclaw/healthz HTTP/1.1\r\nHost: \(setting.host)\r\nConnection: close\r\n\r\n")
                    return (try? connection?.receiveAll().contains("\"status\":\"live\"")) == true
                }
            } catch {
                throw Unexpected("\(error)\n\(proxy.log)\n\(gateway.log)")
            }
        }
        return setting
    }

    private static func run(_ testCase: Case, _ program: String) async throws {
        let setting = try await start(testCase, program)
        let (gateway, proxy) = (setting.gateway, setting.proxy)
        try await expectForgedHeadersToBeIgnored(setting)

        let options = try setting.options()
        let refusal = try await setting.outside { try Self.refusal(of: options) }
        #expect(refusal.body?.detailsCode == "PAIRING_REQUIRED", "\(refusal)")
        let requestID = try #require(refusal.pairingRequestID)
        try approve(requestID, from: setting.client, gateway)

        let client = try await setting.outside { try GatewayClient.connect(options) }
        let peer = setting.client.map { "\($0) via " } ?? ""
        try eventually("two connections of the client are logged, and none of the owner's") {
            let lines = gateway.log.split(separator: "\n").filter { $0.contains("client=cli/cli") }
            let owners = lines.filter { $0.contains("owner") }.count
            return lines.filter { $0.contains(" connected peer=\(peer)") }.count == (peer.isEmpty ? 2 + owners : 2)
        }
        let result = try client.result(of: client.spawn("echo behind a proxy"))
        #expect(result["text"]?.string == "behind a proxy\n", "\(result)")

        if testCase.program == .caddy {
            try proxy.reload(in: setting.namespace)
            // Caddy 2.6 ends what is open with an unmasked Close, later ones with a masked one.
            #expect(client.end(within: .seconds(10)) != nil)
            let again: GatewayClient = try await setting.outside {
                let client: GatewayClient = try eventually("the client is back") { try? GatewayClient.connect(options) }
                return client
            }
            #expect(try again.request("health")["ok"]?.bool == true)
            again.close()
        }
        client.close()
        try proxy.stop()
        try gateway.stop()
        // Nothing that proxies do by themselves is anybody's attack.
        let complaints = gateway.log.split(separator: "\n").filter { $0.contains("rule:") }
        #expect(complaints == [], "\(complaints)")
    }

    /// A client from outside that claims to be somebody else, and to be local.
    private static func expectForgedHeadersToBeIgnored(_ setting: Setting) async throws {
        let connection = try await setting.outside { try setting.raw() }
        try connection.send(
            "GET /openclaw HTTP/1.1\r\nHost: \(setting.host)\r\nX-Forwarded-For: 127.0.0.1\r\n"
                + "X-Forwarded-For: 198.51.100.66\r\nX-Real-IP: 198.51.100.66\r\n"
                + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        var answer = try connection.receiveSome() ?? ""
        #expect(answer.hasPrefix("HTTP/1.1 101 "), "\(answer)")
        try connection.send(masked(Self.connect))
        while !answer.contains("\"id\":\"forger\""), let more = try connection.receiveSome() { answer += more }
        #expect(answer.contains("hello-ok"), "\(answer)")
        let line = try setting.gateway.waitForLog("connected peer=", "client=cli/cli")
        if let client = setting.client {
            #expect(line.contains("peer=\(client) via "), "\(line)")
        }
        #expect(!setting.gateway.log.contains("198.51.100.66"), "\(setting.gateway.log)")
    }

    private static let connect = """
        {"type":"req","id":"forger","method":"connect","params":{"minProtocol":3,"maxProtocol":4,"client":{"id":"cli",\
        "version":"1","platform":"linux","mode":"cli"},"role":"operator","scopes":["operator.read"],"caps":[],\
        "auth":{"token":"my-token"}}}
        """

    /// A text frame, masked with zeros.
    private static func masked(_ text: String) -> [UInt8] {
        let payload = Array(text.utf8)
        return [0x81, 0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF), 0, 0, 0, 0] + payload
    }

    private static func refusal(of options: ConnectOptions) throws -> ClientError {
        do throws(ClientError) {
            try GatewayClient.connect(options).close()
        } catch {
            return error
        }
        throw Unexpected("the client was let in")
    }

    /// By the owner's socket, since behind a proxy on this host not even loopback is the owner's.
    private static func approve(_ requestID: String, from client: String?, _ gateway: GatewayProcess) throws {
        let relay = try Relay(.forwarding)
        defer { relay.stop() }
        relay.forward(to: gateway.ownerSocket)
        var options = ConnectOptions(url: "ws://127.0.0.1:\(relay.port)")
        options.scopes = ["operator.admin", "operator.pairing"]
        let owner = try GatewayClient.connect(options)
        let pending = try owner.request("device.pair.list")["pending"]?.array ?? []
        #expect(pending.map { $0["remoteIp"]?.string } == [client], "\(pending)")
        _ = try owner.request("device.pair.approve", ["requestId": .string(requestID)])
        owner.close()
    }
}
