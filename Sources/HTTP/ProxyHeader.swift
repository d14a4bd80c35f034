/// What a proxy says of a connection before its first byte: the PROXY protocol, versions 1 and 2 (HAProxy's
/// `proxy-protocol.txt`). Whether the peer may be believed is for the caller to know.
package struct ProxyHeader: Equatable, Sendable {
    package enum Version: Equatable, Sendable {
        case v1, v2
    }

    package struct Endpoint: Equatable, Sendable {
        package let address: IPAddress
        /// 0 from proxies that do not say; Caddy sends both ports so.
        package let port: UInt16

        package init(address: IPAddress, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    package enum Connection: Equatable, Sendable {
        /// The proxy's own, such as a health check: its addresses are those of the socket.
        case local
        /// Relayed for somebody whom the proxy does not name (`UNKNOWN`, `AF_UNSPEC`). Never to be treated as local.
        case unknown
        case internet(source: Endpoint, destination: Endpoint)
        /// Paths without their padding; an abstract name begins with a NUL.
        case unix(source: [UInt8], destination: [UInt8])
    }

    package enum Detection: Equatable, Sendable {
        /// Too few bytes, and all of them as a header begins.
        case undecided
        case absent
        case present(Version)
    }

    /// The end of line included.
    package static let maxV1Bytes = 107
    /// Of version 2, its 16 fixed bytes included. Addresses take 232 at most; senders mean to stay within one segment of
    /// 536, but the names and certificates that some add do not always.
    package static let maxV2Bytes = 2048

    static let v1Signature: [UInt8] = Array("PROXY ".utf8)
    static let v2Signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    package let version: Version
    package let connection: Connection
    /// Bytes of the header; the connection's own begin behind them.
    package let length: Int

    package init(version: Version, connection: Connection, length: Int) {
        self.version = version
        self.connection = connection
        self.length = length
    }

    /// Whether a connection begins with a header. Nothing that TLS or HTTP begins with is taken for one.
    package static func detect(_ bytes: Span<UInt8>) -> Detection {
        for (signature, version) in [(v1Signature, Version.v1), (v2Signature, .v2)] {
            let count = min(bytes.count, signature.count)
            guard (0..<count).allSatisfy({ bytes[$0] == signature[$0] }) else { continue }
            return count == signature.count ? .present(version) : .undecided
        }
        return .absent
    }

    /// Reads the header at the beginning of a connection.
    ///
    /// - Parameter bytes: Everything received so far. Nothing is kept; ``maxV2Bytes`` are always enough.
    /// - Returns: `nil` when the header is not complete yet.
    /// - Throws: As soon as no further bytes could make a header of it.
    package static func parse(_ bytes: Span<UInt8>) throws(ProxyHeaderError) -> ProxyHeader? {
        switch detect(bytes) {
        case .undecided: nil
        case .absent: throw .absent
        case .present(.v1): try parseV1(bytes)
        case .present(.v2): try parseV2(bytes)
        }
    }
}
