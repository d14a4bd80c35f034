import Testing
import WebSocket

@Suite("Text messages are UTF-8, in the spirit of Autobahn section 6")
struct TextValidationTests {
    static let valid: [[UInt8]] = [
        Array("Hello-µ@ßöäüàá-UTF-8!!".utf8),
        [0xCE, 0xBA, 0xE1, 0xBD, 0xB9, 0xCF, 0x83, 0xCE, 0xBC, 0xCE, 0xB5],
        [0x00], [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xEF, 0xBF, 0xBF],
        [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBD], [0xEF, 0xBF, 0xBE],
        [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98, 0x80],
        Array((String(repeating: "a", count: 31) + "ö" + String(repeating: "b", count: 40)).utf8),
    ]

    /// The bytes, and how many of them are still the beginning of something valid.
    static let invalid: [(bytes: [UInt8], validPrefix: Int)] = [
        ([0x80], 0), ([0xBF], 0), ([0xFE], 0), ([0xFF], 0), ([0xC0, 0x80], 0), ([0xC1, 0xBF], 0),
        ([0xC2, 0x41], 1), ([0xC2, 0xC2], 1), ([0xE0, 0x80, 0x80], 1), ([0xE0, 0x9F, 0xBF], 1),
        ([0xED, 0xA0, 0x80], 1), ([0xED, 0xBF, 0xBF], 1), ([0xE2, 0x82, 0x41], 2),
        ([0xF0, 0x80, 0x80, 0x80], 1), ([0xF0, 0x8F, 0xBF, 0xBF], 1), ([0xF4, 0x90, 0x80, 0x80], 1),
        ([0xF5, 0x80, 0x80, 0x80], 0), ([0xF8, 0x88, 0x80, 0x80, 0x80], 0), ([0xFC, 0x84, 0x80, 0x80, 0x80, 0x80], 0),
        (
            [
                0xCE, 0xBA, 0xE1, 0xBD, 0xB9, 0xCF, 0x83, 0xCE, 0xBC, 0xCE, 0xB5, 0xF4, 0x90, 0x80, 0x80, 0x65, 0x64,
                0x69,
            ], 12
        ),
        (Array("eight ascii bytes and then".utf8) + [0xED, 0xA0, 0x80], 27),
    ]

    @Test("valid text passes whole, in fragments of one octet, and octet by octet", arguments: valid)
    func validText(_ text: [UInt8]) {
        #expect(decode(frame(1, text)).events == [.message(.text, text)])
        var fragments = frame(1, fin: false)
        for octet in text {
            fragments += frame(0, [octet], fin: false)
        }
        fragments += frame(0)
        #expect(decode(fragments).events == [.message(.text, text)])
        #expect(decode(frame(1, text).indices.map { frame(1, text)[$0...$0] }).events == [.message(.text, text)])
    }

    @Test("invalid text fails at its first bad octet, before the rest of the frame", arguments: invalid)
    func invalidText(_ text: [UInt8], _ validPrefix: Int) {
        #expect(decode(frame(1, text)) == Outcome(error: .invalidUTF8))
        var receiver = Receiver()
        // The frame announces more than will ever come.
        let bytes = frame(1, text + [UInt8](repeating: 0x61, count: 50))
        receiver.feed(bytes[..<6])
        for index in text.indices {
            #expect((receiver.outcome.error == nil) == (index <= validPrefix), "before octet \(index)")
            receiver.feed(bytes[(6 + index)...(6 + index)])
        }
        #expect(receiver.outcome.error == .invalidUTF8)
    }

    @Test("invalid text fails in the fragment that holds the bad octet", arguments: invalid)
    func invalidFragments(_ text: [UInt8], _ validPrefix: Int) {
        var receiver = Receiver()
        receiver.feed(frame(1, fin: false))
        for (index, octet) in text.enumerated() {
            receiver.feed(frame(0, [octet], fin: false) + frame(9))
            #expect((receiver.outcome.error == nil) == (index < validPrefix), "after octet \(index)")
        }
    }

    @Test("text may not end inside a character", arguments: [[0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98]] as [[UInt8]])
    func truncated(_ text: [UInt8]) {
        #expect(decode(frame(1, text)) == Outcome(error: .invalidUTF8))
        #expect(decode(frame(1, text, fin: false)) == Outcome())
        #expect(decode(frame(1, text, fin: false) + frame(0)) == Outcome(error: .invalidUTF8))
    }

    @Test("all pairs of octets and all third octets of interest agree with the standard library")
    func agreesWithTheStandardLibrary() {
        for first in 0x7F...0xFF as ClosedRange<UInt8> {
            for second in stride(from: 0, through: 0xFF, by: 5).map({ UInt8($0) }) + [
                0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0,
            ] {
                for tail in [[], [0x80], [0xBF], [0xC0], [0x80, 0x80], [0xBF, 0x7F]] as [[UInt8]] {
                    let text = [first, second] + tail
                    let isValid = String(validating: text, as: UTF8.self) != nil
                    #expect((decode(frame(1, text, key: nil), endpoint: .client).error == nil) == isValid, "\(text)")
                }
            }
        }
    }

    @Test("binary is not looked at")
    func binary() {
        #expect(decode(frame(2, [0xFF, 0xC0])).events == [.message(.binary, [0xFF, 0xC0])])
    }
}
