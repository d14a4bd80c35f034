extension JSONReader {
    /// Skips white space and, in JSON5, comments.
    mutating func skipBlank(_ bytes: Span<UInt8>) throws(ReadFailure) {
        while let byte = peek(bytes) {
            switch byte {
            case Byte.space, Byte.lineFeed, Byte.carriageReturn, Byte.tab:
                offset += 1
            case _ where dialect == .json:
                return
            case 0x0B, 0x0C:
                offset += 1
            case Byte.slash:
                try skipComment(bytes)
            case 0x80...:
                let (scalar, length) = try scalar(bytes)
                guard Self.isBlank(scalar) else { return }
                offset += length
            default:
                return
            }
        }
    }

    private mutating func skipComment(_ bytes: Span<UInt8>) throws(ReadFailure) {
        let start = offset
        offset += 1
        switch peek(bytes) {
        case Byte.slash:
            try skipLineComment(bytes)
        case Byte.asterisk:
            offset += 1
            while true {
                guard offset + 1 < bytes.count else { throw failure(.unexpectedEnd, at: bytes.count) }
                if bytes[offset] == Byte.asterisk && bytes[offset + 1] == Byte.slash { break }
                offset += bytes[offset] < 0x80 ? 1 : try scalar(bytes).length
            }
            offset += 2
        case nil:
            throw failure(.unexpectedEnd)
        default:
            throw failure(.unexpectedByte(Byte.slash), at: start)
        }
    }

    private mutating func skipLineComment(_ bytes: Span<UInt8>) throws(ReadFailure) {
        while let byte = peek(bytes) {
            if byte == Byte.lineFeed || byte == Byte.carriageReturn { return }
            if byte < 0x80 {
                offset += 1
                continue
            }
            let (scalar, length) = try scalar(bytes)
            offset += length
            if scalar == "\u{2028}" || scalar == "\u{2029}" { return }
        }
    }

    /// The scalar at the current offset, which stays where it is, and its length in bytes.
    func scalar(_ bytes: Span<UInt8>) throws(ReadFailure) -> (scalar: Unicode.Scalar, length: Int) {
        guard offset < bytes.count else { throw failure(.unexpectedEnd) }
        let first = bytes[offset]
        let length =
            switch first {
            case ..<0x80: 1
            case 0xC2..<0xE0: 2
            case 0xE0..<0xF0: 3
            case 0xF0..<0xF5: 4
            default: 0
            }
        guard length > 0, length <= bytes.count - offset else { throw failure(.invalidUTF8) }
        if length == 1 { return (Unicode.Scalar(first), 1) }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for position in 1..<length {
            let byte = bytes[offset + position]
            guard byte & 0xC0 == 0x80 else { throw failure(.invalidUTF8) }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        let smallest: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x1_0000
        guard value >= smallest, let scalar = Unicode.Scalar(value) else { throw failure(.invalidUTF8) }
        return (scalar, length)
    }

    /// White space and line terminators of JSON5 §8 beyond ASCII.
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\u{FEFF}", "\u{2028}", "\u{2029}": true
        default: scalar.properties.generalCategory == .spaceSeparator
        }
    }
}
