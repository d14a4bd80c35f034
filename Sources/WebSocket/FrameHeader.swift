/// The fields before a frame's payload (RFC 6455 §5.2).
///
/// ```
/// 1  FIN | RSV1 RSV2 RSV3 | opcode(4)
/// 1  MASK | length(7)
/// 0, 2 or 8  extended length, big-endian, when length is 126 or 127
/// 0 or 4     masking key
/// ```
struct FrameHeader: Equatable, Sendable {
    /// Two octets, eight of length, four of key.
    static let maxLength = 14
    static let maxControlPayloadLength = 125

    var fin: Bool
    /// RSV1 on the first frame of a message (RFC 7692 §6).
    var isCompressed: Bool
    var opcode: Opcode
    /// `nil` on frames from a server.
    var maskingKey: UInt32?
    var payloadLength: Int
    /// Octets that the header itself takes.
    var headerLength: Int

    /// Reads the header at `start`. Looks at each octet as soon as it is there, so that a frame that can only be wrong
    /// is refused before the rest of its header arrives.
    ///
    /// - Parameters:
    ///   - endpoint: Our side; it decides whether the frame has to be masked.
    ///   - allowsCompressed: Whether RSV1 is permitted on the first frame of a message (RFC 7692 §6).
    /// - Returns: `nil` when the header is still incomplete.
    static func parse(
        _ bytes: Span<UInt8>, at start: Int, receivedBy endpoint: Endpoint, allowsCompressed: Bool
    ) throws(WebSocketError) -> FrameHeader? {
        let available = bytes.count - start
        guard available >= 1 else { return nil }
        let first = bytes[start]
        guard let opcode = Opcode(rawValue: first & 0x0F) else { throw .reservedOpcode(first & 0x0F) }
        let fin = first & 0x80 != 0
        let reservedBits = first & 0x70
        if reservedBits != 0 {
            let mayBeCompressed = allowsCompressed && (opcode == .text || opcode == .binary)
            guard mayBeCompressed && reservedBits == 0x40 else { throw .reservedBits(reservedBits) }
        }
        guard fin || !opcode.isControl else { throw .fragmentedControlFrame(opcode) }

        guard available >= 2 else { return nil }
        let second = bytes[start + 1]
        let isMasked = second & 0x80 != 0
        let shortLength = Int(second & 0x7F)
        switch endpoint {
        case .server where !isMasked:
            throw opcode == .close ? .unmaskedClose : .unmaskedFrame(opcode)
        case .client where isMasked:
            throw .maskedFrame(opcode)
        default:
            break
        }
        guard !opcode.isControl || shortLength <= maxControlPayloadLength else {
            throw .oversizedControlFrame(opcode, length: shortLength)
        }

        let lengthOctets = shortLength == 127 ? 8 : shortLength == 126 ? 2 : 0
        let headerLength = 2 + lengthOctets + (isMasked ? 4 : 0)
        guard available >= 2 + lengthOctets else { return nil }
        var payloadLength = shortLength
        if lengthOctets > 0 {
            let extended = bigEndian(bytes, at: start + 2, octets: lengthOctets)
            guard extended <= UInt64(Int.max) else { throw .lengthOutOfRange(extended) }
            payloadLength = Int(extended)
            guard payloadLength > (lengthOctets == 2 ? 125 : 0xFFFF) else { throw .nonMinimalLength(payloadLength) }
        }

        guard available >= headerLength else { return nil }
        var maskingKey: UInt32?
        if isMasked {
            maskingKey = UInt32(truncatingIfNeeded: bigEndian(bytes, at: start + 2 + lengthOctets, octets: 4))
        }
        return FrameHeader(
            fin: fin, isCompressed: reservedBits != 0, opcode: opcode, maskingKey: maskingKey,
            payloadLength: payloadLength, headerLength: headerLength)
    }

    private static func bigEndian(_ bytes: Span<UInt8>, at start: Int, octets: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in start..<start + octets {
            value = value << 8 | UInt64(bytes[index])
        }
        return value
    }
}
