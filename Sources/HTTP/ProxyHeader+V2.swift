extension ProxyHeader {
    private static let fixedBytes = 16
    private static let unixPathBytes = 108

    /// ```
    /// 12  signature
    /// 1   version(4) = 2 | command(4): 0 LOCAL, 1 PROXY
    /// 1   family(4): 0 UNSPEC, 1 INET, 2 INET6, 3 UNIX | transport(4): 0 UNSPEC, 1 STREAM, 2 DGRAM
    /// 2   length of what follows, big-endian
    /// n   addresses: 12, 36 or 216 bytes; then TLVs: type(1), length(2), value
    /// ```
    static func parseV2(_ bytes: Span<UInt8>) throws(ProxyHeaderError) -> ProxyHeader? {
        let start = v2Signature.count
        guard bytes.count > start else { return nil }
        guard bytes[start] >> 4 == 2 else { throw .unsupportedVersion(bytes[start] >> 4) }
        let command = bytes[start] & 0x0F
        guard command <= 1 else { throw .unsupportedCommand(command) }
        let isLocal = command == 0

        guard bytes.count > start + 1 else { return nil }
        let family = bytes[start + 1]
        // Of a LOCAL connection the family is to be ignored.
        let addressBytes = isLocal ? 0 : try addressBytes(of: family)

        guard bytes.count >= fixedBytes else { return nil }
        let total = fixedBytes + Int(bigEndian(bytes, at: start + 2))
        guard total <= maxV2Bytes else { throw .headerTooLong(length: total, limit: maxV2Bytes) }
        guard total >= fixedBytes + addressBytes else {
            throw .truncatedAddresses(length: total - fixedBytes, needed: addressBytes)
        }
        guard bytes.count >= total else { return nil }
        guard !isLocal else { return ProxyHeader(version: .v2, connection: .local, length: total) }
        let connection = connection(of: family, bytes.extracting(fixedBytes..<fixedBytes + addressBytes))
        // Of an unspecified family nobody knows where the addresses end.
        if connection != .unknown {
            try checkExtensions(bytes.extracting(fixedBytes + addressBytes..<total))
        }
        return ProxyHeader(version: .v2, connection: connection, length: total)
    }

    private static func addressBytes(of family: UInt8) throws(ProxyHeaderError) -> Int {
        switch family {
        case 0x00: 0
        case 0x11, 0x12: 12
        case 0x21, 0x22: 36
        case 0x31, 0x32: 2 * unixPathBytes
        default: throw .unsupportedFamily(family)
        }
    }

    /// - Parameter block: As many bytes as the family has.
    private static func connection(of family: UInt8, _ block: Span<UInt8>) -> Connection {
        if family >> 4 == 3 {
            return .unix(
                source: path(block.extracting(first: unixPathBytes)),
                destination: path(block.extracting(last: unixPathBytes)))
        }
        let size = family >> 4 == 1 ? 4 : 16
        guard family != 0, let source = IPAddress(octets: block.extracting(0..<size)),
            let destination = IPAddress(octets: block.extracting(size..<2 * size))
        else { return .unknown }
        return .internet(
            source: Endpoint(address: source, port: bigEndian(block, at: 2 * size)),
            destination: Endpoint(address: destination, port: bigEndian(block, at: 2 * size + 2)))
    }

    private static func path(_ field: Span<UInt8>) -> [UInt8] {
        var path: [UInt8] = []
        for index in field.indices {
            path.append(field[index])
        }
        while path.last == 0 { path.removeLast() }
        return path
    }

    /// Nothing in them is used, checksums neither: TCP and TLS have better ones. But a header whose parts do not add up
    /// was not written by a proxy.
    private static func checkExtensions(_ bytes: Span<UInt8>) throws(ProxyHeaderError) {
        var rest = bytes
        while !rest.isEmpty {
            guard rest.count >= 3 else { throw .malformedExtension }
            let size = 3 + Int(bigEndian(rest, at: 1))
            guard rest.count >= size else { throw .malformedExtension }
            rest = rest.extracting(droppingFirst: size)
        }
    }

    private static func bigEndian(_ bytes: Span<UInt8>, at index: Int) -> UInt16 {
        UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
    }
}
