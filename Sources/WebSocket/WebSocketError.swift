/// Why received bytes break RFC 6455. The connection cannot go on after any of these.
package enum WebSocketError: Error, Equatable, Sendable {
    /// The three reserved bits as they stood in the frame's first byte (mask 0x70).
    case reservedBits(UInt8)
    case reservedOpcode(UInt8)
    case fragmentedControlFrame(Opcode)
    /// The length as far as the second byte tells it: 126 and 127 stand for the extended forms.
    case oversizedControlFrame(Opcode, length: Int)
    case unmaskedFrame(Opcode)
    /// A client sent its Close frame without a mask. Caddy 2.6 does so when it lets go of a proxied connection, so
    /// this is worth no more than a debug line in a log.
    case unmaskedClose
    case maskedFrame(Opcode)
    case nonMinimalLength(Int)
    /// The top bit of a 64-bit length is set.
    case lengthOutOfRange(UInt64)
    case unexpectedContinuation
    /// A new data frame began before the fragmented message in progress had ended.
    case interruptedMessage(by: Opcode)
    /// `length` is what the message would have grown to with the frame just announced.
    case messageTooBig(length: Int, limit: Int)
    case invalidUTF8
    /// A compressed message is not DEFLATE, is cut short, or refers back further than was agreed (RFC 7692 §7.2.2).
    case invalidCompressedData
    /// A Close frame with a payload of a single byte.
    case truncatedCloseCode
    case invalidCloseCode(UInt16)
    case invalidCloseReason

    /// What to put in our Close frame (RFC 6455 §7.4.1).
    package var closeCode: CloseCode {
        switch self {
        case .messageTooBig:
            .messageTooBig
        case .invalidUTF8, .invalidCompressedData, .invalidCloseReason:
            .invalidFramePayloadData
        case .reservedBits, .reservedOpcode, .fragmentedControlFrame, .oversizedControlFrame, .unmaskedFrame,
            .unmaskedClose, .maskedFrame, .nonMinimalLength, .lengthOutOfRange, .unexpectedContinuation,
            .interruptedMessage, .truncatedCloseCode, .invalidCloseCode:
            .protocolError
        }
    }
}
