internal import CLinux
internal import Glibc

/// Where a socket listens or is connected to. IPv4-mapped IPv6 addresses become IPv4.
package struct SocketAddress: Hashable, Sendable {
    package enum Family: Hashable, Sendable { case v4, v6, unix }

    private enum Host: Hashable {
        case v4(UInt32)
        case v6(high: UInt64, low: UInt64, scope: UInt32)
        case unix(path: String)
    }

    private let host: Host
    /// Zero for a Unix socket, and for "any free port" when listening.
    package let port: UInt16

    private init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// - Parameter bytes: 4 or 16 address bytes in network order; `nil` comes back for any other count.
    package init?(bytes: [UInt8], port: UInt16, scope: UInt32 = 0) {
        switch bytes.count {
        case 4:
            self.init(host: .v4(UInt32(truncatingIfNeeded: Self.bigEndian(bytes[...]))), port: port)
        case 16:
            let high = Self.bigEndian(bytes[..<8])
            let low = Self.bigEndian(bytes[8...])
            if high == 0, low >> 32 == 0xFFFF {
                self.init(host: .v4(UInt32(truncatingIfNeeded: low)), port: port)
            } else {
                self.init(host: .v6(high: high, low: low, scope: scope), port: port)
            }
        default:
            return nil
        }
    }

    /// - Parameter literal: `127.0.0.1`, `::1` or `[::1]`. Names are not resolved here.
    package init?(literal: String, port: UInt16) {
        var text = literal[...]
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        // inet_pton stops at a NUL, so "127.0.0.1\0x" would pass.
        guard text.utf8.count < 64, !text.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        let string = String(text)
        if unsafe inet_pton(AF_INET, string, &bytes) == 1 {
            self.init(bytes: Array(bytes.prefix(4)), port: port)
        } else if unsafe inet_pton(AF_INET6, string, &bytes) == 1 {
            self.init(bytes: bytes, port: port)
        } else {
            return nil
        }
    }

    package static func loopback(port: UInt16) -> SocketAddress {
        SocketAddress(host: .v4(0x7F00_0001), port: port)
    }

    package static func loopbackV6(port: UInt16) -> SocketAddress {
        SocketAddress(host: .v6(high: 0, low: 1, scope: 0), port: port)
    }

    package static func anyV4(port: UInt16) -> SocketAddress { SocketAddress(host: .v4(0), port: port) }

    package static func anyV6(port: UInt16) -> SocketAddress {
        SocketAddress(host: .v6(high: 0, low: 0, scope: 0), port: port)
    }

    package static func unix(path: String) -> SocketAddress {
        SocketAddress(host: .unix(path: path), port: 0)
    }

    package var family: Family {
        switch host {
        case .v4: .v4
        case .v6: .v6
        case .unix: .unix
        }
    }

    /// 4 or 16 bytes in network order; none for a Unix socket.
    package var bytes: [UInt8] {
        switch host {
        case .v4(let value): Self.bytes(UInt64(value), count: 4)
        case .v6(let high, let low, _): Self.bytes(high, count: 8) + Self.bytes(low, count: 8)
        case .unix: []
        }
    }

    /// 127.0.0.0/8 or ::1. A Unix socket is not a network position.
    package var isLoopback: Bool {
        switch host {
        case .v4(let value): value >> 24 == 127
        case .v6(let high, let low, _): high == 0 && low == 1
        case .unix: false
        }
    }

    /// 0.0.0.0 or ::.
    package var isUnspecified: Bool {
        switch host {
        case .v4(let value): value == 0
        case .v6(let high, let low, _): high == 0 && low == 0
        case .unix: false
        }
    }

    /// The interface index of a link-local IPv6 address, else zero.
    package var scope: UInt32 {
        if case .v6(_, _, let scope) = host { scope } else { 0 }
    }

    package var path: String? {
        if case .unix(let path) = host { path } else { nil }
    }

    package func with(port: UInt16) -> SocketAddress {
        SocketAddress(host: host, port: port)
    }

    /// The address alone, without brackets: `127.0.0.1`, `fe80::1`, or a path.
    package var hostText: String {
        if case .unix(let path) = host { return path }
        var text = [CChar](repeating: 0, count: 64)
        _ = unsafe inet_ntop(family == .v4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func bytes(_ value: UInt64, count: Int) -> [UInt8] {
        (1...count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64(count - $0))) }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:18789`, `[::1]:18789` or `unix:/run/owner.sock`.
    package var description: String {
        switch host {
        case .v4: "\(hostText):\(port)"
        case .v6: "[\(hostText)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
