/// The four forms of a request target (RFC 9112 §3.2), taken apart.
struct RequestTarget {
    let path: String
    let query: String?
    let authority: String?

    /// - Parameter target: Not empty and without spaces.
    init(_ target: [UInt8], method: String) throws(HTTPError) {
        // A fragment never travels, and anything beyond visible ASCII has to be percent-encoded.
        guard target.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else { throw .malformedTarget }
        guard method != "CONNECT" else {
            guard HostSyntax.isValid(target[...]) && target.contains(UInt8(ascii: ":")) else { throw .malformedTarget }
            authority = String(decoding: target, as: UTF8.self)
            path = ""
            query = nil
            return
        }
        if target == [UInt8(ascii: "*")] {
            guard method == "OPTIONS" else { throw .malformedTarget }
            path = "*"
            query = nil
            authority = nil
            return
        }
        var rest = target[...]
        if target[0] == UInt8(ascii: "/") {
            authority = nil
        } else {
            rest = try Self.afterScheme(target)
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
            guard end > rest.startIndex, HostSyntax.isValid(rest[..<end]) else { throw .malformedTarget }
            authority = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[end...]
        }
        let question = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
        path = question == rest.startIndex ? "/" : String(decoding: rest[..<question], as: UTF8.self)
        query = question == rest.endIndex ? nil : String(decoding: rest[(question + 1)...], as: UTF8.self)
    }

    private static func afterScheme(_ target: [UInt8]) throws(HTTPError) -> ArraySlice<UInt8> {
        for scheme in ["http://", "https://", "ws://", "wss://"] {
            if target.prefix(scheme.utf8.count).map(FieldSyntax.lowercased) == Array(scheme.utf8) {
                return target.dropFirst(scheme.utf8.count)
            }
        }
        throw .malformedTarget
    }
}

/// `uri-host [ ":" port ]` (RFC 9110 §7.2). User information is no part of it.
enum HostSyntax {
    static func isValid(_ octets: ArraySlice<UInt8>) -> Bool {
        var rest = octets
        if rest.first == UInt8(ascii: "[") {
            guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let literal = String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
            guard literal.contains(":"), IPAddress(literal) != nil else { return false }
            rest = rest[(end + 1)...]
        } else {
            let end = rest.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
            // A client without a name for us sends nothing at all, not a port alone.
            guard rest[..<end].allSatisfy(isNameOctet), end > rest.startIndex || rest.isEmpty else { return false }
            rest = rest[end...]
        }
        guard let colon = rest.first else { return true }
        let port = rest.dropFirst()
        guard colon == UInt8(ascii: ":"), port.count <= 5, port.allSatisfy(FieldSyntax.isDigit) else { return false }
        return port.isEmpty || UInt16(String(decoding: port, as: UTF8.self)) != nil
    }

    /// `unreserved`, `sub-delims` and the percent sign of RFC 3986 §3.2.2.
    private static func isNameOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
            true
        default:
            false
        }
    }
}
