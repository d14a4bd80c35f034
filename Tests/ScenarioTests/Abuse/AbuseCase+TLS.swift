extension AbuseCase {
    /// A record: type, version 3.3 unless told otherwise, length, fragment.
    private static func record(_ type: UInt8, _ fragment: [UInt8], version: [UInt8] = [3, 3]) -> [UInt8] {
        [type] + version + [UInt8(fragment.count >> 8), UInt8(fragment.count & 0xFF)] + fragment
    }

    private static func vector(_ bytes: [UInt8], lengthOctets: Int) -> [UInt8] {
        (0..<lengthOctets).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * (lengthOctets - 1 - $0))) } + bytes
    }

    private static func handshake(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        [type] + vector(body, lengthOctets: 3)
    }

    /// A ClientHello without extensions but for those given.
    private static func clientHello(
        version: [UInt8] = [3, 3], suites: [UInt8] = [0xC0, 0x2B, 0xC0, 0x2F], compression: [UInt8] = [0],
        extensions: [UInt8] = [0, 10, 0, 4, 0, 2, 0, 29]
    ) -> [UInt8] {
        handshake(
            1,
            version + [UInt8](repeating: 7, count: 32) + [0] + vector(suites, lengthOctets: 2)
                + vector(compression, lengthOctets: 1) + vector(extensions, lengthOctets: 2))
    }

    private static func padding(_ count: Int) -> [UInt8] {
        [0, 21] + vector([UInt8](repeating: 0, count: count), lengthOctets: 2)
    }

    private static func plain(_ text: String, _ description: String) -> AbuseCase {
        AbuseCase(
            description, .tcp, Array(text.utf8), .http(400, has: "This port speaks TLS"), rule: "plain-http-on-tls-port"
        )
    }

    /// protocol_version, handshake_failure, decode_error, illegal_parameter, unexpected_message, record_overflow,
    /// bad_record_mac, missing_extension, internal_error: what exactly, OpenSSL decides.
    private static let anyAlert: Set<UInt8> = [10, 20, 22, 40, 47, 50, 70, 80, 109]

    static let plainOnTLS: [AbuseCase] = [
        plain("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "plain GET on the TLS port"),
        plain("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "plain HEAD on the TLS port"),
        plain("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", "plain PUT on the TLS port"),
        plain("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "CONNECT on the TLS port"),
        plain(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + String(repeating: "x", count: 300_000),
            "plain POST with a long body on the TLS port"),
        plain(RawWebSocket.upgrade(), "a plain upgrade on the TLS port"),
    ]

    static let handshakes: [AbuseCase] = [
        AbuseCase("octets of 0xFF", .tcp, [UInt8](repeating: 0xFF, count: 64), .end, rule: "not-tls"),
        AbuseCase("octets of 0", .tcp, [UInt8](repeating: 0, count: 64), .end),
        AbuseCase("the banner of SSH", .tcp, Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), .end, rule: "not-tls"),
        AbuseCase("a mail client", .tcp, Array("EHLO there\r\n".utf8), .end),
        AbuseCase("a record of version 9.9", .tcp, record(22, clientHello(), version: [9, 9]), .end),
        AbuseCase("a record of 65535 bytes", .tcp, [22, 3, 1, 0xFF, 0xFF] + clientHello(), .end),
        AbuseCase("an empty record", .tcp, record(22, []), .end, endsSending: true),
        AbuseCase("application data before the handshake", .tcp, record(23, [1, 2, 3]), .alert(anyAlert)),
        AbuseCase("an alert before the handshake", .tcp, record(21, [2, 40]), .end),
        AbuseCase("a ServerHello from a client", .tcp, record(22, handshake(2, [3, 3])), .alert(anyAlert)),
        AbuseCase("a ClientHello of 16 MB announced", .tcp, record(22, [1, 0xFF, 0xFF, 0xFF, 3, 3]), .alert(anyAlert)),
        AbuseCase(
            "a ClientHello that is cut off", .tcp, Array(record(22, clientHello()).prefix(30)), .end, endsSending: true),
        AbuseCase("a record's header alone", .tcp, [22, 3, 1], .end, endsSending: true),
        AbuseCase("nothing at all", .tcp, [], .end, endsSending: true),
        AbuseCase("TLS 1.0", .tcp, record(22, clientHello(version: [3, 1]), version: [3, 1]), .alert([70])),
        AbuseCase(
            "TLS 1.1", .tcp, record(22, clientHello(version: [3, 2]), version: [3, 1]), .alert([70]),
            rule: "tls-version"),
        AbuseCase("SSL 3.0", .tcp, record(22, clientHello(version: [3, 0]), version: [3, 0]), .alert([40, 70])),
        AbuseCase(
            "the ClientHello of SSL 2", .tcp,
            [0x80, 0x1C, 1, 0, 2, 0, 3, 0, 0, 0, 16, 1, 0, 0x80] + [UInt8](repeating: 7, count: 16), .end),
        AbuseCase(
            "suites that nobody should use", .tcp, record(22, clientHello(suites: [0, 5, 0, 10])), .alert([40]),
            rule: "tls-parameters"),
        AbuseCase("no suite at all", .tcp, record(22, clientHello(suites: [])), .alert(anyAlert)),
        AbuseCase("half a suite", .tcp, record(22, clientHello(suites: [0xC0])), .alert(anyAlert)),
        AbuseCase("no compression method", .tcp, record(22, clientHello(compression: [])), .alert(anyAlert)),
        AbuseCase(
            "an extension twice", .tcp,
            record(22, clientHello(extensions: [0, 10, 0, 4, 0, 2, 0, 29, 0, 10, 0, 4, 0, 2, 0, 29])),
            .alert(anyAlert)),
        AbuseCase(
            "an extension longer than all of them", .tcp, record(22, clientHello(extensions: [0, 10, 0xFF, 0xFF, 0])),
            .alert(anyAlert)),
        AbuseCase(
            "a huge ClientHello in many records", .tcp,
            {
                let hello = clientHello(extensions: padding(60_000))
                return stride(from: 0, to: hello.count, by: 16_000).flatMap {
                    record(22, Array(hello[$0..<min($0 + 16_000, hello.count)]))
                }
            }(), .end, endsSending: true),
    ]

    static let established: [AbuseCase] = [
        AbuseCase("garbage beneath TLS", .beneathTLS, [UInt8](repeating: 0xAA, count: 64), .end, rule: "tls-protocol"),
        AbuseCase("a record that was never sealed", .beneathTLS, record(23, [UInt8](repeating: 1, count: 64)), .end),
        AbuseCase("a ClientHello after the handshake", .beneathTLS, record(22, clientHello()), .end),
        AbuseCase("an unsealed alert after the handshake", .beneathTLS, record(21, [1, 0]), .end),
        AbuseCase("an unsealed ChangeCipherSpec", .beneathTLS, record(20, [1]), .end),
        AbuseCase("the end of the stream without close_notify", .beneathTLS, [], .end, endsSending: true),
    ]
}
