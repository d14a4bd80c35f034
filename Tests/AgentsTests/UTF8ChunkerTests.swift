import Testing

@testable import Agents

@Suite("UTF-8 chunks, Unicode §3.9")
struct UTF8ChunkerTests {
    static let samples: [[UInt8]] = [
        Array("plain".utf8), Array("aé€😀z".utf8),
        [0x61, 0xF1, 0x80, 0x80, 0xE1, 0x80, 0xC2, 0x62, 0x80, 0x63, 0x80, 0xBF, 0x64],
        [0xC0, 0xAF, 0xE0, 0x80, 0xBF, 0xF0, 0x81, 0x82, 0x41], [0xED, 0xA0, 0x80, 0xED, 0xBF, 0xBF, 0xED, 0xAF, 0x41],
        [0xF4, 0x91, 0x92, 0x93, 0xFF, 0x41, 0x80, 0xBF, 0x42], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [], [0xFF],
        [0xE2, 0x82, 0xE2],
    ]

    static func whole(_ bytes: [UInt8]) -> [UInt8] { Array(String(decoding: bytes, as: UTF8.self).utf8) }

    @Test("every split in three gives what decoding the whole gives", arguments: samples)
    func splits(_ bytes: [UInt8]) throws {
        for first in 0...bytes.count {
            for second in first...bytes.count {
                var chunker = UTF8Chunker()
                let pieces = [
                    chunker.consume(Array(bytes[..<first])), chunker.consume(Array(bytes[first..<second])),
                    chunker.consume(Array(bytes[second...])), chunker.finish(),
                ]
                for piece in pieces { #expect(String(validating: piece, as: UTF8.self) != nil) }
                #expect(pieces.flatMap(\.self) == Self.whole(bytes))
            }
        }
    }

    @Test("a complete scalar is not held back")
    func prompt() {
        var chunker = UTF8Chunker()
        #expect(chunker.consume([0xE2, 0x82]) == [])
        #expect(chunker.consume([0xAC]) == Array("€".utf8))
        #expect(chunker.finish() == [])
    }

    @Test("long text is cut at scalars, within the limit", arguments: 4...9)
    func cutting(_ limit: Int) {
        let bytes = Array("aé€😀zz€€😀é".utf8)
        let pieces = UTF8Chunker.split(bytes, maxBytes: limit)
        #expect(pieces.flatMap(\.self) == bytes)
        for piece in pieces {
            #expect(piece.count <= limit && !piece.isEmpty)
            #expect(String(validating: piece, as: UTF8.self) != nil)
        }
    }
}

@Suite("Result text")
struct ResultBufferTests {
    @Test("keeps everything up to the limit, and the last part beyond it", arguments: [0, 1, 9, 10, 11, 35, 1000])
    func lastPart(_ length: Int) {
        let bytes = (0..<length).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        for step in [1, 3, 7, 40] {
            var buffer = ResultBuffer(limit: 10)
            for start in stride(from: 0, to: length, by: step) {
                buffer.append(Array(bytes[start..<min(start + step, length)]))
            }
            #expect(buffer.bytes == Array(bytes.suffix(10)))
            #expect(buffer.totalBytes == Int64(length))
            #expect(buffer.isTruncated == (length > 10))
        }
    }

    @Test("begins at a scalar when it was cut", arguments: 0...4)
    func boundary(_ extra: Int) {
        var buffer = ResultBuffer(limit: 8)
        buffer.append(Array("😀😀😀".utf8) + [UInt8](repeating: 0x61, count: extra))
        #expect(String(validating: buffer.bytes, as: UTF8.self) != nil)
        #expect(buffer.bytes.count <= 8)
        #expect(buffer.totalBytes == Int64(12 + extra))
    }

    @Test("the default limit is 100 KiB")
    func defaultLimit() {
        var buffer = ResultBuffer()
        for _ in 0..<300 { buffer.append([UInt8](repeating: 0x78, count: 1024)) }
        #expect(buffer.bytes.count == 102_400)
        #expect(buffer.totalBytes == 307_200)
    }
}
