internal import Gateway
internal import WebSocket
internal import Wire

/// An event as the frame that many connections are sent, in which only the number at the end differs.
struct EventFrame {
    let event: OutboundEvent
    /// The frame, uncompressed, with the last number that was asked for.
    private(set) var bytes: [UInt8] = []
    private var headerLength = 0
    /// Digits of the number in `bytes`; nil while there is nothing yet.
    private var digits: Int?

    init(_ event: OutboundEvent) { self.event = event }

    /// What a compressed frame holds.
    var payload: ArraySlice<UInt8> { bytes[headerLength...] }

    mutating func number(_ seq: UInt64?) {
        let wanted = seq.map(Self.digits) ?? 0
        guard wanted == digits else {
            build(seq)
            digits = wanted
            return
        }
        var rest = seq ?? 0
        // Before the brace that ends it.
        for place in 0..<wanted {
            bytes[bytes.count - 2 - place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    private mutating func build(_ seq: UInt64?) {
        var end: [UInt8] = []
        Frames.finishEvent(seq: seq, into: &end)
        bytes.removeAll(keepingCapacity: true)
        FrameEncoder.appendHeader(to: &bytes, opcode: .text, payloadLength: event.frame.count + end.count)
        headerLength = bytes.count
        bytes += event.frame
        bytes += end
    }

    private static func digits(of value: UInt64) -> Int {
        var (count, rest) = (1, value / 10)
        while rest > 0 { (count, rest) = (count + 1, rest / 10) }
        return count
    }
}
