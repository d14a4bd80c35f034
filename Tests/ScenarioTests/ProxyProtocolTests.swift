import Client
import Crypto
import EventLoop
import JSON
import TLS
import Testing

/// Listeners that require PROXY headers, and those that forbid them.
struct ProxyProtocolTests {
    private static func configuration(trusted: String = "127.0.0.1", more: String = "") -> String {
        GatewayConfiguration(
            gateway: """
                mode: "local", bind: "loopback", tls: { enabled: true }, auth: { mode: "token", token: "my-token" },
                trustedProxies: ["\(trusted)"], \(more) listeners: [
                    { address: "127.0.0.1", port: 0, proxyProtocol: "required" },
                    { address: "127.0.0.1", port: 0, proxyProtocol: "required", tls: false },
                    { address: "127.0.0.1", port: 0, tls: false } ]
                """
        ).text
    }

    private static let probe = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    private static let client = "203.0.113.7"

    private static func ask(_ listener: GatewayProcess.Listener, after preamble: [[UInt8]]) throws -> String {
        let connection = try RawConnection(
            to: .loopback(port: listener.port), pin: listener.pin, preamble: preamble)
        try connection.send(probe)
        return try connection.receiveAll()
    }

    @Test func aHeaderMayComeInPiecesAndWithWhatFollows() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            let listeners = Array(gateway.extraListeners.prefix(2))
            #expect(listeners.map { $0.pin != nil } == [true, false])
            for header in [
                ProxyHeaderBytes.v1(Self.client), ProxyHeaderBytes.v1("2001:db8::7"), ProxyHeaderBytes.v2(Self.client),
                ProxyHeaderBytes.unknownV1, ProxyHeaderBytes.localV2, ProxyHeaderBytes.unspecifiedV2,
            ] {
                for cut in 1..<header.count {
                    let answer = try Self.ask(
                        listeners[cut % 2], after: [Array(header[..<cut]), Array(header[cut...])])
                    #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(header) cut at \(cut): \(answer)")
                }
                for listener in listeners {
                    #expect(try Self.ask(listener, after: header.map { [$0] }).hasPrefix("HTTP/1.1 200 "))
                }
                // The request in the same segment.
                let whole = try RawConnection(
                    to: .loopback(port: listeners[1].port), pin: nil, preamble: [header + Array(Self.probe.utf8)])
                #expect(try whole.receiveAll().hasPrefix("HTTP/1.1 200 "))
            }
            try gateway.stop()
        }
    }

    private static func newcomer(_ gateway: GatewayProcess, port: UInt16, pin: String?) throws -> ConnectOptions {
        var options = gateway.options(scopes: ["operator.read"])
        options.url = "\(pin == nil ? "ws" : "wss")://127.0.0.1:\(port)"
        if pin == nil { options.trust = .systemAuthorities }
        options.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
        return options
    }

    /// As the owner, who is known by the owner's socket, whatever happens on the network.
    private static func owner(_ gateway: GatewayProcess) async throws -> (GatewayClient, Relay) {
        let relay = try Relay(.forwarding)
        relay.forward(to: gateway.ownerSocket)
        var options = ConnectOptions(url: "ws://127.0.0.1:\(relay.port)")
        options.scopes = ["operator.admin", "operator.pairing"]
        return (try await gateway.connect(options), relay)
    }

    struct Header: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        /// As pairing requests show it.
        var remoteIP: String?
        var logged = ""
    }

    static let headers = [
        Header(
            testDescription: "version 1", bytes: ProxyHeaderBytes.v1(client), remoteIP: client,
            logged: "203.0.113.7 via 127.0.0.1"),
        Header(
            testDescription: "version 2", bytes: ProxyHeaderBytes.v2(client), remoteIP: client,
            logged: "203.0.113.7 via 127.0.0.1"),
        Header(
            testDescription: "IPv6", bytes: ProxyHeaderBytes.v1("2001:db8::7"), remoteIP: "2001:db8::7",
            logged: "2001:db8::7 via 127.0.0.1"),
        Header(testDescription: "loopback", bytes: ProxyHeaderBytes.v2("127.0.0.1"), logged: "127.0.0.1"),
        Header(testDescription: "UNKNOWN", bytes: ProxyHeaderBytes.unknownV1, logged: "127.0.0.1"),
        Header(testDescription: "LOCAL", bytes: ProxyHeaderBytes.localV2, logged: "127.0.0.1"),
    ]

    @Test(arguments: headers, [0, 1])
    func theClientIsWhoTheHeaderNamesAndNeverLocal(header: Header, listener: Int) async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            let relay = try Relay(.announcing(header.bytes))
            defer { relay.stop() }
            let target = gateway.extraListeners[listener]
            relay.forward(to: target.port)
            let options = try Self.newcomer(gateway, port: relay.port, pin: target.pin)
            let refusal = try await gateway.refusal(of: options)
            #expect(refusal.body?.detailsCode == "PAIRING_REQUIRED", "\(refusal)")
            let requestID = try #require(refusal.pairingRequestID)

            let (owner, ownerRelay) = try await Self.owner(gateway)
            defer { ownerRelay.stop() }
            let pending = try owner.request("device.pair.list")["pending"]?.array ?? []
            #expect(pending.map { $0["remoteIp"]?.string } == [header.remoteIP])
            _ = try owner.request("device.pair.approve", ["requestId": .string(requestID)])
            let client = try await gateway.connect(options)
            #expect(client.grantedScopes == ["operator.read"])
            _ = try gateway.waitForLog("connected peer=\(header.logged) client=cli/cli")

            // Children dial loopback, where no header may come.
            let result = try owner.result(of: owner.spawn("echo as ever"))
            #expect(result["text"]?.string == "as ever\n")
            client.close()
            owner.close()
            try gateway.stop()
        }
    }

    @Test func withoutAHeaderTheAnswerSaysSoAndTheLogOnce() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            let (tls, plain) = (gateway.extraListeners[0], gateway.extraListeners[1])
            for _ in 0..<3 {
                let answer = try Self.ask(plain, after: [])
                #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
                #expect(answer.contains("must begin with a PROXY protocol header"), "\(answer)")
            }
            Self.expectAccessDenied { _ = try RawConnection(port: tls.port, pin: tls.pin) }
            // Plain HTTP there is told in the clear, too.
            let clear = try RawConnection(port: tls.port, pin: nil)
            try clear.send(Self.probe)
            #expect(try clear.receiveAll().contains("must begin with a PROXY protocol header"))
            let malformed = try RawConnection(port: plain.port, pin: nil)
            try malformed.send("PROXY TCP4 1.2.3.4\r\n")
            #expect(try malformed.receiveAll().contains("two addresses and two ports"))
            try gateway.stop()
            let lines = gateway.log.split(separator: "\n")
            let missing = lines.filter { $0.contains("must begin with a PROXY protocol header") }
            #expect(missing.count == 1, "\(missing)")
            #expect(missing.first?.contains("peer=127.0.0.1:") == true)
            #expect(missing.first?.contains("send-proxy-v2") == true)
            #expect(lines.filter { $0.contains("two addresses and two ports") }.count == 1)
        }
    }

    private static func expectAccessDenied(_ body: () throws -> Void) {
        let error = #expect(throws: TLSError.self) { try body() }
        #expect("\(error as Any)".contains("access denied"), "\(error as Any)")
    }

    @Test func aPeerThatIsNoTrustedProxyIsRefusedWithTheLineToAdd() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration(trusted: "10.0.0.1"))
            let (tls, plain) = (gateway.extraListeners[0], gateway.extraListeners[1])
            for preamble in [[], [ProxyHeaderBytes.v1(Self.client)], [ProxyHeaderBytes.v2(Self.client)]] {
                let answer = try Self.ask(plain, after: preamble)
                #expect(answer.hasPrefix("HTTP/1.1 403 "), "\(answer)")
                #expect(answer.contains("for the trusted proxies of this gateway"), "\(answer)")
            }
            Self.expectAccessDenied { _ = try RawConnection(port: tls.port, pin: tls.pin) }
            try gateway.stop()
            let lines = gateway.log.split(separator: "\n").filter { $0.contains("is for trusted proxies") }
            #expect(lines.count == 1, "\(lines)")
            #expect(lines.first?.contains("add gateway.trustedProxies: [\"127.0.0.1\"]") == true)
        }
    }

    @Test func whereNoneMayComeAHeaderIsAnsweredAndLoggedOnce() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration())
            let plain = gateway.extraListeners[2]
            for header in [ProxyHeaderBytes.v1(Self.client), ProxyHeaderBytes.v2(Self.client)] {
                for port in [gateway.port, plain.port] {
                    let connection = try RawConnection(to: .loopback(port: port), pin: nil, preamble: [header])
                    let answer = try connection.receiveAll()
                    #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
                    #expect(answer.contains("No PROXY header may come to this listener"), "\(answer)")
                }
            }
            #expect(try Self.ask(plain, after: []).hasPrefix("HTTP/1.1 200 "))
            // Inside TLS it is a request like any other, and answered there.
            let inside = try RawConnection(port: gateway.port, pin: gateway.pin)
            try inside.send("PROXY TCP4 203.0.113.7 203.0.113.7 4711 443\r\n")
            #expect(try inside.receiveAll().hasPrefix("HTTP/1.1 400 "))
            try gateway.stop()
            let lines = gateway.log.split(separator: "\n").filter { $0.contains("no PROXY header may come") }
            #expect(lines.count == 1, "\(lines)")
            #expect(lines.first?.contains(#"proxyProtocol: "required""#) == true)
        }
    }

    @Test func aHeaderThatStallsCountsIntoTheOneDeadline() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration(more: "handshakeTimeoutMs: 600,"))
            let stalled = try RawConnection(
                to: .loopback(port: gateway.extraListeners[0].port), pin: nil,
                preamble: [Array("PROXY TCP4 203.0.113.7".utf8)])
            // Its header is complete, but TLS never begins.
            let silent = try RawConnection(
                to: .loopback(port: gateway.extraListeners[0].port), pin: nil,
                preamble: [ProxyHeaderBytes.v1(Self.client)])
            #expect(try stalled.receiveAll() == "")
            _ = try silent.receiveAll()
            let line = try gateway.waitForLog("a PROXY header comes within the handshake timeout")
            #expect(line.contains("22 bytes of it have"), "\(line)")
            try gateway.stop()
        }
    }

    @Test func eachClientBehindTheProxyHasABudgetOfItsOwn() async throws {
        try await scenario {
            let gateway = try GatewayProcess(
                Self.configuration(), environment: ["OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP": "1"])
            let target = SocketAddress.loopback(port: gateway.extraListeners[1].port)
            let upgrade =
                "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            func open(_ client: String) throws -> (RawConnection, String) {
                let connection = try RawConnection(to: target, pin: nil, preamble: [ProxyHeaderBytes.v2(client)])
                try connection.send(upgrade)
                return (connection, try connection.receiveSome() ?? "")
            }
            let (first, answer) = try open("203.0.113.7")
            #expect(answer.hasPrefix("HTTP/1.1 101 "))
            let (second, other) = try open("203.0.113.8")
            #expect(other.hasPrefix("HTTP/1.1 101 "))
            // Until the first has been silent for a while it keeps its place; then it loses it.
            _ = try eventually("a place for the client's second connection") {
                try open("203.0.113.7").1.hasPrefix("HTTP/1.1 101 ") ? true : nil
            }
            while try first.receiveSome() != nil {}
            withExtendedLifetime(second) {}
            try gateway.stop()
        }
    }
}
