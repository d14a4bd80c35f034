import Testing
import WebSocket

@Suite("Message decoder, limits and memory")
struct MessageDecoderLimitTests {
    @Test("a message of the limit passes, one octet more does not", arguments: [1, 125, 126, 65_536])
    func oneFrame(_ limit: Int) {
        let atLimit = [UInt8](repeating: 1, count: limit)
        #expect(decode(frame(2, atLimit), maxMessageBytes: limit).events == [.message(.binary, atLimit)])
        let outcome = decode(frame(2, atLimit + [1]), maxMessageBytes: limit)
        #expect(outcome == Outcome(error: .messageTooBig(length: limit + 1, limit: limit)))
        #expect(outcome.error?.closeCode == .messageTooBig)
    }

    @Test("fragments count together")
    func fragments() {
        let head = frame(2, [1, 2, 3], fin: false) + frame(9, [0, 0, 0]) + frame(0, [4, 5], fin: false)
        #expect(
            decode(head + frame(0, [6]), maxMessageBytes: 6).events
                == [.ping([0, 0, 0]), .message(.binary, [1, 2, 3, 4, 5, 6])])
        #expect(
            decode(head + frame(0, [6, 7]), maxMessageBytes: 6)
                == Outcome(events: [.ping([0, 0, 0])], error: .messageTooBig(length: 7, limit: 6)))
    }

    @Test("an announced length is refused at the end of the header, without its payload")
    func announcedLength() {
        let header: [UInt8] = [0x82, 0xFF, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]
        #expect(decode(header) == Outcome(error: .messageTooBig(length: 0x4000_0000, limit: 1 << 20)))
    }

    @Test("lengths that overflow together are too big")
    func overflow() {
        let bytes = frame(2, [1], fin: false) + [0x80, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [1, 2, 3, 4]
        #expect(decode(bytes, maxMessageBytes: .max) == Outcome(error: .messageTooBig(length: .max, limit: .max)))
    }

    @Test("the limit can be raised between messages")
    func raised() {
        var receiver = Receiver(maxMessageBytes: 4)
        receiver.feed(frame(2, [1, 2, 3, 4]))
        receiver.decoder.maxMessageBytes = 8
        receiver.feed(frame(2, [1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(receiver.outcome.events.count == 2)
        #expect(receiver.outcome.error == nil)
    }

    @Test("memory follows what arrived, not what was announced")
    func memoryFollowsArrival() {
        let limit = 25 << 20
        var receiver = Receiver(maxMessageBytes: limit)
        receiver.feed([0x82, 0xFF, 0, 0, 0, 0, 1, 0x80, 0, 0, 1, 2, 3, 4])
        #expect(receiver.outcome.error == nil)
        #expect(receiver.decoder.bufferedBytes == 0)
        for _ in 0..<8 {
            receiver.feed([UInt8](repeating: 0, count: 1000))
        }
        #expect(receiver.decoder.bufferedBytes >= 8000)
        #expect(receiver.decoder.bufferedBytes <= 17_000)
    }

    @Test("many small fragments do not make the buffer grow one step each")
    func growthIsGeometric() {
        var receiver = Receiver()
        var capacities: Set<Int> = []
        receiver.feed(frame(2, [0], fin: false))
        for _ in 0..<2000 {
            receiver.feed(frame(0, [0, 0, 0, 0, 0, 0, 0, 0], fin: false))
            capacities.insert(receiver.decoder.bufferedBytes)
        }
        #expect(capacities.count < 20)
    }

    @Test("a small buffer is kept for the next message and given back on request")
    func idleMemory() {
        var receiver = Receiver()
        receiver.feed(frame(2, [1], fin: false) + frame(0, [2]))
        #expect(receiver.decoder.bufferedBytes > 0)
        receiver.decoder.releaseIdleMemory()
        #expect(receiver.decoder.bufferedBytes == 0)

        receiver.feed(frame(2, [1], fin: false))
        receiver.decoder.releaseIdleMemory()
        receiver.feed(frame(0, [2]))
        #expect(receiver.outcome.events == [.message(.binary, [1, 2]), .message(.binary, [1, 2])])
    }

    @Test("a large buffer is not kept")
    func largeBuffer() {
        var receiver = Receiver()
        let payload = [UInt8](repeating: 1, count: 200_000)
        let bytes = frame(2, payload)
        receiver.feed(bytes[..<100_000])
        receiver.feed(bytes[100_000...])
        #expect(receiver.outcome.events == [.message(.binary, payload)])
        #expect(receiver.decoder.bufferedBytes == 0)
    }

    @Test("an assembled message can be taken away")
    func taken() throws {
        var decoder = MessageDecoder(endpoint: .server, maxMessageBytes: 100)
        var bytes = frame(1, [0x61], fin: false) + frame(0, [0x62]) + frame(1, [0x63], fin: false) + frame(0, [0x64])
        var offset = 0
        for expected in [[0x61, 0x62], [0x63, 0x64]] as [[UInt8]] {
            var span = bytes.mutableSpan
            let event = try decoder.next(in: &span, at: &offset)
            #expect(event == .message(opcode: .text, .assembled))
            let taken = decoder.takeAssembled()
            #expect(taken == expected)
            #expect(decoder.bufferedBytes == 0)
        }
        #expect(offset == bytes.count)
    }

    @Test("after an error or a Close frame nothing is held")
    func nothingHeldAtTheEnd() {
        for end in [frame(3), frame(8)] {
            var receiver = Receiver()
            receiver.feed(frame(2, [UInt8](repeating: 0, count: 500), fin: false) + end)
            #expect(receiver.decoder.bufferedBytes == 0)
        }
    }
}
