import CZlib
import Testing
import WebSocket

@Suite("Compressed messages, RFC 7692 §7.2")
struct CompressedMessageTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var endpoint = Endpoint.client
        let bytes: [UInt8]
        let expected: [Received]
    }

    static let hello: [UInt8] = Array("Hello".utf8)
    static let compressedHello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
    static let rsv1: UInt8 = 0x40

    static let vectors = [
        Vector(
            testDescription: "§7.2.3.1 one frame", bytes: [0xC1, 0x07] + compressedHello,
            expected: [.message(.text, hello)]),
        Vector(
            testDescription: "§7.2.3.1 two fragments",
            bytes: [0x41, 0x03, 0xF2, 0x48, 0xCD, 0x80, 0x04, 0xC9, 0xC9, 0x07, 0x00],
            expected: [.message(.text, hello)]),
        Vector(
            testDescription: "§7.2.3.2 sharing the window",
            bytes: [0xC1, 0x07] + compressedHello + [0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00],
            expected: [.message(.text, hello), .message(.text, hello)]),
        Vector(
            testDescription: "§7.2.3.3 a block without compression",
            bytes: [0xC1, 0x0B, 0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            expected: [.message(.text, hello)]),
        Vector(
            testDescription: "§7.2.3.4 a block with BFINAL, and a message that refers to it",
            bytes: [0xC1, 0x08, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]
                + [0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00],
            expected: [.message(.text, hello), .message(.text, hello)]),
        Vector(
            testDescription: "§7.2.3.5 two blocks",
            bytes: [0xC1, 0x0D, 0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
            expected: [.message(.text, hello)]),
        Vector(
            testDescription: "§7.2.3.6 an empty message", bytes: [0xC1, 0x01, 0x00], expected: [.message(.text, [])]),
        Vector(
            testDescription: "an empty message of which nothing is left, between others",
            bytes: [0xC1, 0x07] + compressedHello + [0xC2, 0x00, 0x81, 0x01, 0x61]
                + [0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00],
            expected: [
                .message(.text, hello), .message(.binary, []), .message(.text, [0x61]), .message(.text, hello),
            ]),
        Vector(
            testDescription: "masked, with a ping and empty fragments in between", endpoint: .server,
            bytes: frame(1, [], fin: false, reserved: rsv1) + frame(0, [0xF2, 0x48], fin: false) + frame(9, [1])
                + frame(0, [0xCD, 0xC9, 0xC9, 0x07], fin: false) + frame(0, [0x00], fin: false) + frame(0),
            expected: [.ping([1]), .message(.text, hello)]),
        Vector(
            testDescription: "text of several octets a character, written by another zlib", endpoint: .server,
            bytes: frame(
                1, bytes(of: "4a2f3abce7f07c8594cce40c850ff3fb3728a423040000"), reserved: rsv1),
            expected: [.message(.text, Array("grüß dich 🏰 grüß dich".utf8))]),
    ]

    private static func bytes(of hex: String) -> [UInt8] {
        let digits = Array(hex)
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    @Test("reports the published and the composed vectors", arguments: vectors)
    func whole(_ vector: Vector) {
        let outcome = decode(vector.bytes, endpoint: vector.endpoint, compression: PermessageDeflate())
        #expect(outcome == Outcome(events: vector.expected))
    }

    @Test("two reads, cut anywhere, and single bytes give the same", arguments: vectors)
    func everySplit(_ vector: Vector) {
        let bytes = vector.bytes
        for cut in 0...bytes.count {
            let outcome = decode(
                [bytes[..<cut], bytes[cut...]], endpoint: vector.endpoint, compression: PermessageDeflate())
            #expect(outcome == Outcome(events: vector.expected), "cut at \(cut)")
        }
        let single = bytes.indices.map { bytes[$0...$0] }
        #expect(
            decode(single, endpoint: vector.endpoint, compression: PermessageDeflate())
                == Outcome(events: vector.expected))
    }

    @Test("every cut of the compressed message into two fragments gives the same")
    func everyFragmentation() {
        for cut in 0...Self.compressedHello.count {
            let bytes =
                frame(1, Array(Self.compressedHello[..<cut]), fin: false, reserved: Self.rsv1)
                + frame(0, Array(Self.compressedHello[cut...]))
            #expect(
                decode(bytes, compression: PermessageDeflate()) == Outcome(events: [.message(.text, Self.hello)]))
        }
    }

    // MARK: - Rules

    @Test("without an agreement RSV1 is refused")
    func notNegotiated() {
        #expect(decode(frame(1, Self.compressedHello, reserved: 0x40)).error == .reservedBits(0x40))
    }

    static let misplacedBits: [(bytes: [UInt8], bits: UInt8)] = [
        (frame(1, [0xF2], fin: false, reserved: 0x40) + frame(0, [0x00], reserved: 0x40), 0x40),
        (frame(1, [0x61], fin: false) + frame(0, [0x00], reserved: 0x40), 0x40),
        (frame(9, [], reserved: 0x40), 0x40), (frame(8, [], reserved: 0x40), 0x40),
        (frame(1, [], reserved: 0x20), 0x20), (frame(1, [], reserved: 0x50), 0x50),
    ]

    @Test("RSV1 belongs to the first frame of a message, and RSV2 and RSV3 to nobody", arguments: misplacedBits)
    func reservedBits(_ bytes: [UInt8], _ bits: UInt8) {
        #expect(decode(bytes, compression: PermessageDeflate()).error == .reservedBits(bits))
    }

    @Test("messages without RSV1 pass as they are, in place")
    func uncompressed() {
        var receiver = Receiver(compression: PermessageDeflate())
        receiver.feed(frame(1, Self.hello) + frame(2, Self.compressedHello))
        #expect(
            receiver.outcome
                == Outcome(events: [.message(.text, Self.hello), .message(.binary, Self.compressedHello)]))
        #expect(receiver.inPlaceMessages == 2)
    }

    @Test("without context takeover a reference to an earlier message is an error")
    func contextIsForgotten() {
        let bytes =
            frame(1, Self.compressedHello, reserved: Self.rsv1)
            + frame(1, [0xF2, 0x00, 0x11, 0x00, 0x00], reserved: Self.rsv1)
        let outcome = decode(bytes, compression: PermessageDeflate(clientNoContextTakeover: true))
        #expect(outcome == Outcome(events: [.message(.text, Self.hello)], error: .invalidCompressedData))
        // What the server promises of itself changes nothing of what the client may do.
        #expect(decode(bytes, compression: PermessageDeflate(serverNoContextTakeover: true)).error == nil)
    }

    @Test(
        "what is not DEFLATE, or is cut short, is invalid",
        arguments: [
            [0xFF], [0x06], [0x00, 0x05, 0x00, 0x00, 0x00], [0xF2, 0x48, 0xCD], [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07],
            [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65], [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], [0x03, 0x00],
            [0x00, 0x00],
        ] as [[UInt8]])
    func invalid(_ payload: [UInt8]) {
        let outcome = decode(frame(2, payload, reserved: Self.rsv1), compression: PermessageDeflate())
        #expect(outcome == Outcome(error: .invalidCompressedData))
        #expect(outcome.error?.closeCode == .invalidFramePayloadData)
    }

    @Test("a distance beyond the agreed window means the same however it arrives", arguments: [8, 9, 15])
    func window(_ bits: Int) {
        var message = [UInt8](repeating: 0, count: 2048)
        var random = SplitMix64(state: 1)
        for index in 0..<1024 {
            message[index] = UInt8.random(in: 0...255, using: &random)
            message[index + 1024] = message[index]
        }
        let bytes = compressedFrames([message], opcode: .binary)
        let agreed = PermessageDeflate(serverMaxWindowBits: bits)
        for size in [1, 7, 500, bytes.count] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            let outcome = decode(pieces, endpoint: .client, compression: agreed)
            #expect(outcome == Outcome(events: [.message(.binary, message)]), "in pieces of \(size)")
        }
    }

    @Test("text is checked after inflating, at the first octet that is wrong")
    func invalidText() {
        let bad = compressedFrames([[UInt8](repeating: 0x61, count: 200) + [0xFF]])
        #expect(decode(bad, endpoint: .client, compression: PermessageDeflate()).error == .invalidUTF8)
        let cut = compressedFrames([[UInt8](repeating: 0x61, count: 200) + [0xE2, 0x82]])
        #expect(decode(cut, endpoint: .client, compression: PermessageDeflate()).error == .invalidUTF8)
        // The message is not over, and still it is known to be wrong.
        let unfinished = frame(1, [0x00, 0x01, 0x00, 0xFE, 0xFF, 0xFF], fin: false, reserved: Self.rsv1)
        #expect(decode(unfinished, compression: PermessageDeflate()).error == .invalidUTF8)
    }

    @Test("damaged streams end the same way however they are split, and never in more than the limit")
    func damaged() {
        var random = SplitMix64(state: 7692)
        let limit = 3000
        var errors = 0
        for round in 0..<1500 {
            let top = UInt8.random(in: 1...255, using: &random)
            var bytes: [UInt8] = []
            for _ in 0..<3 {
                let message = (0..<Int.random(in: 0...1500, using: &random)).map { _ in
                    UInt8.random(in: 0...top, using: &random)
                }
                bytes += frame(
                    2, deflated(message, level: Int32.random(in: 0...9, using: &random)), reserved: Self.rsv1)
            }
            // Anywhere behind the first header: payloads mostly, later headers sometimes.
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 8..<max(9, bytes.count), using: &random) % bytes.count] ^=
                    1 << UInt8.random(in: 0...7, using: &random)
            }
            let whole = decode(bytes, maxMessageBytes: limit, compression: PermessageDeflate())
            var pieces: [ArraySlice<UInt8>] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...200, using: &random))
                pieces.append(piece)
                rest = rest.dropFirst(piece.count)
            }
            let split = decode(pieces, maxMessageBytes: limit, compression: PermessageDeflate())
            #expect(split == whole, "round \(round)")
            for case .message(_, let payload) in whole.events {
                #expect(payload.count <= limit)
            }
            if whole.error != nil { errors += 1 }
        }
        #expect(errors > 100)
    }

    // MARK: - Limits

    @Test("a message of the limit passes, one octet more does not", arguments: [1, 5, 511, 512, 513, 65_536, 300_000])
    func limits(_ limit: Int) {
        for excess in -1...1 {
            let message = [UInt8](repeating: 0x61, count: limit + excess)
            let bytes = frame(1, deflated(message), reserved: Self.rsv1)
            let outcome = decode(bytes, maxMessageBytes: limit, compression: PermessageDeflate())
            if excess <= 0 {
                #expect(outcome == Outcome(events: [.message(.text, message)]))
            } else {
                #expect(outcome == Outcome(error: .messageTooBig(length: limit + 1, limit: limit)))
                #expect(outcome.error?.closeCode == .messageTooBig)
            }
        }
    }

    @Test("a bomb ends at the limit, and memory does not follow it", arguments: [1000, 65_536])
    func bomb(_ limit: Int) {
        let bomb = deflated([UInt8](repeating: 0, count: 16 << 20))
        #expect(bomb.count < 20_000)
        var receiver = Receiver(maxMessageBytes: limit, compression: PermessageDeflate())
        var largest = 0
        let bytes = frame(2, bomb, reserved: Self.rsv1)
        for start in stride(from: 0, to: bytes.count, by: 16) where receiver.outcome.error == nil {
            receiver.feed(bytes[start..<min(start + 16, bytes.count)])
            largest = max(largest, receiver.decoder.bufferedBytes)
        }
        let announced = bomb.count > limit + limit / 8 + 64
        #expect(
            receiver.outcome.error
                == .messageTooBig(length: announced ? bomb.count : limit + 1, limit: limit))
        #expect(largest <= 2 * limit)
        #expect(receiver.decoder.bufferedBytes == 0)
    }

    @Test("blocks without content do not go on for ever")
    func emptyBlocks() {
        let empty: [UInt8] = [0x00, 0x00, 0x00, 0xFF, 0xFF]
        let limit = 1000
        var receiver = Receiver(maxMessageBytes: limit, compression: PermessageDeflate())
        receiver.feed(frame(2, empty, fin: false, reserved: Self.rsv1))
        var frames = 1
        while receiver.outcome.error == nil, frames < 1000 {
            receiver.feed(frame(0, empty, fin: false))
            frames += 1
        }
        #expect(receiver.outcome.error == .messageTooBig(length: 1190, limit: limit))
    }

    @Test("what cannot be compressed passes at the limit, with the octets that compression adds")
    func incompressible() {
        var random = SplitMix64(state: 7)
        let message = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let payload = deflated(message)
        #expect(payload.count > message.count)
        #expect(
            decode(
                frame(2, payload, reserved: Self.rsv1), maxMessageBytes: message.count,
                compression: PermessageDeflate()) == Outcome(events: [.message(.binary, message)]))
    }

    @Test("an announced length that can only be too much is refused at the header")
    func announced() {
        let header: [UInt8] = [0xC2, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [1, 2, 3, 4]
        #expect(
            decode(header, compression: PermessageDeflate()).error
                == .messageTooBig(length: .max, limit: 1 << 20))
        let again = frame(2, [0x00], fin: false, reserved: Self.rsv1) + [0x80] + header[1...]
        #expect(
            decode(again, maxMessageBytes: .max, compression: PermessageDeflate()).error
                == .messageTooBig(length: .max, limit: .max))
    }

    // MARK: - Help

    /// The compressor's frames, as a server sends them.
    private func compressedFrames(_ messages: [[UInt8]], opcode: Opcode = .text) -> [UInt8] {
        var compressor = MessageCompressor(windowBits: 15, keepsContext: true)
        var bytes: [UInt8] = []
        for message in messages {
            compressor.append(to: &bytes, opcode: opcode, payload: message.span)
        }
        return bytes
    }
}

/// A message compressed by zlib without our code, and without the tail.
func deflated(_ message: [UInt8], windowBits: Int32 = 15, level: Int32 = 9) -> [UInt8] {
    var stream = unsafe z_stream()
    guard unsafe sallyport_deflate_init_raw(&stream, level, windowBits, 9) == Z_OK else { return [] }
    defer { _ = unsafe deflateEnd(&stream) }
    var input = message
    var output = [UInt8](repeating: 0, count: message.count + message.count / 100 + 100)
    let written = unsafe input.withUnsafeMutableBufferPointer { source in
        unsafe output.withUnsafeMutableBufferPointer { destination in
            unsafe stream.next_in = source.baseAddress
            unsafe stream.avail_in = UInt32(source.count)
            unsafe stream.next_out = destination.baseAddress
            unsafe stream.avail_out = UInt32(destination.count)
            _ = unsafe deflate(&stream, Z_SYNC_FLUSH)
            return unsafe destination.count - Int(stream.avail_out)
        }
    }
    return Array(output[..<(written - 4)])
}
