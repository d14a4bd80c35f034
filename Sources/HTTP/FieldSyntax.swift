/// The character classes of RFC 9110 §5.
enum FieldSyntax {
    /// `tchar`, RFC 9110 §5.6.2.
    static func isTokenOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"),
            UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"),
            UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default:
            false
        }
    }

    static func isToken(_ octets: some Collection<UInt8>) -> Bool {
        !octets.isEmpty && octets.allSatisfy(isTokenOctet)
    }

    /// Visible ASCII, horizontal tab, space and `obs-text`.
    static func isValueOctet(_ octet: UInt8) -> Bool {
        octet >= 0x20 && octet != 0x7F || octet == 0x09
    }

    static func isDigit(_ octet: UInt8) -> Bool {
        octet >= UInt8(ascii: "0") && octet <= UInt8(ascii: "9")
    }

    static func isWhitespace(_ octet: UInt8) -> Bool {
        octet == 0x20 || octet == 0x09
    }

    /// Without the white space at either end.
    static func trimmed<Octets: BidirectionalCollection<UInt8>>(_ octets: Octets) -> Octets.SubSequence
    where Octets.SubSequence: BidirectionalCollection {
        guard let first = octets.firstIndex(where: { !isWhitespace($0) }),
            let last = octets.lastIndex(where: { !isWhitespace($0) })
        else { return octets[octets.endIndex..<octets.endIndex] }
        return octets[first...last]
    }

    static func lowercased(_ octet: UInt8) -> UInt8 {
        octet >= UInt8(ascii: "A") && octet <= UInt8(ascii: "Z") ? octet | 0x20 : octet
    }

    /// ASCII only: `String.lowercased` maps the Kelvin sign to `k`, and a token is no place for that.
    static func lowercased(_ text: String) -> String {
        String(decoding: text.utf8.map(lowercased), as: UTF8.self)
    }
}
