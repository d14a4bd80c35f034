import EventLoop
import Foundation
import TLS
import Testing

/// What the log says of those who were refused.
@Suite struct RefusalLogTests {
    @Test func aClientThatDoesNotTrustTheCertificateIsNamedWithTheRemedy() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            #expect(throws: TLSError.self) {
                _ = try RawConnection(
                    port: gateway.port, trust: .pins(PinSet([CertificatePin(sha256: [UInt8](repeating: 0, count: 32))]))
                )
            }
            let line = try gateway.waitForLog(
                "[tls] WARN", "refused peer=127.0.0.1:", "rule=client-rejects-certificate")
            #expect(line.contains("sallyport tls fingerprint"), "\(line)")
            try gateway.stop()
        }
    }

    @Test func theSameAgainIsCountedAndToldAtTheEnd() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            for _ in 0..<25 { _ = try gateway.http("GET / HTTP/1.1\r\n\r\n") }
            try gateway.stop()
            let lines = gateway.log.split(separator: "\n").filter { $0.contains("rule=missing-host") }
            #expect(lines.count == 2, "\(lines)")
            #expect(
                lines.last?.hasSuffix("refused peer=127.0.0.1 rule=missing-host: and 24 more like it") == true,
                "\(lines)")
        }
    }
}
