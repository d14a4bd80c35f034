import Foundation
import HTTP
import JSON
import TLS
import Testing

@testable import Client

@Suite("Dialling through an HTTP proxy")
struct ProxyTunnelTests {
    /// A name that only the proxy resolves.
    private func options(_ gateway: TestGateway, _ environment: [String: String]) throws -> ConnectOptions {
        var options = try gateway.options(host: "gateway.invalid")
        options.proxies = ProxySettings(environment: environment)
        options.connectTimeout = .seconds(10)
        return options
    }

    @Test("the tunnel is asked for by name, and everything inside is TLS with the gateway")
    func tunnel() throws {
        let gateway = try TestGateway(.tls) { peer in
            try peer.welcome()
            #expect(peer.requestHead?.host?.hasPrefix("gateway.invalid:") == true)
            #expect(peer.requestHead?.first("proxy-authorization") == nil)
            let request = try peer.receiveRequest("diagnostics.echo")
            try peer.respond(to: request, payload: request["params"] ?? .null)
            peer.waitForEnd()
        }
        let proxy = try TestProxy(.connect(toPort: gateway.port))
        let environment = ["HTTPS_PROXY": "http://user:word@127.0.0.1:\(proxy.port)"]
        let client = try GatewayClient.connect(try options(gateway, environment))
        #expect(try client.request("diagnostics.echo", ["a": 1]) == ["a": 1])
        client.close()
        try gateway.finish()
        proxy.finish()
        #expect(proxy.request.hasPrefix("CONNECT gateway.invalid:\(gateway.port) HTTP/1.1\r\n"))
        #expect(proxy.request.contains("\r\nProxy-Authorization: Basic dXNlcjp3b3Jk\r\n"))
    }

    @Test("the proxy's certificate would not do: the pin is the gateway's")
    func wrongGateway() throws {
        let gateway = try TestGateway(.tls) { _ in Issue.record("the handshake went through") }
        let proxy = try TestProxy(.connect(toPort: gateway.port))
        var options = try options(gateway, proxy.environment)
        options.trust = .pins(PinSet([CertificatePin(sha256: [UInt8](repeating: 1, count: 32))]))
        let pinned = options
        let error = #expect(throws: ClientError.self) { try GatewayClient.connect(pinned) }
        guard case .tls(.pinMismatch)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(throws: (any Error).self) { try gateway.finish() }
        proxy.finish()
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let answer: String
        let status: Int?
        let reason: String
        var testDescription: String { answer.debugDescription }
    }

    static let refusals = [
        Refusal(
            answer: "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nlog\nin", status: 407,
            reason: "log in"),
        Refusal(answer: "HTTP/1.0 403 Forbidden\r\n\r\nnot there", status: 403, reason: "not there"),
        Refusal(answer: "HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n", status: 302, reason: ""),
        Refusal(answer: "HTTP/1.1 200 OK\r\n\r\nhello", status: 200, reason: "it sent more than its answer"),
        Refusal(answer: "", status: nil, reason: "it closed the connection"),
    ]

    @Test("a refusal names the proxy, its status and its reason", arguments: refusals)
    func refusal(_ refusal: Refusal) throws {
        let proxy = try TestProxy(.say(refusal.answer))
        var options = ConnectOptions(url: "wss://gateway.invalid:1")
        options.proxies = ProxySettings(environment: proxy.environment)
        let through = options
        let expected = ClientError.proxyRefused(
            proxy: "127.0.0.1:\(proxy.port)", status: refusal.status, reason: refusal.reason)
        #expect(throws: expected) { try GatewayClient.connect(through) }
        proxy.finish()
    }

    @Test("an answer that is not HTTP is a violation, and one that does not come a timeout")
    func noHTTP() throws {
        for answer in [TestProxy.Answer.say("SSH-2.0-OpenSSH_9\r\n\r\n"), .hold] {
            let proxy = try TestProxy(answer)
            var options = ConnectOptions(url: "wss://gateway.invalid:1")
            options.proxies = ProxySettings(environment: proxy.environment)
            options.connectTimeout = .milliseconds(300)
            let through = options
            let error = #expect(throws: ClientError.self) { try GatewayClient.connect(through) }
            switch (answer, error) {
            case (.say, .protocolViolation), (.hold, .timeout(waitingFor: "the proxy 127.0.0.1:\(proxy.port)", _)):
                break
            default: Issue.record("\(String(describing: error))")
            }
            proxy.finish()
        }
    }

    @Test("a gateway on loopback is dialled directly, a dead proxy notwithstanding")
    func loopback() throws {
        let gateway = try TestGateway(.tls) { peer in
            try peer.welcome()
            peer.waitForEnd()
        }
        var options = try gateway.options()
        options.proxies = ProxySettings(environment: ["HTTPS_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "socks5://x"])
        try GatewayClient.connect(options).close()
        try gateway.finish()
    }

    @Test("a proxy that is not there is named")
    func unreachable() throws {
        var options = ConnectOptions(url: "wss://gateway.invalid:1")
        options.proxies = ProxySettings(environment: ["HTTPS_PROXY": "http://127.0.0.1:1"])
        let through = options
        let expected = ClientError.unreachable(
            url: "wss://gateway.invalid:1", reason: "proxy 127.0.0.1:1: Connection refused")
        #expect(throws: expected) { try GatewayClient.connect(through) }
    }
}
