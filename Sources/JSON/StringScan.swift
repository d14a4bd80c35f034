/// Finds the end of runs that need no attention inside a string, eight bytes at a time.
enum StringScan {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The first offset from `start` on that holds `delimiter`, a backslash or a control character; else the count.
    static func firstSpecial(in bytes: Span<UInt8>, from start: Int, delimiter: UInt8) -> Int {
        var offset = start
        let raw = unsafe bytes.bytes
        let delimiters = ones &* UInt64(delimiter)
        let backslashes = ones &* UInt64(Byte.backslash)
        while bytes.count - offset >= 8 {
            let word = UInt64(littleEndian: unsafe raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let isControl = (word &- ones &* 0x20) & ~word
            let found = (isControl | zeroBytes(word ^ delimiters) | zeroBytes(word ^ backslashes)) & highBits
            // Borrows can mark bytes after a true hit, never before it, so the lowest mark is exact.
            if found != 0 { return offset + found.trailingZeroBitCount / 8 }
            offset += 8
        }
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte < 0x20 || byte == delimiter || byte == Byte.backslash { return offset }
            offset += 1
        }
        return offset
    }

    private static func zeroBytes(_ word: UInt64) -> UInt64 { (word &- ones) & ~word }
}
