import JSON
import Testing

/// All connections are in use.
@Suite struct FullGatewayTests {
    /// 64 connections: 320 descriptors less the 256 that are kept for other things. 8 of them for loopback.
    private static let descriptors = 320
    private static let limit = 64
    private static let reserve = 8

    private static func gateway() throws -> GatewayProcess {
        var configuration = GatewayConfiguration()
        configuration.gateway += #", trustedProxies: ["127.0.0.1"]"#
        return try GatewayProcess(
            configuration.text, ["--port", "0", "--echo-path", "/echo"], descriptors: descriptors)
    }

    private static func client(_ number: Int) -> String { "X-Forwarded-For: 203.0.113.\(number)\r\n" }

    private static func get(_ gateway: GatewayProcess, fields: String = "") throws -> String {
        try gateway.http("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(fields)\r\n")
    }

    @Test func whoComesThenIsToldSoAndLoopbackGetsIn() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            // The echo needs no admission, so nobody can be given up for others.
            var remote = try (0..<Self.limit - Self.reserve).map {
                try gateway.webSocket(path: "/echo", fields: Self.client($0))
            }
            let refused = try Self.get(gateway, fields: Self.client(200))
            #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused)")
            #expect(refused.hasSuffix("Too many connections\n"), "\(refused)")
            #expect(try Self.get(gateway).hasPrefix("HTTP/1.1 200 "), "loopback has a reserve")
            let local = try (0..<Self.reserve).map { _ in try gateway.webSocket(path: "/echo") }
            let full = try Self.get(gateway)
            #expect(full.hasPrefix("HTTP/1.1 503 "), "\(full)")
            let line = try gateway.waitForLog("rule=connections-in-all: ", "Remedy: ", "LimitNOFILE")
            #expect(line.contains("There are \(Self.limit) connections already."), "\(line)")
            // Whoever is in is served, and whoever goes makes room.
            for socket in remote + local {
                try socket.send(RawWebSocket.text("still here"))
                #expect(try socket.nextFrame()?.text == "still here")
            }
            remote.removeLast().connection.endSending()
            try eventually("there is room again") {
                try Self.get(gateway, fields: Self.client(200)).hasPrefix("HTTP/1.1 200 ")
            }
            try gateway.stop()
        }
    }

    @Test func theOldestSilentStrangerGoesFirstAndIsToldWhy() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let silent = try (0..<Self.limit - Self.reserve).map { try gateway.webSocket(fields: Self.client($0)) }
            // Nobody can be given up until they have been silent for a second.
            let newcomer = try eventually("room for a newcomer") {
                try? gateway.webSocket(fields: Self.client(200))
            }
            let close = try silent[0].awaitClose()
            #expect(close?.closeCode == 1013)
            #expect(close?.closeReason == "too many unauthenticated sockets")
            try newcomer.connect()
            try gateway.stop()
        }
    }
}
