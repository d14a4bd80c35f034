import Testing
import WebSocket

@Suite("Masking, RFC 6455 §5.3")
struct MaskingTests {
    @Test("every length, start and phase gives what one octet at a time gives")
    func agreesWithOctets() {
        let keyOctets: [UInt8] = [0x81, 0x02, 0xF3, 0x44]
        let plain = (0..<160).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }
        for count in [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 31, 32, 33, 39, 40, 47, 63, 64, 65, 100, 127, 128] {
            for start in 0..<9 {
                for phase in 0..<5 {
                    var bytes = plain
                    var span = bytes.mutableSpan
                    let isASCII = Masking.apply(0x8102_F344, to: &span, in: start..<start + count, phase: phase)
                    var expected = plain
                    for index in 0..<count {
                        expected[start + index] ^= keyOctets[(index + phase) % 4]
                    }
                    #expect(bytes == expected, "count \(count), start \(start), phase \(phase)")
                    #expect(isASCII == expected[start..<start + count].allSatisfy { $0 < 0x80 })
                }
            }
        }
    }

    @Test("masking twice changes nothing")
    func involution() {
        let plain = (0..<77).map { UInt8($0) }
        var bytes = plain
        var span = bytes.mutableSpan
        Masking.apply(0xDEAD_BEEF, to: &span)
        Masking.apply(0xDEAD_BEEF, to: &span)
        #expect(bytes == plain)
    }

    @Test("one octet beyond ASCII is noticed wherever it stands", arguments: 0..<75)
    func asciiIsReported(_ position: Int) {
        var bytes = [UInt8](repeating: 0x41, count: 75)
        bytes[position] = 0xC3
        var span = bytes.mutableSpan
        let isASCII = Masking.apply(0, to: &span, in: 0..<75)
        #expect(!isASCII)
    }
}
