internal import EventLoop
internal import Text

/// Where a gateway is dialled: the parts of a `ws://` or `wss://` URL (RFC 6455 §3).
package struct GatewayEndpoint: Hashable, Sendable {
    package let isTLS: Bool
    /// A name or an address without brackets.
    package let host: String
    package let port: UInt16
    /// Begins with `/` and includes the query.
    package let path: String

    package init(isTLS: Bool, host: String, port: UInt16, path: String = "/") {
        self.isTLS = isTLS
        self.host = host
        self.port = port
        self.path = path
    }

    /// Reads `wss://host:port/path`. `https` counts as `wss` and `http` as `ws`; without a port it is the scheme's.
    ///
    /// - Throws: ``ClientError/invalidURL(_:)``, also for user information, which would be sent nowhere, and for
    ///   fragments, which a WebSocket URL may not have.
    package static func parse(_ url: String) throws(ClientError) -> GatewayEndpoint {
        guard let endpoint = GatewayEndpoint(url) else { throw .invalidURL(url) }
        return endpoint
    }

    private init?(_ url: String) {
        // A line break here would end up in the request head.
        guard url.utf8.count <= 4096, url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "#") }),
            let separator = url.firstRange(of: "://")
        else { return nil }
        switch url[..<separator.lowerBound].lowercased() {
        case "wss", "https": isTLS = true
        case "ws", "http": isTLS = false
        default: return nil
        }
        let rest = url[separator.upperBound...]
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let target = rest[authorityEnd...]
        path = target.hasPrefix("/") ? String(target) : "/" + target
        guard let (host, port) = Self.split(authority: rest[..<authorityEnd], defaultPort: isTLS ? 443 : 80)
        else { return nil }
        self.host = host
        self.port = port
    }

    private static func split(authority: Substring, defaultPort: UInt16) -> (host: String, port: UInt16)? {
        let host: Substring
        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            portText = rest.isEmpty ? nil : rest.dropFirst()
            guard SocketAddress(literal: String(host), port: 0)?.bytes.isEmpty == false, host.contains(":")
            else { return nil }
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { return nil }
            host = parts[0]
            portText = parts.count == 2 ? parts[1] : nil
            guard !host.isEmpty, host.utf8.count <= 253, host.allSatisfy(isHostCharacter) else { return nil }
        }
        guard let portText, !portText.isEmpty else { return (String(host), defaultPort) }
        guard portText.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(portText), port > 0
        else { return nil }
        return (String(host), port)
    }

    private static func isHostCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "-._".contains(character))
    }

    /// The value of the `Host` field: the port only where it is not the scheme's own.
    package var hostField: String {
        port == (isTLS ? 443 : 80) ? bracketedHost : "\(bracketedHost):\(port)"
    }

    /// `localhost` and names under it (RFC 6761 §6.3), 127.0.0.0/8, ::1.
    ///
    /// The dialer connects such a name to loopback addresses only, whatever a resolver says.
    package var isLoopback: Bool {
        if let address { return address.isLoopback }
        let name = lowercasedName
        return name == "localhost" || name.hasSuffix(".localhost")
    }

    /// The address, when the host is a literal.
    internal var address: SocketAddress? {
        SocketAddress(literal: host, port: port)
    }

    internal var lowercasedName: String {
        let name = host.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }

    internal var bracketedHost: String {
        host.contains(":") ? "[\(host)]" : host
    }
}

extension GatewayEndpoint: CustomStringConvertible {
    /// The URL, with its port.
    package var description: String {
        "\(isTLS ? "wss" : "ws")://\(bracketedHost):\(port)\(path == "/" ? "" : path)"
    }
}
