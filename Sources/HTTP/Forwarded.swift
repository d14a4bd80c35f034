/// One hop of `Forwarded`: what one proxy says of the request that it received (RFC 7239 §4).
package struct Forwarded: Hashable, Sendable {
    /// Whoever made the request to the proxy.
    package var `for`: ForwardedNode?
    /// Where the proxy received it.
    package var by: ForwardedNode?
    /// The `Host` that the proxy received.
    package var host: String?
    /// The scheme, as it was written.
    package var proto: String?

    package init(
        for client: ForwardedNode? = nil, by proxy: ForwardedNode? = nil, host: String? = nil, proto: String? = nil
    ) {
        self.for = client
        self.by = proxy
        self.host = host
        self.proto = proto
    }

    /// Reads one field line. The hop nearest to us comes last. Parameters that RFC 7239 does not name are skipped.
    ///
    /// - Returns: `nil` when any of it is malformed: with quotes left open nobody can say where a hop begins, and what
    ///   the client sent may have been meant to hide what a proxy added.
    package static func parse(_ line: String) -> [Forwarded]? {
        var reader = Reader(octets: Array(line.utf8))
        var hops: [Forwarded] = []
        while true {
            reader.skipWhiteSpace()
            guard let next = reader.peek else { return hops }
            // Empty elements are part of every list (RFC 9110 §5.6.1).
            if next == UInt8(ascii: ",") {
                reader.index += 1
                continue
            }
            guard let hop = reader.hop() else { return nil }
            hops.append(hop)
        }
    }

    private struct Reader {
        let octets: [UInt8]
        var index = 0

        var peek: UInt8? { index < octets.count ? octets[index] : nil }

        mutating func skipWhiteSpace() {
            while let octet = peek, FieldSyntax.isWhitespace(octet) { index += 1 }
        }

        private mutating func skip(_ octet: UInt8) -> Bool {
            guard peek == octet else { return false }
            index += 1
            return true
        }

        /// Pairs between semicolons, up to a comma or the end.
        mutating func hop() -> Forwarded? {
            var hop = Forwarded()
            var seen: Set<String> = []
            while true {
                skipWhiteSpace()
                if let octet = peek, FieldSyntax.isTokenOctet(octet) {
                    let name = FieldSyntax.lowercased(token())
                    guard skip(UInt8(ascii: "=")), let value = value(), seen.insert(name).inserted,
                        hop.set(name, to: value)
                    else { return nil }
                    skipWhiteSpace()
                }
                guard let octet = peek, octet != UInt8(ascii: ",") else { return hop }
                guard skip(UInt8(ascii: ";")) else { return nil }
            }
        }

        private mutating func token() -> String {
            let start = index
            while let octet = peek, FieldSyntax.isTokenOctet(octet) { index += 1 }
            return String(decoding: octets[start..<index], as: UTF8.self)
        }

        /// A token or a quoted string (RFC 9110 §5.6.4).
        private mutating func value() -> String? {
            guard skip(UInt8(ascii: "\"")) else {
                let token = token()
                return token.isEmpty ? nil : token
            }
            var content: [UInt8] = []
            while var octet = peek {
                index += 1
                if octet == UInt8(ascii: "\"") { return String(decoding: content, as: UTF8.self) }
                if octet == UInt8(ascii: "\\") {
                    guard let escaped = peek else { return nil }
                    index += 1
                    octet = escaped
                }
                guard FieldSyntax.isValueOctet(octet) else { return nil }
                content.append(octet)
            }
            return nil
        }
    }

    /// - Returns: `false` when the value cannot be one of that parameter.
    private mutating func set(_ name: String, to value: String) -> Bool {
        switch name {
        case "for":
            `for` = ForwardedNode(value)
            return `for` != nil
        case "by":
            by = ForwardedNode(value)
            return by != nil
        case "host":
            host = value
        case "proto":
            proto = value
        default:
            break
        }
        return true
    }
}
