import Client
import Foundation
import JSON
import TLS
import Testing

/// Who begins and does not go on, 200 of each kind.
@Suite struct StalledClientsTests {
    private static let crowd = 200

    @Test func sixHundredStalledClientsLeaveAGoodOneUnaffectedAndAreToldAtTheDeadline() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let begun = ContinuousClock.now
            var handshakes: [RawConnection] = []
            var heads: [RawConnection] = []
            var upgraded: [RawWebSocket] = []
            for _ in 0..<Self.crowd {
                let connection = try RawConnection(port: gateway.port, pin: nil)
                // The header of a ClientHello's record, and no more.
                try connection.send([0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC])
                handshakes.append(connection)
            }
            for _ in 0..<Self.crowd {
                let connection = try RawConnection(port: gateway.port, pin: gateway.pin)
                try connection.send("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
                heads.append(connection)
            }
            for _ in 0..<Self.crowd { upgraded.append(try gateway.webSocket()) }
            let before = ContinuousClock.now
            let owner = try await gateway.owner()
            _ = try owner.request("health")
            let admitted = ContinuousClock.now - before
            print("stalled clients: \(3 * Self.crowd) after \(before - begun), a good one admitted in \(admitted)")
            // One second on a machine that does nothing else.
            #expect(admitted < .seconds(5))
            try await Self.expectEnds(handshakes, heads, upgraded)
            owner.close()
            _ = try gateway.waitForLog("rule=handshake-deadline", "Remedy:", "gateway.handshakeTimeoutMs")
            try gateway.stop()
        }
    }

    private static func expectEnds(
        _ handshakes: [RawConnection], _ heads: [RawConnection], _ upgraded: [RawWebSocket]
    ) async throws {
        for connection in handshakes { #expect(try connection.receiveWithinDeadline() == "") }
        for connection in heads {
            #expect(try connection.receiveWithinDeadline().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        }
        for socket in upgraded {
            let close = try socket.awaitClose()
            #expect(close?.closeCode == 1000)
            #expect(close?.closeReason == "")
        }
    }

    @Test func oneAddressHoldsNoMoreThanItsPlacesHoweverManyItOpens() async throws {
        try await scenario {
            guard let namespace = NetworkNamespace.make() else {
                print("one address: skipped, no network namespace can be made here")
                return
            }
            var configuration = GatewayConfiguration()
            configuration.gateway = configuration.gateway.replacing("loopback", with: "lan")
            let gateway = try GatewayProcess(configuration.text, in: namespace)
            let before = gateway.descriptorCount
            let port = gateway.port
            let crowd = try await namespace.outside {
                try (0..<300).map { _ in try RawConnection(NetworkNamespace.bridgeAddress, port: port, trust: nil) }
            }
            // 32 that wait, and 32 that may ask why they cannot.
            try eventually("the others are closed") { gateway.descriptorCount <= before + 64 }
            let line = try gateway.waitForLog(
                "refused peer=\(NetworkNamespace.outsideAddress):", "rule=preauth-connections")
            #expect(line.contains("OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP"), "\(line)")
            // Others are not concerned, and the same address gets in again once its crowd has been silent for a second.
            let owner = try await gateway.owner()
            _ = try owner.request("health")
            owner.close()
            try await namespace.outside {
                try eventually("the same address gets an answer") {
                    let pin = PinSet([gateway.pin.flatMap { CertificatePin($0) }].compactMap { $0 })
                    let connection = try? RawConnection(NetworkNamespace.bridgeAddress, port: port, trust: .pins(pin))
                    try? connection?.send("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    return try connection?.receiveAll().hasPrefix("HTTP/1.1 200 ") ?? false
                }
            }
            withExtendedLifetime(crowd) {}
            try gateway.stop()
        }
    }

    @Test func whoAsksForNothingIsLetGoWithoutAWord() async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.gateway += ", handshakeTimeoutMs: 4000"
            let gateway = try GatewayProcess(configuration.text)
            let silent = try RawConnection(port: gateway.port, pin: gateway.pin)
            let idle = try RawConnection(port: gateway.port, pin: gateway.pin)
            try idle.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try silent.receiveAll() == "")
            let answer = try idle.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"), "\(answer)")
            #expect(answer.ranges(of: "HTTP/1.1").count == 1)
            try gateway.stop()
            #expect(!gateway.log.contains("handshake-deadline"))
        }
    }

    @Test func aConnectionForPlainRequestsIsKeptAndToldToGoBeforeItsEnd() async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.gateway += ", handshakeTimeoutMs: 12000"
            let gateway = try GatewayProcess(configuration.text)
            let connection = try RawConnection(port: gateway.port, pin: gateway.pin)
            var kept = 0
            while true {
                try connection.send("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = try connection.receiveSome() ?? ""
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(answer)")
                #expect(answer.hasSuffix("\r\n\r\n"), "\(answer)")
                if answer.contains("Connection: close\r\n") { break }
                kept += 1
                _ = poll(nil, 0, 100)
            }
            #expect(kept > 0)
            #expect(try connection.receiveAll() == "")
            try gateway.stop()
        }
    }
}

extension RawConnection {
    /// As `receiveAll`, for an end that takes as long as the gateway's deadline.
    func receiveWithinDeadline() throws -> String {
        let text: String? = try eventually("the gateway's deadline", within: .seconds(40)) {
            do {
                return try receiveAll()
            } catch is Unexpected {
                return nil
            }
        }
        return text ?? ""
    }
}
