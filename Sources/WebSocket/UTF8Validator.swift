/// Validates UTF-8 (RFC 3629 §4) that arrives in pieces, and fails at the first octet that no later one can mend.
struct UTF8Validator: Equatable, Sendable {
    /// Continuation octets that the character in progress still needs.
    private var outstanding: UInt8 = 0
    /// What the next continuation octet may be. Narrower than 80...BF only right after E0, ED, F0 and F4, which keeps
    /// out overlong forms, surrogates and everything above U+10FFFF.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    /// Whether the text may end here: no character is half done.
    var isComplete: Bool { outstanding == 0 }

    /// - Returns: `false` when the text so far is no beginning of valid UTF-8. The validator is of no use after that.
    mutating func consume(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if outstanding > 0 {
                guard byte >= lowest && byte <= highest else { return false }
                outstanding -= 1
                lowest = 0x80
                highest = 0xBF
            } else if byte < 0x80 {
                index = ASCII.endOfRun(in: bytes, from: index)
                continue
            } else {
                guard begin(with: byte) else { return false }
            }
            index += 1
        }
        return true
    }

    private mutating func begin(with lead: UInt8) -> Bool {
        switch lead {
        case 0xC2...0xDF:
            outstanding = 1
        case 0xE0:
            outstanding = 2
            lowest = 0xA0
        case 0xED:
            outstanding = 2
            highest = 0x9F
        case 0xE1...0xEF:
            outstanding = 2
        case 0xF0:
            outstanding = 3
            lowest = 0x90
        case 0xF1...0xF3:
            outstanding = 3
        case 0xF4:
            outstanding = 3
            highest = 0x8F
        default:
            return false
        }
        return true
    }
}
