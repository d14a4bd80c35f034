extension IPAddress {
    /// Reads dotted decimal (without leading zeros, which some read as octal) or any form of RFC 4291 §2.2. No brackets,
    /// no zone, no port.
    package init?(_ text: some StringProtocol) {
        let octets = Array(text.utf8)
        guard octets.count <= 45 else { return nil }
        if octets.contains(UInt8(ascii: ":")) {
            guard let (high, low) = Self.parseV6(octets) else { return nil }
            self.init(v6: high, low)
        } else {
            guard let v4 = Self.parseV4(octets[...]) else { return nil }
            self.init(v4: v4)
        }
    }

    private static func parseV4(_ octets: ArraySlice<UInt8>) -> UInt32? {
        let parts = octets.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy(FieldSyntax.isDigit),
                part.count == 1 || part.first != UInt8(ascii: "0")
            else { return nil }
            let value = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
            guard value <= 255 else { return nil }
            address = address << 8 | value
        }
        return address
    }

    private static func parseV6(_ octets: [UInt8]) -> (high: UInt64, low: UInt64)? {
        let colon = UInt8(ascii: ":")
        let gap = octets.indices.dropLast().first { octets[$0] == colon && octets[$0 + 1] == colon }
        var groups: [UInt16]
        if let gap {
            guard let front = parseGroups(octets[..<gap], mayEndInV4: false),
                let back = parseGroups(octets[(gap + 2)...], mayEndInV4: true), front.count + back.count <= 7
            else { return nil }
            groups = front + [UInt16](repeating: 0, count: 8 - front.count - back.count) + back
        } else {
            guard let all = parseGroups(octets[...], mayEndInV4: true), all.count == 8 else { return nil }
            groups = all
        }
        let high = groups[..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        let low = groups[4...].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        return (high, low)
    }

    /// Groups between single colons; none at all when `octets` is empty.
    private static func parseGroups(_ octets: ArraySlice<UInt8>, mayEndInV4: Bool) -> [UInt16]? {
        guard !octets.isEmpty else { return [] }
        let parts = octets.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if mayEndInV4 && index == parts.count - 1 && part.contains(UInt8(ascii: ".")) {
                guard let v4 = parseV4(part) else { return nil }
                groups += [UInt16(v4 >> 16), UInt16(truncatingIfNeeded: v4)]
            } else {
                guard (1...4).contains(part.count), part.first != UInt8(ascii: "+"), part.first != UInt8(ascii: "-"),
                    let group = UInt16(String(decoding: part, as: UTF8.self), radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }
}
