internal import Crypto
internal import HTTP
internal import Text

/// An HTTP proxy, reached in plain text: what goes through it is encrypted for the gateway.
internal struct Proxy: Equatable, Sendable {
    internal struct Unusable: Error, Equatable {
        internal let reason: String
    }

    internal let host: String
    internal let port: UInt16
    /// The value of `Proxy-Authorization`; not to be shown.
    internal let authorization: String?

    /// Reads `http://user:password@host:port/`; the scheme may be left out, and so may the port, which is 80 then.
    internal init(_ text: String) throws(Unusable) {
        var rest = text[...]
        if let separator = rest.firstRange(of: "://") {
            let scheme = rest[..<separator.lowerBound].lowercased()
            guard scheme == "http" else {
                throw Unusable(reason: "it names a proxy of another kind than http://")
            }
            rest = rest[separator.upperBound...]
        }
        if let slash = rest.firstIndex(of: "/") { rest = rest[..<slash] }
        if let at = rest.lastIndex(of: "@") {
            authorization = "Basic " + Base64.encode(Self.percentDecoded(rest[..<at]))
            rest = rest[rest.index(after: at)...]
        } else {
            authorization = nil
        }
        do throws(ClientError) {
            let endpoint = try GatewayEndpoint.parse("http://\(rest)")
            (host, port) = (endpoint.host, endpoint.port)
        } catch {
            throw Unusable(reason: "it does not hold a URL such as http://proxy.example:3128")
        }
    }

    /// For errors: without the credentials.
    internal var name: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    private static func percentDecoded(_ text: Substring) -> [UInt8] {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let byte = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return decoded
    }
}
