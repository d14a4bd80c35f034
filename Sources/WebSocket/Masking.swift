/// The masking of RFC 6455 §5.3: octet *i* of a payload is XORed with octet *i* mod 4 of the key.
///
/// A key is written as the four octets of the frame read as one big-endian number, so the key `37 fa 21 3d` of §5.7
/// is `0x37fa213d`.
package enum Masking {
    /// Masks or unmasks all of `bytes` in place.
    ///
    /// - Parameter phase: How many octets of the payload came before `bytes`.
    package static func apply(_ key: UInt32, to bytes: inout MutableSpan<UInt8>, phase: Int = 0) {
        _ = apply(key, to: &bytes, in: 0..<bytes.count, phase: phase)
    }

    /// Masks or unmasks a part of `bytes` in place.
    ///
    /// - Returns: Whether everything in `range` is ASCII afterwards; the answer costs nothing in this loop and spares
    ///   most text messages a second pass.
    package static func apply(
        _ key: UInt32, to bytes: inout MutableSpan<UInt8>, in range: Range<Int>, phase: Int = 0
    ) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "a range outside of the buffer")
        guard !range.isEmpty else { return true }
        return unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return true }
            let start = unsafe UnsafeMutableRawPointer(base + range.lowerBound)
            return unsafe copy(from: UnsafeRawPointer(start), to: start, count: range.count, key: key, phase: phase)
        }
    }

    /// Writes `count` masked octets of `source` to `destination`; the two are the same address or do not overlap.
    ///
    /// - Returns: Whether everything written is ASCII.
    static func copy(
        from source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, count: Int, key: UInt32, phase: Int
    ) -> Bool {
        // The key as it meets the first octet; all strides below are multiples of four, so it never turns again.
        let turn = UInt32(truncatingIfNeeded: phase & 3) * 8
        let turnedKey = key << turn | key >> (32 - turn)
        let pattern = UInt64(turnedKey.bigEndian) << 32 | UInt64(turnedKey.bigEndian)
        let widePattern = SIMD4<UInt64>(repeating: pattern)

        var wideSeen = SIMD4<UInt64>(repeating: 0)
        var offset = 0
        while count - offset >= 32 {
            let value =
                unsafe source.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self) ^ widePattern
            unsafe destination.storeBytes(of: value, toByteOffset: offset, as: SIMD4<UInt64>.self)
            wideSeen |= value
            offset += 32
        }
        var seen = wideSeen[0] | wideSeen[1] | wideSeen[2] | wideSeen[3]
        while count - offset >= 8 {
            let value = unsafe source.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ pattern
            unsafe destination.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
            seen |= value
            offset += 8
        }
        while offset < count {
            let octet = UInt8(truncatingIfNeeded: turnedKey >> (24 - 8 * UInt32(truncatingIfNeeded: offset & 3)))
            let value = unsafe source.load(fromByteOffset: offset, as: UInt8.self) ^ octet
            unsafe destination.storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
            seen |= UInt64(value)
            offset += 1
        }
        return seen & ASCII.highBits == 0
    }
}
