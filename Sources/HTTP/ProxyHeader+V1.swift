extension ProxyHeader {
    /// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443` and CR LF.
    static func parseV1(_ bytes: Span<UInt8>) throws(ProxyHeaderError) -> ProxyHeader? {
        guard let end = try endOfLine(bytes) else { return nil }
        var line: [UInt8] = []
        for index in v1Signature.count..<end {
            line.append(bytes[index])
        }
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let connection: Connection
        switch words[0] {
        // Whatever follows is to be ignored.
        case "UNKNOWN": connection = .unknown
        case "TCP4": connection = try internet(words, isV6: false)
        case "TCP6": connection = try internet(words, isV6: true)
        default: throw .unknownProtocol
        }
        return ProxyHeader(version: .v1, connection: connection, length: end + 2)
    }

    /// The index of CR; `nil` when it, or the LF behind it, has not come yet.
    private static func endOfLine(_ bytes: Span<UInt8>) throws(ProxyHeaderError) -> Int? {
        for index in 0..<min(bytes.count, maxV1Bytes) {
            switch bytes[index] {
            case UInt8(ascii: "\r"):
                guard index + 1 < maxV1Bytes else { throw .lineTooLong(limit: maxV1Bytes) }
                guard index + 1 < bytes.count else { return nil }
                guard bytes[index + 1] == UInt8(ascii: "\n") else { throw .bareCarriageReturn }
                return index
            case UInt8(ascii: "\n"):
                throw .bareLineFeed
            case 0x20...0x7E:
                break
            case let octet:
                throw .invalidOctet(octet)
            }
        }
        guard bytes.count < maxV1Bytes else { throw .lineTooLong(limit: maxV1Bytes) }
        return nil
    }

    private static func internet(_ words: [String], isV6: Bool) throws(ProxyHeaderError) -> Connection {
        guard words.count == 5 else { throw .malformedLine }
        // A mapped IPv6 address is IPv6 here, whatever becomes of it later.
        guard words[1].utf8.contains(UInt8(ascii: ":")) == isV6, words[2].utf8.contains(UInt8(ascii: ":")) == isV6,
            let source = IPAddress(words[1]), let destination = IPAddress(words[2])
        else { throw .invalidAddress }
        guard let sourcePort = port(words[3]), let destinationPort = port(words[4]) else { throw .invalidPort }
        return .internet(
            source: Endpoint(address: source, port: sourcePort),
            destination: Endpoint(address: destination, port: destinationPort))
    }

    private static func port(_ text: String) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(FieldSyntax.isDigit),
            text == "0" || !text.hasPrefix("0")
        else { return nil }
        return UInt16(text)
    }
}
