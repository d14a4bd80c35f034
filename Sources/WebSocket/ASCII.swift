/// Eight octets at a time.
enum ASCII {
    /// The bit of each of eight octets that no ASCII character has.
    static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The index of the first octet at or after `start` that is not ASCII; `bytes.count` when there is none.
    static func endOfRun(in bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        let raw = unsafe bytes.bytes
        while bytes.count - index >= 8 {
            // In bounds by the line above, and every bit pattern is a UInt64.
            let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            guard word & highBits == 0 else { break }
            index += 8
        }
        while index < bytes.count && bytes[index] < 0x80 {
            index += 1
        }
        return index
    }
}
