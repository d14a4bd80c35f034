/// What the flavours of base64 have in common.
enum Base64Coder {
    enum Alphabet: Sendable {
        case standard
        case url

        /// The characters for 62 and 63.
        fileprivate var last: (UInt8, UInt8) {
            switch self {
            case .standard: (UInt8(ascii: "+"), UInt8(ascii: "/"))
            case .url: (UInt8(ascii: "-"), UInt8(ascii: "_"))
            }
        }
    }

    enum Padding: Sendable {
        case optional
        case forbidden
    }

    static func encode(_ bytes: [UInt8], alphabet: Alphabet, padded: Bool) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var at = 0
        while at < bytes.count {
            let group = bytes[at..<min(at + 3, bytes.count)]
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(8 * (3 - group.count))
            for index in 0...group.count {
                text.append(character(UInt8(truncatingIfNeeded: bits >> UInt32(18 - 6 * index)) & 0x3F, alphabet))
            }
            if padded {
                for _ in group.count..<3 { text.append(UInt8(ascii: "=")) }
            }
            at += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func decode(_ text: String, alphabets: [Alphabet], padding: Padding) -> [UInt8]? {
        var characters = Array(text.utf8)
        let length = characters.count
        while characters.last == UInt8(ascii: "=") { characters.removeLast() }
        switch (padding, length - characters.count) {
        case (_, 0): break
        case (.optional, 1...2) where length.isMultiple(of: 4): break
        default: return nil
        }
        guard characters.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var pending = 0
        for character in characters {
            guard let value = value(of: character, alphabets) else { return nil }
            bits = bits << 6 | UInt32(value)
            pending += 6
            if pending >= 8 {
                pending -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(pending)))
                bits &= (1 << UInt32(pending)) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }

    private static func character(_ value: UInt8, _ alphabet: Alphabet) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: alphabet.last.0
        default: alphabet.last.1
        }
    }

    private static func value(of character: UInt8, _ alphabets: [Alphabet]) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return character - UInt8(ascii: "0") + 52
        default:
            for alphabet in alphabets {
                if character == alphabet.last.0 { return 62 }
                if character == alphabet.last.1 { return 63 }
            }
            return nil
        }
    }
}
