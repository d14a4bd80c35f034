import Testing
import WebSocket

@Suite("Message decoder, what RFC 6455 forbids")
struct MessageDecoderRuleTests {
    struct Violation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var endpoint = Endpoint.server
        let bytes: [UInt8]
        let error: WebSocketError
        var closeCode = CloseCode.protocolError
    }

    static let violations: [Violation] = [
        Violation(testDescription: "RSV1", bytes: frame(1, reserved: 0x40), error: .reservedBits(0x40)),
        Violation(testDescription: "RSV2", bytes: frame(2, reserved: 0x20), error: .reservedBits(0x20)),
        Violation(testDescription: "RSV3 on a ping", bytes: frame(9, reserved: 0x10), error: .reservedBits(0x10)),
        Violation(testDescription: "all of RSV", bytes: frame(8, reserved: 0x70), error: .reservedBits(0x70)),
        Violation(
            testDescription: "a fragmented ping", bytes: frame(9, fin: false), error: .fragmentedControlFrame(.ping)),
        Violation(
            testDescription: "a fragmented close", bytes: frame(8, fin: false), error: .fragmentedControlFrame(.close)),
        Violation(
            testDescription: "a ping of 126", bytes: frame(9, [UInt8](repeating: 0, count: 126)),
            error: .oversizedControlFrame(.ping, length: 126)),
        Violation(
            testDescription: "a close of 64 KiB", bytes: frame(8, [UInt8](repeating: 0, count: 65_536)),
            error: .oversizedControlFrame(.close, length: 127)),
        Violation(
            testDescription: "text without a mask", bytes: frame(1, [0x61], key: nil), error: .unmaskedFrame(.text)),
        Violation(
            testDescription: "a Close frame without a mask", bytes: frame(8, closePayload(1001), key: nil),
            error: .unmaskedClose),
        Violation(
            testDescription: "a mask from a server", endpoint: .client, bytes: frame(2, [1]),
            error: .maskedFrame(.binary)),
        Violation(
            testDescription: "125 in two octets", bytes: [0x82, 0xFE, 0x00, 0x7D], error: .nonMinimalLength(125)),
        Violation(
            testDescription: "65535 in eight octets", bytes: [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
            error: .nonMinimalLength(65_535)),
        Violation(
            testDescription: "a length with the top bit", bytes: [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 1],
            error: .lengthOutOfRange(0x8000_0000_0000_0001)),
        Violation(testDescription: "a continuation of nothing", bytes: frame(0, [1]), error: .unexpectedContinuation),
        Violation(
            testDescription: "a continuation after the end", bytes: frame(1, fin: false) + frame(0) + frame(0),
            error: .unexpectedContinuation),
        Violation(
            testDescription: "text inside a message", bytes: frame(2, fin: false) + frame(1),
            error: .interruptedMessage(by: .text)),
        Violation(
            testDescription: "an unfinished binary inside a message",
            bytes: frame(1, fin: false) + frame(2, fin: false),
            error: .interruptedMessage(by: .binary)),
        Violation(testDescription: "a close payload of one byte", bytes: frame(8, [3]), error: .truncatedCloseCode),
        Violation(
            testDescription: "a close reason that is not UTF-8",
            bytes: frame(8, closePayload(1000, [0xCE, 0xBA, 0xE1])),
            error: .invalidCloseReason, closeCode: .invalidFramePayloadData),
        Violation(
            testDescription: "a text that is not UTF-8", bytes: frame(1, [0xC0, 0xAF]), error: .invalidUTF8,
            closeCode: .invalidFramePayloadData),
    ]

    @Test("is refused with the observed value and the right close code", arguments: violations)
    func refused(_ violation: Violation) {
        #expect(decode(violation.bytes, endpoint: violation.endpoint).error == violation.error)
        #expect(violation.error.closeCode == violation.closeCode)
    }

    @Test("is refused however it is split", arguments: violations)
    func refusedWhenSplit(_ violation: Violation) {
        for cut in 0...min(violation.bytes.count, 20) {
            let pieces = [violation.bytes[..<cut], violation.bytes[cut...]]
            #expect(decode(pieces, endpoint: violation.endpoint).error == violation.error)
        }
    }

    @Test("a reserved opcode is refused at its first octet", arguments: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8])
    func reservedOpcode(_ opcode: UInt8) {
        #expect(decode([0x80 | opcode]) == Outcome(error: .reservedOpcode(opcode)))
    }

    @Test("what came before the violation is reported first")
    func eventsBeforeTheError() {
        let outcome = decode(frame(1, [0x61]) + frame(9) + frame(3))
        #expect(outcome == Outcome(events: [.message(.text, [0x61]), .ping([])], error: .reservedOpcode(3)))
    }

    @Test(
        "Autobahn 7.7: a valid close code is reported",
        arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
            as [UInt16])
    func validCloseCode(_ code: UInt16) {
        #expect(decode(frame(8, closePayload(code))).events == [.close(CloseCode(rawValue: code), "")])
    }

    @Test(
        "Autobahn 7.9 and 7.13: an invalid close code is a protocol error",
        arguments: [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] as [UInt16])
    func invalidCloseCode(_ code: UInt16) {
        #expect(decode(frame(8, closePayload(code, [0x61]))) == Outcome(error: .invalidCloseCode(code)))
    }

    @Test("a close reason may fill the frame")
    func longestReason() {
        let reason = String(repeating: "r", count: 123)
        #expect(decode(frame(8, closePayload(1000, Array(reason.utf8)))).events == [.close(.normalClosure, reason)])
    }
}
