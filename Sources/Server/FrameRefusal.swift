internal import WebSocket

extension WebSocketError {
    /// For the log. `isAdmitted`: the limit for messages is another before `connect`.
    func refusal(isAdmitted: Bool) -> Refusal {
        let protocolRemedy = "update the client's WebSocket library; what it sends breaks RFC 6455"
        return switch self {
        case .messageTooBig(let length, let limit):
            Refusal(
                rule: "message-size", reason: "A message of \(length) bytes; the limit is \(limit).",
                remedy: isAdmitted
                    ? "send less at a time; hello-ok announces the limit as policy.maxPayload"
                    : "send connect first; the limit grows with it")
        case .reservedBits(let bits):
            Refusal(
                rule: "reserved-bits", reason: "Reserved bits of a frame are set (0x\(String(bits, radix: 16))).",
                remedy: "no extension was agreed that uses them; compression: gateway.compression.enabled")
        case .reservedOpcode(let opcode):
            Refusal(rule: "reserved-opcode", reason: "Opcode \(opcode) is reserved.", remedy: protocolRemedy)
        case .fragmentedControlFrame:
            Refusal(
                rule: "fragmented-control-frame", reason: "A control frame is fragmented.", remedy: protocolRemedy)
        case .oversizedControlFrame:
            Refusal(
                rule: "oversized-control-frame", reason: "A control frame has more than 125 bytes.",
                remedy: protocolRemedy)
        case .unmaskedFrame, .unmaskedClose:
            Refusal(rule: "unmasked-frame", reason: "A client's frame is not masked.", remedy: protocolRemedy)
        case .maskedFrame:
            Refusal(rule: "masked-frame", reason: "A server's frame is masked.", remedy: protocolRemedy)
        case .nonMinimalLength, .lengthOutOfRange:
            Refusal(
                rule: "frame-length", reason: "A frame's length is not written as it has to be.", remedy: protocolRemedy
            )
        case .unexpectedContinuation:
            Refusal(
                rule: "unexpected-continuation", reason: "A continuation frame continues nothing.",
                remedy: protocolRemedy)
        case .interruptedMessage:
            Refusal(
                rule: "interrupted-message", reason: "A message begins before the one before it has ended.",
                remedy: protocolRemedy)
        case .invalidUTF8, .invalidCloseReason:
            Refusal(rule: "invalid-utf8", reason: "Text is not UTF-8.", remedy: "encode messages as UTF-8")
        case .invalidCompressedData:
            Refusal(
                rule: "compressed-data", reason: "A compressed message is no DEFLATE stream of what was agreed.",
                remedy: "update the client, or set gateway.compression.enabled: false")
        case .truncatedCloseCode, .invalidCloseCode:
            Refusal(
                rule: "close-code", reason: "A Close frame has no code that may be sent.", remedy: protocolRemedy)
        }
    }
}
