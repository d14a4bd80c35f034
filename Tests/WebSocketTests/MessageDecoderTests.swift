import Testing
import WebSocket

@Suite("Message decoder, RFC 6455 §5")
struct MessageDecoderTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let endpoint: Endpoint
        let bytes: [UInt8]
        let expected: [Received]
    }

    static let hello: [UInt8] = Array("Hello".utf8)
    static let vectors = [
        Vector(
            testDescription: "§5.7 unmasked text", endpoint: .client,
            bytes: [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], expected: [.message(.text, hello)]),
        Vector(
            testDescription: "§5.7 masked text", endpoint: .server,
            bytes: [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58],
            expected: [.message(.text, hello)]),
        Vector(
            testDescription: "§5.7 fragmented unmasked text", endpoint: .client,
            bytes: [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F], expected: [.message(.text, hello)]),
        Vector(
            testDescription: "§5.7 unmasked ping", endpoint: .client,
            bytes: [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], expected: [.ping(hello)]),
        Vector(
            testDescription: "§5.7 masked pong", endpoint: .server,
            bytes: [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], expected: [.pong(hello)]),
        Vector(
            testDescription: "§5.7 256 bytes of binary", endpoint: .client,
            bytes: [0x82, 0x7E, 0x01, 0x00] + [UInt8](repeating: 0xAB, count: 256),
            expected: [.message(.binary, [UInt8](repeating: 0xAB, count: 256))]),
        Vector(
            testDescription: "an empty text", endpoint: .server, bytes: frame(1), expected: [.message(.text, [])]),
        Vector(
            testDescription: "a ping and a pong between fragments, one of them empty", endpoint: .server,
            bytes: frame(1, [0xE2, 0x82], fin: false) + frame(9, [1, 2]) + frame(0, [], fin: false) + frame(10)
                + frame(0, [0xAC, 0x21]),
            expected: [.ping([1, 2]), .pong([]), .message(.text, Array("€!".utf8))]),
        Vector(
            testDescription: "a largest control frame and a close with a reason", endpoint: .server,
            bytes: frame(9, [UInt8](repeating: 0xFE, count: 125)) + frame(8, closePayload(1001, Array("bye ü".utf8))),
            expected: [.ping([UInt8](repeating: 0xFE, count: 125)), .close(.goingAway, "bye ü")]),
        Vector(
            testDescription: "two messages and an empty close", endpoint: .server,
            bytes: frame(2, [0x00, 0xFF]) + frame(1, Array("é".utf8)) + frame(8),
            expected: [.message(.binary, [0x00, 0xFF]), .message(.text, Array("é".utf8)), .close(nil, "")]),
    ]

    @Test("reports the published and the composed vectors", arguments: vectors)
    func whole(_ vector: Vector) {
        #expect(decode(vector.bytes, endpoint: vector.endpoint) == Outcome(events: vector.expected))
    }

    @Test("at every cut it has reported only what was whole by then, and nothing wrong", arguments: vectors)
    func everyCut(_ vector: Vector) {
        for cut in 0..<vector.bytes.count {
            let outcome = decode(Array(vector.bytes[..<cut]), endpoint: vector.endpoint)
            #expect(outcome.error == nil)
            #expect(outcome.events.count < vector.expected.count)
            #expect(outcome.events[...] == vector.expected.prefix(outcome.events.count))
        }
    }

    @Test("two reads, cut anywhere, give the same", arguments: vectors)
    func everySplitInTwo(_ vector: Vector) {
        let bytes = vector.bytes
        for cut in 0...bytes.count {
            #expect(decode([bytes[..<cut], bytes[cut...]], endpoint: vector.endpoint).events == vector.expected)
        }
    }

    @Test("three reads, cut anywhere, give the same", arguments: vectors)
    func everySplitInThree(_ vector: Vector) {
        let bytes = vector.bytes
        // Cuts far inside a long payload are all alike.
        let cuts = (0...bytes.count).filter { $0 < 40 || bytes.count - $0 < 24 }
        for first in cuts {
            for second in cuts where second >= first {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
                let outcome = decode(pieces, endpoint: vector.endpoint)
                #expect(outcome == Outcome(events: vector.expected), "cut at \(first) and \(second)")
            }
        }
    }

    @Test("one byte at a time gives the same and leaves less than 140 bytes with the caller", arguments: vectors)
    func oneByteAtATime(_ vector: Vector) {
        var receiver = Receiver(vector.endpoint)
        for byte in vector.bytes {
            receiver.feed([byte])
        }
        #expect(receiver.outcome == Outcome(events: vector.expected))
        #expect(receiver.largestLeftover < 140)
    }

    @Test("a 64-bit length is read", arguments: [65_536, 70_001])
    func longFrame(_ length: Int) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        let bytes = frame(2, payload)
        #expect(decode(bytes).events == [.message(.binary, payload)])
        #expect(
            decode([bytes[..<5000], bytes[5000..<40_000], bytes[40_000...]]).events == [.message(.binary, payload)])
    }

    @Test("§5.7 64 KiB of binary in one unmasked frame")
    func publishedLongFrame() {
        let payload = [UInt8](repeating: 0x5A, count: 65_536)
        let bytes = [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0] + payload
        #expect(decode(bytes, endpoint: .client).events == [.message(.binary, payload)])
    }

    @Test("unfragmented messages stay where they are, and nothing is held for them")
    func inPlace() {
        var receiver = Receiver()
        receiver.feed(frame(1, Self.hello) + frame(2, Self.hello) + frame(1, [UInt8](repeating: 0x61, count: 4000)))
        #expect(receiver.inPlaceMessages == 3)
        #expect(receiver.decoder.bufferedBytes == 0)
    }

    @Test(
        "the length types use the shortest form on either side of their borders", arguments: [125, 126, 65_535, 65_536])
    func lengthBorders(_ length: Int) {
        let payload = [UInt8](repeating: 7, count: length)
        #expect(decode(frame(2, payload)).events == [.message(.binary, payload)])
    }

    @Test("after an error every call throws the same")
    func errorIsFinal() throws {
        var decoder = MessageDecoder(endpoint: .server, maxMessageBytes: 10)
        for bytes in [frame(3), frame(1, Self.hello)] {
            var copy = bytes
            var span = copy.mutableSpan
            var offset = 0
            var thrown: WebSocketError?
            do throws(WebSocketError) {
                _ = try decoder.next(in: &span, at: &offset)
            } catch {
                thrown = error
            }
            #expect(thrown == .reservedOpcode(3))
        }
    }

    @Test("whatever follows a Close frame is discarded")
    func nothingAfterClose() {
        var receiver = Receiver()
        receiver.feed(frame(8, closePayload(1000)) + frame(1, Self.hello))
        receiver.feed([0xFF, 0xFF, 0xFF])
        #expect(receiver.outcome == Outcome(events: [.close(.normalClosure, "")]))
        #expect(receiver.leftover.isEmpty)
    }
}
