import WebSocket

/// RFC 6455 read aloud: whole input, one octet at a time, no state kept between calls and nothing clever.
enum ReferenceDecoder {
    static func decode(_ bytes: [UInt8], endpoint: Endpoint, maxMessageBytes: Int) -> Outcome {
        var outcome = Outcome()
        var rest = bytes[...]
        var message: (opcode: Opcode, payload: [UInt8])?

        func fail(_ error: WebSocketError) -> Outcome {
            outcome.error = error
            return outcome
        }

        while rest.count >= 2 {
            let first = rest.removeFirst()
            let second = rest.removeFirst()
            guard let opcode = Opcode(rawValue: first % 16) else { return fail(.reservedOpcode(first % 16)) }
            let fin = first >= 128
            let reserved = first & 0b0111_0000
            guard reserved == 0 else { return fail(.reservedBits(reserved)) }
            guard fin || opcode.rawValue < 8 else { return fail(.fragmentedControlFrame(opcode)) }
            let masked = second >= 128
            if endpoint == .server && !masked {
                return fail(opcode == .close ? .unmaskedClose : .unmaskedFrame(opcode))
            }
            if endpoint == .client && masked { return fail(.maskedFrame(opcode)) }
            var length = Int(second % 128)
            if opcode.rawValue >= 8 && length > 125 { return fail(.oversizedControlFrame(opcode, length: length)) }
            if length >= 126 {
                let octets = length == 126 ? 2 : 8
                guard rest.count >= octets else { return outcome }
                let value = rest.prefix(octets).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                rest = rest.dropFirst(octets)
                guard value < 1 << 63 else { return fail(.lengthOutOfRange(value)) }
                length = Int(value)
                guard length >= (octets == 2 ? 126 : 65_536) else { return fail(.nonMinimalLength(length)) }
            }
            var key: [UInt8] = [0, 0, 0, 0]
            if masked {
                guard rest.count >= 4 else { return outcome }
                key = Array(rest.prefix(4))
                rest = rest.dropFirst(4)
            }
            let isData = opcode.rawValue < 8
            if isData {
                if opcode == .continuation && message == nil { return fail(.unexpectedContinuation) }
                if opcode != .continuation && message != nil { return fail(.interruptedMessage(by: opcode)) }
                let (total, overflow) = (message?.payload.count ?? 0).addingReportingOverflow(length)
                if overflow || total > maxMessageBytes {
                    return fail(.messageTooBig(length: overflow ? .max : total, limit: maxMessageBytes))
                }
            }
            let payload = rest.prefix(length).enumerated().map { $1 ^ key[$0 % 4] }
            if isData {
                var current = message ?? (opcode, [])
                current.payload += payload
                if current.opcode == .text && !canBecomeUTF8(current.payload) { return fail(.invalidUTF8) }
                guard payload.count == length else { return outcome }
                rest = rest.dropFirst(length)
                message = current
                if fin {
                    if current.opcode == .text && String(validating: current.payload, as: UTF8.self) == nil {
                        return fail(.invalidUTF8)
                    }
                    outcome.events.append(.message(current.opcode, current.payload))
                    message = nil
                }
                continue
            }
            guard payload.count == length else { return outcome }
            rest = rest.dropFirst(length)
            switch opcode {
            case .ping: outcome.events.append(.ping(payload))
            case .pong: outcome.events.append(.pong(payload))
            default:
                if payload.isEmpty {
                    outcome.events.append(.close(nil, ""))
                    return outcome
                }
                guard payload.count > 1 else { return fail(.truncatedCloseCode) }
                let code = UInt16(payload[0]) * 256 + UInt16(payload[1])
                let known: Set<UInt16> = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
                guard known.contains(code) || (3000..<5000).contains(code) else { return fail(.invalidCloseCode(code)) }
                guard let reason = String(validating: payload.dropFirst(2), as: UTF8.self) else {
                    return fail(.invalidCloseReason)
                }
                outcome.events.append(.close(CloseCode(rawValue: code), reason))
                return outcome
            }
        }
        return outcome
    }

    /// Whether some continuation makes the bytes valid: the standard library is asked about every kind of one.
    static func canBecomeUTF8(_ bytes: [UInt8]) -> Bool {
        let kinds: [UInt8] = [0x80, 0x90, 0xA0]
        var endings: [[UInt8]] = [[]]
        for first in kinds {
            endings += [[first], [first, 0x80], [first, 0x80, 0x80]]
        }
        return endings.contains { String(validating: bytes + $0, as: UTF8.self) != nil }
    }
}
