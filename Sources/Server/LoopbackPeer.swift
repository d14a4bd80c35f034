internal import EventLoop
internal import Files
internal import Glibc

/// Whose process is at the other end of a loopback connection, as the kernel's table of sockets says.
enum LoopbackPeer {
    private static let maxTableBytes = 16 << 20

    /// - Parameters:
    ///   - peer: the other end's address; the table lists its socket with that as its own.
    ///   - own: ours.
    static func userID(of peer: SocketAddress, connectedTo own: SocketAddress) -> UInt32? {
        let wanted = names(peer)
        let remote = names(own)
        for (index, path) in ["/proc/net/tcp", "/proc/net/tcp6"].enumerated() {
            guard let bytes = try? Files.read(path, maxBytes: maxTableBytes) else { continue }
            // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid …
            for line in bytes.split(separator: UInt8(ascii: "\n")).dropFirst() {
                let columns = line.split(separator: UInt8(ascii: " "))
                guard columns.count > 7, wanted[index].elementsEqual(columns[1]),
                    remote[index].elementsEqual(columns[2])
                else { continue }
                return UInt32(String(decoding: columns[7], as: UTF8.self))
            }
        }
        return nil
    }

    /// Of a file.
    static func owner(of path: String) -> UInt32? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_uid : nil
    }

    /// An address as the table for IPv4 writes it, then as that for IPv6 does: words of four bytes, each reversed.
    private static func names(_ address: SocketAddress) -> [[UInt8]] {
        let bytes = Array(address.bytes)
        let mapped = bytes.count == 4 ? [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + bytes : bytes
        let port = hex([UInt8(address.port >> 8), UInt8(address.port & 0xFF)])
        return [bytes, mapped].map { bytes in
            let words = stride(from: 0, to: bytes.count, by: 4).flatMap {
                bytes[$0..<min($0 + 4, bytes.count)].reversed()
            }
            return hex(words) + [UInt8(ascii: ":")] + port
        }
    }

    private static func hex(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}
