import Testing
import WebSocket

@Suite("Frame encoder, RFC 6455 §5.2")
struct FrameEncoderTests {
    static let hello: [UInt8] = Array("Hello".utf8)

    static func encoded(
        _ opcode: Opcode, _ payload: [UInt8], fin: Bool = true, maskingKey: UInt32? = nil
    ) -> [UInt8] {
        var out: [UInt8] = []
        FrameEncoder.append(to: &out, opcode: opcode, payload: payload.span, fin: fin, maskingKey: maskingKey)
        return out
    }

    @Test("writes the examples of §5.7")
    func published() {
        #expect(Self.encoded(.text, Self.hello) == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(
            Self.encoded(.text, Self.hello, maskingKey: 0x37FA_213D)
                == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        #expect(
            Self.encoded(.text, Array("Hel".utf8), fin: false) + Self.encoded(.continuation, Array("lo".utf8))
                == [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F])
        #expect(Self.encoded(.ping, Self.hello) == [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        let kilobytes = [UInt8](repeating: 3, count: 65_536)
        #expect(Self.encoded(.binary, Array(kilobytes[..<256])).prefix(4) == [0x82, 0x7E, 0x01, 0x00])
        #expect(Self.encoded(.binary, kilobytes).prefix(10) == [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0])
    }

    @Test("the announced header length is what is written", arguments: [0, 125, 126, 65_535, 65_536], [true, false])
    func headerLength(_ payloadLength: Int, _ masked: Bool) {
        var out: [UInt8] = [9]
        FrameEncoder.appendHeader(
            to: &out, opcode: .binary, payloadLength: payloadLength, maskingKey: masked ? 7 : nil)
        #expect(out.count - 1 == FrameEncoder.headerLength(payloadLength: payloadLength, masked: masked))
    }

    @Test("agrees with a frame written the slow way, and is read back", arguments: [0, 1, 31, 125, 126, 5000, 65_536])
    func roundTrip(_ length: Int) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 11) }
        let masked = Self.encoded(.binary, payload, maskingKey: 0x0102_03F4)
        #expect(masked == frame(2, payload, key: [1, 2, 3, 0xF4]))
        #expect(decode(masked).events == [.message(.binary, payload)])
        #expect(decode(Self.encoded(.binary, payload), endpoint: .client).events == [.message(.binary, payload)])
    }

    @Test("frames are appended behind what is there")
    func appends() {
        var out: [UInt8] = [0xAA]
        FrameEncoder.append(to: &out, opcode: .pong, payload: Self.hello.span)
        FrameEncoder.appendClose(to: &out, code: .goingAway, reason: "x")
        #expect(out == [0xAA, 0x8A, 0x05] + Self.hello + [0x88, 0x03, 0x03, 0xE9, 0x78])
    }

    @Test("a close reason is cut to 123 octets between two scalars")
    func closeReasonIsCut() {
        for (reason, expected) in [
            (String(repeating: "r", count: 124), String(repeating: "r", count: 123)),
            (String(repeating: "r", count: 122) + "é", String(repeating: "r", count: 122)),
            (String(repeating: "r", count: 121) + "é", String(repeating: "r", count: 121) + "é"),
            (String(repeating: "😀", count: 40), String(repeating: "😀", count: 30)),
        ] {
            var out: [UInt8] = []
            FrameEncoder.appendClose(to: &out, code: .policyViolation, reason: reason, maskingKey: 0x1122_3344)
            #expect(decode(out).events == [.close(.policyViolation, expected)])
        }
    }

    @Test("a close without a code has no payload")
    func emptyClose() {
        var out: [UInt8] = []
        FrameEncoder.appendClose(to: &out, code: nil, reason: "left out")
        #expect(out == [0x88, 0x00])
    }
}
