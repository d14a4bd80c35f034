import Testing
import WebSocket

/// Frames over wss as no library sends them: at the limits, in single bytes, ahead of time, unmasked.
struct WebSocketWireTests {
    private static let preauthLimit = 65_536
    private static let limit = 25 * 1024 * 1024

    private static func gateway() throws -> GatewayProcess {
        try GatewayProcess(GatewayConfiguration().text, ["--port", "0", "--echo-path", "/echo"])
    }

    // MARK: - Limits

    @Test func connectMayHave64KiBAndNotOneByteMore() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            for bytes in [Self.preauthLimit - 1, Self.preauthLimit] {
                let peer = try WebSocketPeer(gateway, path: "/")
                _ = try peer.next()
                try peer.send(WebSocketPeer.frame(.text, WebSocketPeer.connectRequest(bytes: bytes)))
                guard case .message(.text, let answer) = try peer.next() else {
                    throw Unexpected("no answer to a connect of \(bytes) bytes")
                }
                #expect(String(decoding: answer, as: UTF8.self).contains("hello-ok"))
            }
            // Told at the header, without a byte of the payload; in fragments at the header that goes too far.
            let whole = WebSocketPeer.header(.text, payloadLength: Self.preauthLimit + 1)
            let half = [UInt8](repeating: 0x20, count: Self.preauthLimit / 2)
            let fragments =
                WebSocketPeer.frame(.text, half, fin: false)
                + WebSocketPeer.header(.continuation, payloadLength: Self.preauthLimit / 2 + 1)
            for bytes in [whole, fragments] {
                let peer = try WebSocketPeer(gateway, path: "/")
                _ = try peer.next()
                try peer.send(bytes)
                guard case .close(1009, let reason) = try peer.next() else { throw Unexpected("no close 1009") }
                #expect(!reason.isEmpty)
                #expect(try peer.next() == .end)
            }
            try gateway.stop()
        }
    }

    @Test func anAdmittedConnectionMaySend25MiBAndNotOneByteMore() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let peer = try WebSocketPeer.admitted(gateway)
            let start = Array(#"{"type":"req","id":"big","method":"sessions.list","params":{}"#.utf8)
            var request = start
            request += [UInt8](repeating: 0x20, count: Self.limit - start.count - 1) + Array("}".utf8)
            #expect(request.count == Self.limit)
            try peer.send(WebSocketPeer.frame(.text, request))
            guard case .message(.text, let answer) = try peer.next() else { throw Unexpected("no answer") }
            #expect(String(decoding: answer.prefix(200), as: UTF8.self).contains(#""id":"big""#))
            try peer.send(WebSocketPeer.header(.text, payloadLength: Self.limit + 1))
            guard case .close(1009, _) = try peer.next() else { throw Unexpected("no close 1009") }
            #expect(try peer.next() == .end)
            try gateway.stop()
        }
    }

    @Test func theEchoTakes25MiBInOneFrameOrManyAndNotOneByteMore() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let peer = try WebSocketPeer(gateway)
            let message = (0..<Self.limit).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 13) }
            try peer.send(WebSocketPeer.frame(.binary, message))
            #expect(try peer.next() == .message(.binary, message))
            let half = Self.limit / 2
            try peer.send(WebSocketPeer.frame(.binary, Array(message[..<half]), fin: false))
            try peer.send(WebSocketPeer.frame(.continuation, [], fin: false))
            try peer.send(WebSocketPeer.frame(.continuation, Array(message[half...])))
            #expect(try peer.next() == .message(.binary, message))
            try peer.send(WebSocketPeer.frame(.binary, Array(message[..<half]), fin: false))
            try peer.send(WebSocketPeer.header(.continuation, payloadLength: Self.limit - half + 1))
            guard case .close(1009, _) = try peer.next() else { throw Unexpected("no close 1009") }
            try gateway.stop()
        }
    }

    // MARK: - How bytes arrive

    @Test func recordsOfOneByteAreReadLikeAnyOthers() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let peer = try WebSocketPeer(gateway)
            let text = Array("grüß dich 🏰".utf8)
            let frames =
                WebSocketPeer.frame(.text, Array(text[..<3]), fin: false) + WebSocketPeer.frame(.ping, [1, 2])
                + WebSocketPeer.frame(.continuation, Array(text[3...]))
                + WebSocketPeer.frame(.binary, [UInt8](repeating: 7, count: 300))
            try peer.send(frames, recordBytes: 1)
            #expect(try peer.next() == .pong([1, 2]))
            #expect(try peer.next() == .message(.text, text))
            #expect(try peer.next() == .message(.binary, [UInt8](repeating: 7, count: 300)))
            try peer.send(WebSocketPeer.frame(.close, [0x0B, 0xB8, 0x62, 0x79, 0x65]), recordBytes: 1)
            #expect(try peer.next() == .close(3000, ""))
            #expect(try peer.next() == .end)
            try gateway.stop()
        }
    }

    @Test func framesBehindTheUpgradeInItsOwnRecordAreNotLost() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let early = WebSocketPeer.frame(.text, Array("early".utf8)) + WebSocketPeer.frame(.ping, [9])
            let echo = try WebSocketPeer(gateway, then: early + WebSocketPeer.header(.text, payloadLength: 2))
            #expect(try echo.next() == .message(.text, Array("early".utf8)))
            #expect(try echo.next() == .pong([9]))
            // The header's mask is zero.
            try echo.send(Array("ok".utf8))
            #expect(try echo.next() == .message(.text, Array("ok".utf8)))
            // A client that does not wait for the challenge, as it has no device that would sign it.
            let connect = WebSocketPeer.frame(.text, WebSocketPeer.connectRequest())
            let request = WebSocketPeer.frame(
                .text, Array(#"{"type":"req","id":"2","method":"sessions.list","params":{}}"#.utf8))
            let session = try WebSocketPeer(gateway, path: "/", then: connect + request)
            var texts: [String] = []
            while texts.count < 3 {
                guard case .message(.text, let text) = try session.next() else { throw Unexpected("got \(texts)") }
                texts.append(String(decoding: text, as: UTF8.self))
            }
            #expect(texts[0].contains("connect.challenge"))
            #expect(texts[1].contains("hello-ok"))
            #expect(texts[2].contains(#""id":"2""#))
            try gateway.stop()
        }
    }

    /// Fragments that are cut inside of characters: ü, €, 🏰; a surrogate, a character cut short, one beyond U+10FFFF.
    @Test(
        arguments: [
            ([[0x67, 0x72, 0xC3], [0xBC]], true), ([[0xE2], [0x82], [0xAC]], true),
            ([[0xF0, 0x9F], [0x8F, 0xB0]], true),
            ([[0xED], [0xA0, 0x80]], false), ([[0xC3], [0x78]], false), ([[0xF4], [0x90, 0x80, 0x80]], false),
        ] as [([[UInt8]], Bool)])
    func textIsCheckedAcrossFragments(pieces: [[UInt8]], isValid: Bool) async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let peer = try WebSocketPeer(gateway)
            for (index, piece) in pieces.enumerated() {
                let opcode: Opcode = index == 0 ? .text : .continuation
                try peer.send(WebSocketPeer.frame(opcode, piece, fin: index == pieces.count - 1))
            }
            if isValid {
                #expect(try peer.next() == .message(.text, pieces.flatMap { $0 }))
            } else {
                guard case .close(1007, _) = try peer.next() else { throw Unexpected("no close 1007") }
            }
            try gateway.stop()
        }
    }

    // MARK: - Ends

    /// Caddy 2.6 sends `88 02 03 e9` to the gateway whenever its configuration changes.
    @Test(arguments: [true, false], ["/", "/echo"])
    func anUnmaskedCloseIsAnEndAndNoAttack(isFromTrustedProxy: Bool, path: String) async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            if isFromTrustedProxy { configuration.gateway += #", trustedProxies: ["127.0.0.1"]"# }
            let gateway = try GatewayProcess(configuration.text, ["--port", "0", "--echo-path", "/echo"])
            let peer = try WebSocketPeer(gateway, path: path)
            if path == "/" { _ = try peer.next() }
            try peer.send([0x88, 0x02, 0x03, 0xE9])
            guard case .close(1002, _) = try peer.next() else { throw Unexpected("no close 1002") }
            #expect(try peer.next() == .end)
            // Anything else without a mask is a violation, which is what makes the silence above tell something.
            let violator = try WebSocketPeer(gateway)
            try violator.send([0x81, 0x01, 0x61])
            guard case .close(1002, _) = try violator.next() else { throw Unexpected("no close 1002") }
            try gateway.stop()
            let warnings = gateway.log.split(separator: "\n").filter { line in
                // That nothing confines the agents is said at every start.
                (line.contains(" WARN ") || line.contains(" ERROR ")) && !line.contains("agents.defaults.isolation")
            }
            #expect(warnings.count == 1, "\(warnings)")
            #expect(warnings.allSatisfy { $0.contains("nmasked") }, "\(warnings)")
        }
    }
}
