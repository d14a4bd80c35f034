internal import WebSocket

extension WebSocketError {
    /// For the log. `isAdmitted`: the limit for messages is another before `connect`.
    func refusal(isAdmitted: Bool) -> Refusal {
        switch self {
        case .messageTooBig(let length, let limit):
            Refusal(
                .messageSize, "A message of \(length) bytes; the limit is \(limit).",
                remedy: isAdmitted
                    ? "send less at a time; hello-ok announces the limit as policy.maxPayload"
                    : "send connect first; the limit grows with it")
        case .reservedBits(let bits):
            Refusal(.reservedBits, "Reserved bits of a frame are set (0x\(String(bits, radix: 16))).")
        case .reservedOpcode(let opcode):
            Refusal(.reservedOpcode, "Opcode \(opcode) is reserved.")
        case .fragmentedControlFrame:
            Refusal(.fragmentedControlFrame)
        case .oversizedControlFrame:
            Refusal(.oversizedControlFrame)
        case .unmaskedFrame, .unmaskedClose:
            Refusal(.unmaskedFrame)
        case .maskedFrame:
            Refusal(.maskedFrame)
        case .nonMinimalLength, .lengthOutOfRange:
            Refusal(.frameLength)
        case .unexpectedContinuation:
            Refusal(.unexpectedContinuation)
        case .interruptedMessage:
            Refusal(.interruptedMessage)
        case .invalidUTF8, .invalidCloseReason:
            Refusal(.invalidUTF8)
        case .invalidCompressedData:
            Refusal(.compressedData)
        case .truncatedCloseCode, .invalidCloseCode:
            Refusal(.closeCode)
        }
    }
}
