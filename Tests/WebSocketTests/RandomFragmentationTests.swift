import Testing
import WebSocket

@Suite("Message decoder against a naive reference")
struct RandomFragmentationTests {
    /// A few frames in random fragmentation, mostly lawful, cut into random reads.
    static func input(using random: inout SplitMix64, endpoint: Endpoint) -> [UInt8] {
        let texts = ["plain ascii, somewhat longer than a word", "grüße", "日本語テキスト", "😀 mixed ß", ""]
        var bytes: [UInt8] = []
        func append(_ opcode: UInt8, _ payload: [UInt8], fin: Bool) {
            let key = endpoint == .server ? (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) } : nil
            bytes += frame(opcode, payload, fin: fin, key: key)
        }
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let isText = Bool.random(using: &random)
            var rest =
                isText
                ? Array(texts.randomElement(using: &random)!.utf8)
                : (0..<Int.random(in: 0...300, using: &random)).map { UInt8(truncatingIfNeeded: $0) }
            var opcode: UInt8 = isText ? 1 : 2
            while Bool.random(using: &random) {
                let count = Int.random(in: 0...rest.count, using: &random)
                append(opcode, Array(rest[..<count]), fin: false)
                rest = Array(rest[count...])
                opcode = 0
                if Int.random(in: 0..<3, using: &random) == 0 {
                    append(Bool.random(using: &random) ? 9 : 10, [1, 2, 3], fin: true)
                }
            }
            append(opcode, rest, fin: true)
        }
        if Bool.random(using: &random) {
            append(8, closePayload(UInt16.random(in: 999...1016, using: &random), Array("reason".utf8)), fin: true)
        }
        return bytes
    }

    static func pieces(of bytes: [UInt8], using random: inout SplitMix64) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        let longest = [1, 3, 20, 200, 2000].randomElement(using: &random)!
        while start < bytes.count {
            let end = min(bytes.count, start + Int.random(in: 1...longest, using: &random))
            pieces.append(bytes[start..<end])
            start = end
        }
        return pieces
    }

    @Test("lawful streams, any fragmentation, any reads", arguments: [Endpoint.server, .client])
    func lawful(_ endpoint: Endpoint) {
        var random = SplitMix64(state: 6455)
        for round in 0..<150 {
            let bytes = Self.input(using: &random, endpoint: endpoint)
            let expected = ReferenceDecoder.decode(bytes, endpoint: endpoint, maxMessageBytes: 1 << 20)
            #expect(decode(bytes, endpoint: endpoint) == expected, "round \(round)")
            #expect(decode(Self.pieces(of: bytes, using: &random), endpoint: endpoint) == expected, "round \(round)")
        }
    }

    @Test("damaged streams end in the same error after the same events", arguments: [Endpoint.server, .client])
    func damaged(_ endpoint: Endpoint) {
        var random = SplitMix64(state: 7692)
        var errors = 0
        for round in 0..<300 {
            var bytes = Self.input(using: &random, endpoint: endpoint)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[bytes.indices.randomElement(using: &random)!] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
            let expected = ReferenceDecoder.decode(bytes, endpoint: endpoint, maxMessageBytes: 280)
            let split = decode(Self.pieces(of: bytes, using: &random), endpoint: endpoint, maxMessageBytes: 280)
            #expect(decode(bytes, endpoint: endpoint, maxMessageBytes: 280) == split, "round \(round)")
            // Where the input ends inside a header, only the decoder looks at what is there of it.
            if expected.error != nil {
                errors += 1
                #expect(split == expected, "round \(round)")
            }
        }
        #expect(errors > 100)
    }
}
