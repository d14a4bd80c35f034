/// Whom a certificate must be for: a DNS name or an IP address.
enum PeerName: Equatable {
    case dns(String)
    /// Canonical text, without brackets and zone.
    case ip(String)

    /// - Parameter text: As it stands in a URL or in a certificate request: `gateway.local`, `10.0.0.1`, `[::1]`,
    ///   `fe80::1%eth0`, `example.org.`.
    /// - Returns: `nil` when it is neither.
    init?(_ text: String) {
        var name = Substring(text)
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        // A zone names an interface of this host; no certificate holds it.
        let address = name.prefix { $0 != "%" }
        if let bytes = IPAddressText.bytes(String(address)), address.count == name.count || bytes.count == 16,
            let text = IPAddressText.text(bytes)
        {
            self = .ip(text)
            return
        }
        if name.hasSuffix(".") { name = name.dropLast() }
        guard Self.isDNSName(name) else { return nil }
        self = .dns(String(name))
    }

    /// Labels of letters, digits, hyphens and underscores (which Docker and Windows use), at most 63 characters each and
    /// 253 in all; the first may be `*`.
    private static func isDNSName(_ name: Substring) -> Bool {
        guard (1...253).contains(name.utf8.count) else { return false }
        for (index, label) in name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .enumerated()
        {
            if index == 0, label.elementsEqual("*".utf8), label.endIndex != name.utf8.endIndex { continue }
            guard (1...63).contains(label.count), label.allSatisfy(isLabelCharacter) else { return false }
        }
        return true
    }

    private static func isLabelCharacter(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
