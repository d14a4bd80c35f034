/// Headers of the PROXY protocol as proxies send them.
enum ProxyHeaderBytes {
    static func v1(_ source: String) -> [UInt8] {
        Array("PROXY \(source.contains(":") ? "TCP6" : "TCP4") \(source) \(source) 4711 443\r\n".utf8)
    }

    static let unknownV1 = Array("PROXY UNKNOWN\r\n".utf8)
    /// A health check of the proxy's own.
    static let localV2 = v2(command: 0x20, family: 0, [])
    static let unspecifiedV2 = v2(command: 0x21, family: 0, [])

    /// IPv4 only, ports 0 as Caddy sends them, and a TLV of three bytes.
    static func v2(_ source: String) -> [UInt8] {
        let address = source.split(separator: ".").compactMap { UInt8($0) }
        return v2(command: 0x21, family: 0x11, address + [0, 0, 0, 0] + [0, 0, 0, 0] + [0x04, 0, 3, 1, 2, 3])
    }

    private static func v2(command: UInt8, family: UInt8, _ rest: [UInt8]) -> [UInt8] {
        [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, command, family, 0, UInt8(rest.count)]
            + rest
    }
}
