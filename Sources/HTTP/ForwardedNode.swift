/// One party of a forwarded request (RFC 7239 §6).
package struct ForwardedNode: Hashable, Sendable {
    package enum Name: Hashable, Sendable {
        case address(IPAddress)
        /// The proxy does not know, or does not say.
        case unknown
        /// A name that means something to whoever made it up, with its leading underscore (RFC 7239 §6.3).
        case obfuscatedIdentifier(String)
    }

    package enum Port: Hashable, Sendable {
        case number(UInt16)
        case obfuscated(String)
    }

    package let name: Name
    package let port: Port?

    package init(name: Name, port: Port? = nil) {
        self.name = name
        self.port = port
    }

    /// Reads a `for` or `by` without its quotes: `192.0.2.43`, `[2001:db8::1]:4711`, `unknown`, `_hidden:_port`.
    package init?(_ text: some StringProtocol) {
        let octets = Array(text.utf8)
        // Colons of an IPv6 address stand in brackets, so the first one outside begins the port.
        let nameEnd: Int
        if octets.first == UInt8(ascii: "[") {
            guard let bracket = octets.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            nameEnd = bracket + 1
        } else {
            nameEnd = octets.firstIndex(of: UInt8(ascii: ":")) ?? octets.count
        }
        guard let name = Self.name(octets[..<nameEnd]) else { return nil }
        self.name = name
        if nameEnd == octets.count {
            port = nil
        } else {
            guard octets[nameEnd] == UInt8(ascii: ":"), let port = Self.port(octets[(nameEnd + 1)...]) else {
                return nil
            }
            self.port = port
        }
    }

    private static func name(_ octets: ArraySlice<UInt8>) -> Name? {
        let text = String(decoding: octets, as: UTF8.self)
        if octets.first == UInt8(ascii: "[") {
            guard octets.contains(UInt8(ascii: ":")), let address = IPAddress(text.dropFirst().dropLast()) else {
                return nil
            }
            return .address(address)
        }
        if FieldSyntax.lowercased(text) == "unknown" { return .unknown }
        if isObfuscated(octets) { return .obfuscatedIdentifier(text) }
        return IPAddress(text).map(Name.address)
    }

    private static func port(_ octets: ArraySlice<UInt8>) -> Port? {
        let text = String(decoding: octets, as: UTF8.self)
        if isObfuscated(octets) { return .obfuscated(text) }
        guard (1...5).contains(octets.count), octets.allSatisfy(FieldSyntax.isDigit) else { return nil }
        return UInt16(text).map(Port.number)
    }

    /// An underscore, then at least one letter, digit, dot, underscore or hyphen.
    private static func isObfuscated(_ octets: ArraySlice<UInt8>) -> Bool {
        octets.count >= 2 && octets.first == UInt8(ascii: "_")
            && octets.allSatisfy { octet in
                FieldSyntax.isDigit(octet) || octet == UInt8(ascii: ".") || octet == UInt8(ascii: "_")
                    || octet == UInt8(ascii: "-")
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(FieldSyntax.lowercased(octet))
            }
    }
}
