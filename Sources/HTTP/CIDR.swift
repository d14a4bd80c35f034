/// A block of addresses (RFC 4632, RFC 4291 §2.3).
package struct CIDR: Hashable, Sendable, CustomStringConvertible {
    /// The first address of the block.
    package let base: IPAddress
    /// 0...32 for IPv4, 0...128 for IPv6.
    package let prefixLength: Int

    /// Address bits after the prefix are cleared. `nil` when the prefix is longer than the address.
    package init?(_ address: IPAddress, prefixLength: Int) {
        guard (0...(address.isV4 ? 32 : 128)).contains(prefixLength) else { return nil }
        self.prefixLength = prefixLength
        base = address.masked(to: address.isV4 ? 96 + prefixLength : prefixLength)
    }

    /// The block of one address.
    package init(_ address: IPAddress) {
        base = address
        prefixLength = address.isV4 ? 32 : 128
    }

    /// Reads `10.0.0.0/8`, `fd00::/8`, or a single address. `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(parts[0]) else { return nil }
        guard parts.count == 2 else {
            self.init(address)
            return
        }
        guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy(FieldSyntax.isDigit),
            let length = Int(parts[1])
        else { return nil }
        let isMapped = address.isV4 && parts[0].contains(":")
        self.init(address, prefixLength: isMapped ? length - 96 : length)
    }

    /// IPv4 blocks hold IPv4 addresses only, and IPv6 blocks, even `::/0`, only IPv6.
    package func contains(_ address: IPAddress) -> Bool {
        address.isV4 == base.isV4 && address.masked(to: base.isV4 ? 96 + prefixLength : prefixLength) == base
    }

    package var description: String { "\(base)/\(prefixLength)" }
}

extension IPAddress {
    /// With all but the first `bits` of its 128 bits cleared.
    fileprivate func masked(to bits: Int) -> IPAddress {
        let highMask: UInt64 = bits >= 64 ? .max : ~(.max >> UInt64(bits))
        let lowMask: UInt64 = bits <= 64 ? 0 : ~(.max >> UInt64(bits - 64))
        return IPAddress(v6: high & highMask, low & lowMask)
    }
}
