import JSON
import Testing
import WebSocket
import Wire

@testable import Gateway
@testable import Server

@Suite("An event for many connections")
struct EventFrameTests {
    private static func expected(_ event: OutboundEvent, _ seq: UInt64?) -> [UInt8] {
        var payload = event.frame
        Frames.finishEvent(seq: seq, into: &payload)
        var frame: [UInt8] = []
        FrameEncoder.append(to: &frame, opcode: .text, payload: payload.span)
        return frame
    }

    @Test("with each number in turn it is what a frame of its own would be")
    func numbers() {
        // The header grows at 126 bytes.
        for length in 60..<100 {
            let event = OutboundEvent(.tick, .string(String(repeating: "x", count: length)))
            var frame = EventFrame(event)
            let numbers: [UInt64?] = [1, 2, 9, 10, 11, 99, 100, 5, nil, 5, nil, .max, .max - 1, 0, 1_000_000]
            for seq in numbers {
                frame.number(seq)
                #expect(frame.bytes == Self.expected(event, seq))
                var payload = event.frame
                Frames.finishEvent(seq: seq, into: &payload)
                #expect(Array(frame.payload) == payload)
            }
        }
    }
}
