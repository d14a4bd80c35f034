internal import Text

/// Whether a text is an IP address or an address range. Values are parsed again where they are used.
enum AddressSyntax {
    /// Dotted decimal without leading zeros.
    static func ipv4(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let byte = decimal(part, max: 255) else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
        return bytes
    }

    /// RFC 4291 §2.2, all three forms; no zone.
    static func ipv6(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.count <= 45 else { return nil }
        let halves = text.split(atFirst: "::")
        var sides: [[UInt8]] = []
        for (position, half) in halves.enumerated() {
            guard let side = groups(half, allowsIPv4: position == halves.count - 1) else { return nil }
            sides.append(side)
        }
        guard sides.count == 2 else { return sides.first.flatMap { $0.count == 16 ? $0 : nil } }
        let missing = 16 - sides[0].count - sides[1].count
        guard missing >= 2 else { return nil }
        return sides[0] + [UInt8](repeating: 0, count: missing) + sides[1]
    }

    static func isAddress(_ text: String) -> Bool { ipv4(text) != nil || ipv6(text) != nil }

    /// An address, or an address and a prefix length such as `10.0.0.0/8`. An IPv4 address mapped into IPv6 is the
    /// IPv4 address, so its prefix has at least the 96 bits of `::ffff:0:0/96`.
    static func isAddressOrRange(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return false }
        let lengths: ClosedRange<Int>
        if ipv4(parts[0]) != nil {
            lengths = 0...32
        } else if let bytes = ipv6(parts[0]) {
            lengths = (isMapped(bytes) ? 96 : 0)...128
        } else {
            return false
        }
        return parts.count == 1 || decimal(parts[1], max: lengths.upperBound).map(lengths.contains) == true
    }

    private static func isMapped(_ bytes: [UInt8]) -> Bool {
        bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
    }

    /// `127.0.0.0/8`, `::1`, and the former mapped into IPv6.
    static func isLoopback(_ text: String) -> Bool {
        if let bytes = ipv4(text) { return bytes[0] == 127 }
        guard let bytes = ipv6(text) else { return false }
        if isMapped(bytes) { return bytes[12] == 127 }
        return bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    private static func groups(_ text: some StringProtocol, allowsIPv4: Bool) -> [UInt8]? {
        if text.isEmpty { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (position, part) in parts.enumerated() {
            if allowsIPv4, position == parts.count - 1, let address = ipv4(part) {
                bytes += address
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
                let group = UInt16(part, radix: 16)
            else { return nil }
            bytes += [UInt8(truncatingIfNeeded: group >> 8), UInt8(truncatingIfNeeded: group)]
        }
        return bytes.count <= 16 ? bytes : nil
    }

    private static func decimal(_ text: some StringProtocol, max: Int) -> Int? {
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        if text.utf8.count > 1 && text.utf8.first == 0x30 { return nil }
        guard let value = Int(text), value <= max else { return nil }
        return value
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default:
            false
        }
    }
}
