import HTTP
import Testing

@Suite("PROXY protocol, versions 1 and 2")
struct ProxyHeaderTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let version: ProxyHeader.Version
        let connection: ProxyHeader.Connection

        init(_ line: String, _ connection: ProxyHeader.Connection) {
            testDescription = line
            bytes = Array("PROXY \(line)\r\n".utf8)
            version = .v1
            self.connection = connection
        }

        init(_ description: String, _ bytes: [UInt8], _ connection: ProxyHeader.Connection) {
            testDescription = description
            self.bytes = bytes
            version = .v2
            self.connection = connection
        }
    }

    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    static let v4Block: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 1, 0xDC, 0x04, 0x01, 0xBB]
    static let v6Block: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
        + [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [2] + [0xDC, 0x04, 0x01, 0xBB]

    static func v2(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 0xFF)] + rest
    }

    static func internet(
        _ source: String, _ sourcePort: UInt16, _ destination: String, _ destinationPort: UInt16
    ) -> ProxyHeader.Connection {
        guard let from = IPAddress(source), let to = IPAddress(destination) else { return .unknown }
        return .internet(
            source: .init(address: from, port: sourcePort), destination: .init(address: to, port: destinationPort))
    }

    static func path(_ text: String) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: 0, count: 108 - text.utf8.count)
    }

    static let vectors = [
        Vector("TCP4 192.0.2.1 198.51.100.1 56324 443", internet("192.0.2.1", 56324, "198.51.100.1", 443)),
        Vector(
            "TCP4 255.255.255.255 255.255.255.255 65535 65535",
            internet("255.255.255.255", 65535, "255.255.255.255", 65535)),
        Vector(
            "TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
            internet(
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535)),
        Vector("TCP6 2001:db8::1 2001:db8::2 1 2", internet("2001:db8::1", 1, "2001:db8::2", 2)),
        Vector("TCP6 ::ffff:192.0.2.1 ::1 0 0", internet("192.0.2.1", 0, "::1", 0)),
        Vector("UNKNOWN", .unknown),
        Vector("UNKNOWN  whatever 1.2.3.4 ", .unknown),
        Vector(
            "UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
            .unknown),
        Vector("TCP over IPv4", v2(0x21, 0x11, v4Block), internet("192.0.2.1", 56324, "198.51.100.1", 443)),
        Vector("UDP over IPv4", v2(0x21, 0x12, v4Block), internet("192.0.2.1", 56324, "198.51.100.1", 443)),
        Vector("TCP over IPv6", v2(0x21, 0x21, v6Block), internet("2001:db8::1", 56324, "2001:db8::2", 443)),
        Vector("UDP over IPv6", v2(0x21, 0x22, v6Block), internet("2001:db8::1", 56324, "2001:db8::2", 443)),
        Vector(
            "no destination and no ports, as Caddy sends",
            v2(0x21, 0x11, [192, 0, 2, 1] + [UInt8](repeating: 0, count: 8)),
            internet("192.0.2.1", 0, "0.0.0.0", 0)),
        Vector(
            "ALPN and SSL, as HAProxy sends",
            v2(
                0x21, 0x11,
                v4Block + [0x01, 0x00, 0x08] + Array("http/1.1".utf8)
                    + [0x20, 0x00, 0x0F, 0x01, 0, 0, 0, 0, 0x21, 0x00, 0x07] + Array("TLSv1.3".utf8)),
            internet("192.0.2.1", 56324, "198.51.100.1", 443)),
        Vector(
            "an empty TLV and padding", v2(0x21, 0x11, v4Block + [0x04, 0, 0, 0x04, 0, 2, 0, 0]),
            internet("192.0.2.1", 56324, "198.51.100.1", 443)),
        Vector(
            "UNIX", v2(0x21, 0x31, path("/run/a.sock") + path("/run/b.sock")),
            .unix(source: Array("/run/a.sock".utf8), destination: Array("/run/b.sock".utf8))),
        Vector(
            "UNIX, abstract and unnamed", v2(0x21, 0x32, path("\0name") + path("")),
            .unix(source: Array("\0name".utf8), destination: [])),
        Vector("UNSPEC", v2(0x21, 0x00, []), .unknown),
        Vector("UNSPEC with something", v2(0x21, 0x00, [1, 2, 3, 4, 5]), .unknown),
        Vector("LOCAL", v2(0x20, 0x00, []), .local),
        Vector("LOCAL with addresses, which do not count", v2(0x20, 0x11, v4Block), .local),
        Vector("LOCAL with a family that there is not", v2(0x20, 0xFF, [1, 2, 3]), .local),
    ]

    @Test("is read, and what follows it is not touched", arguments: vectors)
    func read(_ vector: Vector) throws {
        let header = ProxyHeader(
            version: vector.version, connection: vector.connection, length: vector.bytes.count)
        #expect(try ProxyHeader.parse(vector.bytes.span) == header)
        let more = vector.bytes + [0x16, 0x03, 0x01, 0x0D, 0x0A]
        #expect(try ProxyHeader.parse(more.span) == header)
    }

    @Test("at every cut it asks for more", arguments: vectors)
    func everyCut(_ vector: Vector) throws {
        for cut in 0..<vector.bytes.count {
            #expect(try ProxyHeader.parse(vector.bytes.span.extracting(first: cut)) == nil, "cut at \(cut)")
        }
    }

    static let malformedLines: [(line: String, error: ProxyHeaderError)] = [
        ("TCP4 192.0.2.1 198.51.100.1 1 2\n", .bareLineFeed),
        ("TCP4 192.0.2.1 198.51.100.1 1 2\r\r\n", .bareCarriageReturn),
        ("TCP4\t192.0.2.1 198.51.100.1 1 2\r\n", .invalidOctet(9)),
        ("TCP4 192.0.2.1 198.51.100.1 1 2\u{0}\r\n", .invalidOctet(0)),
        ("UNKNOWN \u{E9}\r\n", .invalidOctet(0xC3)),
        ("\r\n", .unknownProtocol), ("TCP5 192.0.2.1 198.51.100.1 1 2\r\n", .unknownProtocol),
        ("tcp4 192.0.2.1 198.51.100.1 1 2\r\n", .unknownProtocol),
        (" TCP4 192.0.2.1 198.51.100.1 1 2\r\n", .unknownProtocol), ("UNKNOWNX\r\n", .unknownProtocol),
        ("TCP4\r\n", .malformedLine), ("TCP4 192.0.2.1 198.51.100.1 1\r\n", .malformedLine),
        ("TCP4 192.0.2.1 198.51.100.1 1 2 \r\n", .malformedLine),
        ("TCP4 192.0.2.1  198.51.100.1 1 2\r\n", .malformedLine),
        ("TCP4 2001:db8::1 198.51.100.1 1 2\r\n", .invalidAddress),
        ("TCP4 192.0.2.1 2001:db8::1 1 2\r\n", .invalidAddress),
        ("TCP6 192.0.2.1 2001:db8::1 1 2\r\n", .invalidAddress),
        ("TCP6 2001:db8::1 192.0.2.1 1 2\r\n", .invalidAddress),
        ("TCP4 192.0.2.01 198.51.100.1 1 2\r\n", .invalidAddress),
        ("TCP4 192.0.2.256 198.51.100.1 1 2\r\n", .invalidAddress),
        ("TCP6 [2001:db8::1] 2001:db8::2 1 2\r\n", .invalidAddress),
        ("TCP6 2001:db8::1%eth0 2001:db8::2 1 2\r\n", .invalidAddress),
        ("TCP4 192.0.2.1 198.51.100.1 65536 2\r\n", .invalidPort),
        ("TCP4 192.0.2.1 198.51.100.1 1 02\r\n", .invalidPort),
        ("TCP4 192.0.2.1 198.51.100.1 00 2\r\n", .invalidPort),
        ("TCP4 192.0.2.1 198.51.100.1 +1 2\r\n", .invalidPort),
        ("TCP4 192.0.2.1 198.51.100.1 -1 2\r\n", .invalidPort),
        ("TCP4 192.0.2.1 198.51.100.1 1 x\r\n", .invalidPort),
        ("TCP4 192.0.2.1 198.51.100.1 1 123456\r\n", .invalidPort),
    ]

    @Test("a malformed line is refused with the rule", arguments: malformedLines)
    func malformedLine(_ line: String, _ error: ProxyHeaderError) {
        let bytes = Array("PROXY \(line)".utf8)
        #expect(throws: error) { try ProxyHeader.parse(bytes.span) }
        #expect(error.rule.hasSuffix("."))
    }

    @Test("a line ends within 107 bytes, with nothing read beyond them")
    func lineLength() throws {
        let longest = Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 91)
        let whole = longest + Array("\r\n".utf8)
        #expect(whole.count == ProxyHeader.maxV1Bytes)
        #expect(try ProxyHeader.parse(whole.span)?.length == 107)
        let tooLong = longest + Array("x\r\n".utf8)
        for cut in 0...106 {
            #expect(try ProxyHeader.parse(tooLong.span.extracting(first: cut)) == nil)
        }
        for count in 107...tooLong.count {
            #expect(throws: ProxyHeaderError.lineTooLong(limit: 107)) {
                try ProxyHeader.parse(tooLong.span.extracting(first: count))
            }
        }
    }

    static let malformedBlocks: [(description: String, bytes: [UInt8], error: ProxyHeaderError)] = [
        ("version 1 in binary", v2(0x11, 0x11, v4Block), .unsupportedVersion(1)),
        ("version 3", v2(0x31, 0x11, v4Block), .unsupportedVersion(3)),
        ("a command that there is not", v2(0x22, 0x11, v4Block), .unsupportedCommand(2)),
        ("a family that there is not", v2(0x21, 0x41, v4Block), .unsupportedFamily(0x41)),
        ("a transport that there is not", v2(0x21, 0x13, v4Block), .unsupportedFamily(0x13)),
        ("IPv4 without a transport", v2(0x21, 0x10, v4Block), .unsupportedFamily(0x10)),
        ("a transport without a family", v2(0x21, 0x01, v4Block), .unsupportedFamily(0x01)),
        ("IPv4, one byte short", v2(0x21, 0x11, v4Block.dropLast()), .truncatedAddresses(length: 11, needed: 12)),
        ("IPv6, one byte short", v2(0x21, 0x21, v6Block.dropLast()), .truncatedAddresses(length: 35, needed: 36)),
        ("IPv6 with the addresses of IPv4", v2(0x21, 0x21, v4Block), .truncatedAddresses(length: 12, needed: 36)),
        (
            "UNIX, one byte short", v2(0x21, 0x31, path("a") + path("b").dropLast()),
            .truncatedAddresses(length: 215, needed: 216)
        ),
        ("no addresses", v2(0x21, 0x11, []), .truncatedAddresses(length: 0, needed: 12)),
        ("half a TLV", v2(0x21, 0x11, v4Block + [0x04, 0x00]), .malformedExtension),
        ("a TLV that ends too late", v2(0x21, 0x11, v4Block + [0x04, 0x00, 0x02, 0x00]), .malformedExtension),
        ("a TLV beyond everything", v2(0x21, 0x11, v4Block + [0x04, 0xFF, 0xFF, 0x00]), .malformedExtension),
    ]

    @Test("a malformed block is refused with the rule", arguments: malformedBlocks)
    func malformedBlock(_ description: String, _ bytes: [UInt8], _ error: ProxyHeaderError) {
        #expect(throws: error) { try ProxyHeader.parse(bytes.span) }
        // And no part of it is taken for something else.
        for cut in 0..<bytes.count {
            do throws(ProxyHeaderError) {
                #expect(try ProxyHeader.parse(bytes.span.extracting(first: cut)) == nil)
            } catch let early {
                #expect(early == error)
            }
        }
        #expect(error.rule.hasSuffix("."))
    }

    @Test("the longest block passes, and one byte more is refused before it has come")
    func blockLength() throws {
        func header(_ total: Int) -> [UInt8] {
            let padding = total - 16 - Self.v4Block.count - 3
            return Self.v2(
                0x21, 0x11,
                Self.v4Block + [0x04, UInt8(padding >> 8), UInt8(padding & 0xFF)]
                    + [UInt8](repeating: 0, count: padding))
        }
        for total in [536, ProxyHeader.maxV2Bytes - 1, ProxyHeader.maxV2Bytes] {
            #expect(try ProxyHeader.parse(header(total).span)?.length == total)
        }
        let tooLong = header(ProxyHeader.maxV2Bytes + 1)
        #expect(throws: ProxyHeaderError.headerTooLong(length: 2049, limit: 2048)) {
            try ProxyHeader.parse(tooLong.span.extracting(first: 16))
        }
        let local: [UInt8] = Self.signature + [0x20, 0x00, 0xFF, 0xFF]
        #expect(throws: ProxyHeaderError.headerTooLong(length: 65_551, limit: 2048)) {
            try ProxyHeader.parse(local.span)
        }
    }

    @Test(
        "what TLS and HTTP begin with is no header, from the first byte that differs",
        arguments: [
            [0x16, 0x03, 0x01], Array("GET / HTTP/1.1".utf8), Array("POST /".utf8), Array("PUT /".utf8),
            Array("PROXYS".utf8), Array("proxy ".utf8), [0x0D, 0x0A, 0x0D, 0x0A, 0x01], [0x0D, 0x0A, 0x47], [0x00],
        ] as [[UInt8]])
    func absent(_ bytes: [UInt8]) {
        #expect(ProxyHeader.detect(bytes.span) == .absent)
        #expect(throws: ProxyHeaderError.absent) { try ProxyHeader.parse(bytes.span) }
    }

    @Test("its version is known by the end of its signature")
    func detection() {
        for (signature, version) in [(Array("PROXY ".utf8), ProxyHeader.Version.v1), (Self.signature, .v2)] {
            for cut in 0..<signature.count {
                #expect(ProxyHeader.detect(signature.span.extracting(first: cut)) == .undecided)
            }
            #expect(ProxyHeader.detect(signature.span) == .present(version))
        }
    }
}
