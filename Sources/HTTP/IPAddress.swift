/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) becomes the IPv4 address that it is, however
/// it comes in, so equal peers are equal values.
package struct IPAddress: Hashable, Sendable {
    /// The upper and lower half of the IPv6 address; IPv4 is kept in its mapped form.
    let high: UInt64
    let low: UInt64

    private static let mappedPrefix: UInt64 = 0x0000_FFFF_0000_0000

    /// - Parameter v4: In host byte order: 127.0.0.1 is `0x7F000001`.
    package init(v4: UInt32) {
        high = 0
        low = Self.mappedPrefix | UInt64(v4)
    }

    /// - Parameters:
    ///   - high: The first eight octets, read as one big-endian number.
    ///   - low: The last eight.
    package init(v6 high: UInt64, _ low: UInt64) {
        self.high = high
        self.low = low
    }

    /// From 4 or 16 octets in network order, as socket addresses have them; `nil` for any other count.
    package init?(octets: Span<UInt8>) {
        guard octets.count == 4 || octets.count == 16 else { return nil }
        var words: (high: UInt64, low: UInt64) = (0, 0)
        for index in octets.indices {
            words.high = words.high << 8 | words.low >> 56
            words.low = words.low << 8 | UInt64(octets[index])
        }
        if octets.count == 4 {
            self.init(v4: UInt32(truncatingIfNeeded: words.low))
        } else {
            self.init(v6: words.high, words.low)
        }
    }

    /// The IPv4 address in host byte order; `nil` for IPv6.
    package var v4: UInt32? {
        high == 0 && low >> 32 == Self.mappedPrefix >> 32 ? UInt32(truncatingIfNeeded: low) : nil
    }

    package var isV4: Bool { v4 != nil }

    /// 4 or 16 octets in network order.
    package var octets: [UInt8] {
        if let v4 {
            return (0..<4).map { UInt8(truncatingIfNeeded: v4 >> (24 - 8 * UInt32($0))) }
        }
        return (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> (56 - 8 * UInt64($0 & 7))) }
    }

    /// 127.0.0.0/8 and `::1`.
    package var isLoopback: Bool {
        if let v4 { return v4 >> 24 == 127 }
        return high == 0 && low == 1
    }

    /// 0.0.0.0 and `::`.
    package var isUnspecified: Bool { v4 == 0 || (high == 0 && low == 0) }

    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918) and fc00::/7 (RFC 4193).
    package var isPrivate: Bool {
        if let v4 { return v4 >> 24 == 10 || v4 >> 20 == 0xAC1 || v4 >> 16 == 0xC0A8 }
        return high >> 57 == 0xFC >> 1
    }

    /// 169.254.0.0/16 (RFC 3927) and fe80::/10.
    package var isLinkLocal: Bool {
        if let v4 { return v4 >> 16 == 0xA9FE }
        return high >> 54 == 0xFE80 >> 6
    }

    /// 100.64.0.0/10 (RFC 6598) and fd7a:115c:a1e0::/48, as tailnets use them.
    package var isTailnet: Bool {
        if let v4 { return v4 >> 22 == 0x6440_0000 >> 22 }
        return high >> 16 == 0xFD7A_115C_A1E0
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the canonical form of RFC 5952.
    package var description: String {
        guard !isV4 else { return octets.map(String.init).joined(separator: ".") }
        let groups = groups
        let zeros = Self.longestZeroRun(groups)
        let texts = groups.map { String($0, radix: 16) }
        guard zeros.count >= 2 else { return texts.joined(separator: ":") }
        return texts[..<zeros.lowerBound].joined(separator: ":") + "::"
            + texts[zeros.upperBound...].joined(separator: ":")
    }

    private var groups: [UInt16] {
        (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> (48 - 16 * UInt64($0 & 3))) }
    }

    /// The first of the longest runs of zero groups.
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 {
                start = index + 1
            } else if index + 1 - start > longest.count {
                longest = start..<index + 1
            }
        }
        return longest
    }
}
