import JSON
import Testing

/// What the port answers to those who speak no WebSocket.
struct PlainHTTPTests {
    @Test func probesAnswerAndEverythingElseIsToldOff() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let health = try gateway.get("/healthz")
            #expect(health.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(health.hasSuffix(#"{"ok":true,"status":"live"}"#))
            let ready = try gateway.get("/readyz")
            #expect(ready.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(ready.hasSuffix(#"{"ready":true}"#))
            let unknown = try gateway.get("/nothing")
            #expect(unknown.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
            #expect(unknown.contains("probes: /healthz, /readyz"))
            let post = try gateway.http(
                "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            #expect(post.hasPrefix("HTTP/1.1 405 Method Not Allowed\r\n"), "\(post)")
            #expect(post.contains("Allow: GET, HEAD"))
            try gateway.stop()
        }
    }

    @Test func plainHTTPOnTheTLSPortIsToldSo() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let answer = try gateway.http("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", usesTLS: false)
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
            #expect(answer.contains("TLS") || answer.contains("https"), "\(answer)")
            try gateway.stop()
        }
    }

    @Test(arguments: [
        "GET /healthz HTTP/1.1\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nBad Field: x\r\n\r\n", "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    ])
    func aBadRequestIsAnsweredWithAReason(request: String) async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let answer = try gateway.http(request)
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
            let body = answer.split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""
            #expect(body.count > 10, "\(answer)")
            try gateway.stop()
        }
    }
}
