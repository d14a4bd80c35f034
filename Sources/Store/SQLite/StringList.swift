/// Lists of strings in one column, as a JSON array, so that `sqlite3` and its JSON functions can show them.
///
/// Names of scopes come from clients: with a plain separator, one name that contains it would come back as two.
enum StringList {
    static func encode(_ strings: [String]) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        for string in strings {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            for byte in string.utf8 {
                if byte < 0x20 {
                    bytes += [UInt8(ascii: "\\"), UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")]
                    bytes += [hexadecimal(byte >> 4), hexadecimal(byte & 15)]
                } else {
                    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
                    bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(UInt8(ascii: "]"))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Returns: `nil` for anything that ``encode(_:)`` does not write.
    static func decode(_ text: String) -> [String]? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 2, bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") else { return nil }
        var strings: [String] = []
        var position = 1
        let end = bytes.count - 1
        while position < end {
            if !strings.isEmpty {
                guard bytes[position] == UInt8(ascii: ",") else { return nil }
                position += 1
            }
            guard let string = decodeString(bytes, &position, end) else { return nil }
            strings.append(string)
        }
        return strings
    }

    /// Reads one string up to behind its closing quote.
    private static func decodeString(_ bytes: [UInt8], _ position: inout Int, _ end: Int) -> String? {
        guard position < end, bytes[position] == UInt8(ascii: "\"") else { return nil }
        position += 1
        var string: [UInt8] = []
        while position < end {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return String(validating: string, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                string.append(byte)
                continue
            }
            guard position < end else { return nil }
            let escaped = bytes[position]
            position += 1
            switch escaped {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                string.append(escaped)
            case UInt8(ascii: "u") where position + 4 <= end:
                let digits = String(decoding: bytes[position..<(position + 4)], as: UTF8.self)
                guard let value = UInt8(digits, radix: 16), value < 0x20 else { return nil }
                string.append(value)
                position += 4
            default:
                return nil
            }
        }
        return nil
    }

    private static func hexadecimal(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
