import Testing
import WebSocket

/// Compressed messages that would inflate to a gibibyte.
struct CompressionBombTests {
    private static let configuration: GatewayConfiguration = {
        var configuration = GatewayConfiguration()
        configuration.gateway += ", compression: { enabled: true }"
        return configuration
    }()
    private static let part = 4 << 20
    /// More than one message of 25 MiB and the buffer that it outgrew; a small part of what the bombs hold.
    private static let mostKilobytes = 100 << 10

    /// So many zeros, compressed; a whole number of blocks, so several may follow each other.
    private static func zeros(_ count: Int) -> [UInt8] {
        var compressor = MessageCompressor(windowBits: 15, keepsContext: false)
        var frame: [UInt8] = []
        let zeros = [UInt8](repeating: 0, count: count)
        compressor.append(to: &frame, opcode: .binary, payload: zeros.span)
        let header = FrameEncoder.headerLength(payloadLength: frame.count - 4, masked: false)
        return frame[header...] + [0x00, 0x00, 0xFF, 0xFF]
    }

    /// The first frame of a compressed message.
    private static func first(_ payload: [UInt8], fin: Bool) -> [UInt8] {
        var frame = WebSocketPeer.frame(.binary, payload, fin: fin)
        frame[0] |= 0x40
        return frame
    }

    @Test func aBombClosesTheConnectionAtTheLimitAndMemoryDoesNotFollow() async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration.text, ["--port", "0", "--echo-path", "/echo"])
            let part = Self.zeros(Self.part)
            let gibibyte = (1 << 30) / Self.part
            #expect(part.count * gibibyte < 8 << 20)
            // So that what a connection takes anyway is not counted.
            let ordinary = try WebSocketPeer(gateway, extensions: "permessage-deflate")
            // The end of the last block is left out of a message (RFC 7692 §7.2.1).
            try ordinary.send(Self.first(Self.zeros(1 << 20).dropLast(4), fin: true))
            #expect(try ordinary.next() == .message(.binary, [UInt8](repeating: 0, count: 1 << 20)))
            let before = gateway.peakResidentKilobytes

            let whole = Self.first(Array(repeatElement(part, count: gibibyte).joined()), fin: true)
            let more = WebSocketPeer.frame(.continuation, part, fin: false)
            let fragments = Self.first(part, fin: false) + Array(repeatElement(more, count: gibibyte - 1).joined())
            for bomb in [whole, fragments, whole] {
                let peer = try WebSocketPeer(gateway, extensions: "permessage-deflate")
                try peer.connection.sendUntilAnswered(bomb)
                guard case .close(1009, _) = try peer.next() else { throw Unexpected("no close 1009") }
            }
            let grown = gateway.peakResidentKilobytes - before
            print("compression bombs of 1 GiB: the gateway's peak grew by \(grown) KiB")
            #expect(before > 0)
            #expect(grown < Self.mostKilobytes, "the gateway grew by \(grown) KiB")
            // The others have noticed nothing.
            try ordinary.send(WebSocketPeer.frame(.text, Array("still here".utf8)))
            #expect(try ordinary.next() == .message(.text, Array("still here".utf8)))
            try gateway.stop()
        }
    }

    @Test(arguments: [true, false])
    func beforeConnectTheLimitIs64KiBAlsoForWhatInflates(isWhole: Bool) async throws {
        try await scenario {
            let gateway = try GatewayProcess(Self.configuration.text)
            let before = gateway.peakResidentKilobytes
            let part = Self.zeros(Self.part)
            let peer = try WebSocketPeer(gateway, path: "/", extensions: "permessage-deflate")
            _ = try peer.next()
            let more = WebSocketPeer.frame(.continuation, part, fin: false)
            let bomb = Self.first(part, fin: isWhole) + (isWhole ? [] : Array(repeatElement(more, count: 7).joined()))
            try peer.connection.sendUntilAnswered(bomb)
            guard case .close(1009, _) = try peer.next() else { throw Unexpected("no close 1009") }
            #expect(gateway.peakResidentKilobytes - before < 16 << 10)
            try gateway.stop()
        }
    }
}
