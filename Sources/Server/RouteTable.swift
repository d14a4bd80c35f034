internal import HTTP

/// Reads default routes from the kernel's tables.
enum RouteTable {
    struct DefaultRoute: Equatable {
        let interface: String
        let gateway: IPAddress
    }

    /// `/proc/net/route`: name, destination, gateway, flags, three counters, mask; numbers in hexadecimal, addresses as
    /// this machine keeps them in memory.
    static func defaultRoutesV4(_ text: String) -> [DefaultRoute] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(whereSeparator: \.isWhitespace)
            guard columns.count >= 8, UInt32(columns[1], radix: 16) == 0, UInt32(columns[7], radix: 16) == 0,
                let gateway = UInt32(columns[2], radix: 16), gateway != 0
            else { return nil }
            return DefaultRoute(interface: String(columns[0]), gateway: IPAddress(v4: UInt32(bigEndian: gateway)))
        }
    }

    /// `/proc/net/ipv6_route`: destination and its length, source and its length, next hop, four numbers, name; all in
    /// hexadecimal without separators.
    static func defaultRoutesV6(_ text: String) -> [DefaultRoute] {
        text.split(separator: "\n").compactMap { line in
            let columns = line.split(whereSeparator: \.isWhitespace)
            guard columns.count >= 10, columns[0].allSatisfy({ $0 == "0" }), columns[1] == "00",
                columns[4].utf8.count == 32, let high = UInt64(columns[4].prefix(16), radix: 16),
                let low = UInt64(columns[4].suffix(16), radix: 16), high != 0 || low != 0
            else { return nil }
            return DefaultRoute(interface: String(columns[9]), gateway: IPAddress(v6: high, low))
        }
    }
}
