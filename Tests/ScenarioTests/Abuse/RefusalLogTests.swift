import EventLoop
import Files
import Foundation
import TLS
import Testing
import WebSocket

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

    @Test func aTLSClientOnAPortWithoutTLSIsToldSo() async throws {
        try await scenario {
            let gateway = try GatewayProcess(nil, ["--port", "0", "--no-tls"])
            let connection = try RawConnection(port: gateway.port, pin: nil)
            try connection.send([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3])
            #expect(try connection.receiveAll().hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            let line = try gateway.waitForLog("rule=control-character")
            #expect(line.contains("a TLS client on a port without TLS"), "\(line)")
            try gateway.stop()
        }
    }

    @Test(.enabled(if: Files.exists("/usr/bin/openssl"), "the program openssl is not here"))
    func whoRenegotiatesIsRefused() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let outputs = try TemporaryDirectory()
            let command = "yes R | timeout 10 openssl s_client -tls1_2 -connect 127.0.0.1:\(gateway.port)"
            let client = try RunningProcess(
                ["/bin/sh", "-c", command], environment: ["PATH": "/usr/bin:/bin"], outputs: outputs.path)
            _ = try client.wait(within: .seconds(20))
            #expect(client.standardError.contains("RENEGOTIATING"), "\(client.standardError)")
            #expect(client.standardError.contains("no renegotiation"), "\(client.standardError)")
            _ = try gateway.waitForLog("refused peer=127.0.0.1:", "rule=tls-protocol")
            try gateway.stop()
        }
    }

    @Test(.enabled(if: Files.exists("/usr/bin/prlimit"), "the program prlimit is not here"))
    func whenDescriptorsRunOutConnectionsWaitAndAreTakenLater() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let outputs = try TemporaryDirectory()
            func limitDescriptors(_ limit: String) throws {
                let process = try RunningProcess(
                    ["/usr/bin/prlimit", "--pid", "\(gateway.pid)", "--nofile=\(limit):"],
                    environment: [:], outputs: outputs.path)
                #expect(try process.wait(within: .seconds(5)) == 0, "\(process.standardError)")
            }
            try limitDescriptors("\(gateway.descriptorCount)")
            let waiting = try RawConnection(port: gateway.port, pin: nil)
            let line = try gateway.waitForLog("rule=accept: ", "Remedy: ")
            #expect(line.contains("LimitNOFILE"), "\(line)")
            try limitDescriptors("1024")
            try waiting.send("GET / HTTP/1.1\r\n\r\n")
            #expect(try waiting.receiveAll().hasPrefix("HTTP/1.1 400 "))
            #expect(try gateway.get("/healthz").hasPrefix("HTTP/1.1 200 "))
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

    /// Each has a decision of its own, so more than the first is told, and still not all.
    @Test func refusedConnectsAreToldTwentyTimesAndThenCounted() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let request = """
                {"type":"req","id":"1","method":"connect","params":{"minProtocol":3,"maxProtocol":4,\
                "client":{"id":"test","version":"1","platform":"linux","mode":"test"},"scopes":[],"caps":[],"auth":{}}}
                """
            for _ in 0..<30 {
                let peer = try WebSocketPeer(gateway, path: "/", fields: "")
                _ = try peer.next()
                try peer.send(WebSocketPeer.frame(.text, Array(request.utf8)))
                guard case .message(.text, let answer) = try peer.next() else { throw Unexpected("no answer") }
                #expect(String(decoding: answer, as: UTF8.self).contains("DEVICE_IDENTITY_REQUIRED"))
            }
            try gateway.stop()
            let lines = gateway.log.split(separator: "\n")
            #expect(lines.count { $0.contains("closed before connect") } == 20)
            #expect(lines.contains { $0.hasSuffix("refused peer=127.0.0.1 rule=missing-device: and 10 more like it") })
        }
    }
}
