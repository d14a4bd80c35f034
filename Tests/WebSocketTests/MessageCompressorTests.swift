import CZlib
import Testing
import WebSocket

@Suite("Message compressor, RFC 7692 §7.2.1")
struct MessageCompressorTests {
    @Test("small messages go as they are, larger ones shrink")
    func threshold() {
        var compressor = MessageCompressor(windowBits: 15, keepsContext: false)
        for count in [0, 1, 63, 64, 65, 5000] {
            let message = [UInt8](repeating: 0x61, count: count)
            var bytes: [UInt8] = []
            compressor.append(to: &bytes, opcode: .text, payload: message.span)
            #expect(bytes[0] == (count < 64 ? 0x81 : 0xC1))
            #expect(count < 64 || bytes.count < max(40, count / 20))
            #expect(
                decode(bytes, endpoint: .client, compression: PermessageDeflate(serverNoContextTakeover: true))
                    == Outcome(events: [.message(.text, message)]))
        }
    }

    @Test("what does not shrink, and what would take too long, goes as it is")
    func notWorthIt() {
        var random = SplitMix64(state: 3)
        let noise = (0..<1000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let large = [UInt8](repeating: 0, count: MessageCompressor.maxMessageBytes + 1)
        var compressor = MessageCompressor(windowBits: 15, keepsContext: true)
        for message in [noise, large] {
            var bytes: [UInt8] = []
            compressor.append(to: &bytes, opcode: .binary, payload: message.span)
            #expect(bytes[0] == 0x82)
            #expect(
                bytes.count == message.count + FrameEncoder.headerLength(payloadLength: message.count, masked: false))
        }
    }

    @Test("a repeated message is shorter with context, and the same without")
    func context() {
        let message = Array(#"{"type":"event","event":"agent","payload":{"runId":"a3f0","stream":"assistant"}}"#.utf8)
        func lengths(keepsContext: Bool) -> [Int] {
            var compressor = MessageCompressor(windowBits: 15, keepsContext: keepsContext)
            return (0..<3).map { _ in
                var bytes: [UInt8] = []
                compressor.append(to: &bytes, opcode: .text, payload: message.span)
                return bytes.count
            }
        }
        let with = lengths(keepsContext: true)
        let without = lengths(keepsContext: false)
        #expect(with[1] < without[1] / 2)
        #expect(without[0] == without[1] && without[1] == without[2])
        #expect(with[0] == without[0])
    }

    @Test("random conversations come back, both ways, for every window", arguments: PermessageDeflate.windowBits)
    func roundTrips(_ windowBits: Int) {
        var random = SplitMix64(state: UInt64(windowBits))
        for keepsContext in [true, false] {
            for endpoint in [Endpoint.server, .client] {
                let agreement = PermessageDeflate(
                    serverNoContextTakeover: !keepsContext, clientNoContextTakeover: !keepsContext,
                    serverMaxWindowBits: windowBits, clientMaxWindowBits: windowBits)
                var compressor = MessageCompressor(windowBits: windowBits, keepsContext: keepsContext)
                var messages: [Received] = []
                var bytes: [UInt8] = []
                for _ in 0..<20 {
                    let message = randomMessage(&random)
                    messages.append(.message(.binary, message))
                    compressor.append(
                        to: &bytes, opcode: .binary, payload: message.span,
                        maskingKey: endpoint == .client ? 0x1234_5678 : nil)
                }
                var receiver = Receiver(endpoint == .client ? .server : .client, compression: agreement)
                var start = 0
                while start < bytes.count {
                    let end = min(bytes.count, start + Int.random(in: 1...3000, using: &random))
                    receiver.feed(bytes[start..<end])
                    start = end
                }
                #expect(receiver.outcome == Outcome(events: messages))
            }
        }
    }

    @Test("with 8 bits nothing refers back beyond 256 octets, although zlib has no such window")
    func smallestWindow() throws {
        var random = SplitMix64(state: 8)
        for _ in 0..<50 {
            // Few different octets, so that there are matches at every distance.
            let message = (0..<4000).map { _ in UInt8.random(in: 0...3, using: &random) }
            var compressor = MessageCompressor(windowBits: 8, keepsContext: true)
            var bytes: [UInt8] = []
            compressor.append(to: &bytes, opcode: .binary, payload: message.span)
            #expect(bytes[0] == 0xC2)
            let payload = Array(bytes[4...]) + [0x00, 0x00, 0xFF, 0xFF]
            #expect(inflated(payload, windowBits: 8) == message)
        }
    }

    private func randomMessage(_ random: inout SplitMix64) -> [UInt8] {
        let length = [0, 10, 64, 300, 5000, 70_000][Int.random(in: 0..<6, using: &random)]
        let top = UInt8.random(in: 0...255, using: &random)
        return (0..<length).map { _ in UInt8.random(in: 0...top, using: &random) }
    }

    /// By zlib without our code, one octet at a time, so that only the window is there to refer to.
    private func inflated(_ bytes: [UInt8], windowBits: Int32) -> [UInt8]? {
        var stream = unsafe z_stream()
        guard unsafe sallyport_inflate_init_raw(&stream, windowBits) == Z_OK else { return nil }
        defer { _ = unsafe inflateEnd(&stream) }
        var input = bytes
        return unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe stream.next_in = source.baseAddress
            unsafe stream.avail_in = UInt32(source.count)
            var output: [UInt8] = []
            while true {
                var octet: UInt8 = 0
                let left = unsafe withUnsafeMutablePointer(to: &octet) { place in
                    unsafe stream.next_out = place
                    unsafe stream.avail_out = 1
                    _ = unsafe inflate(&stream, Z_SYNC_FLUSH)
                    return unsafe stream.avail_out
                }
                guard left == 0 else { break }
                output.append(octet)
            }
            return unsafe stream.avail_in == 0 && stream.msg == nil ? output : nil
        }
    }
}
