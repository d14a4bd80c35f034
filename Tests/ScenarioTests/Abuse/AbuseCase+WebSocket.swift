extension AbuseCase {
    private static func echo(
        _ description: String, _ bytes: [UInt8], _ code: Int, _ rule: String?, reason: String = ""
    ) -> AbuseCase {
        AbuseCase(description, .echo, bytes, .close(code, reason), rule: rule)
    }

    private static func frame(_ first: UInt8, _ payload: [UInt8] = [], length: [UInt8]? = nil) -> [UInt8] {
        RawWebSocket.frame(first, payload, length: length)
    }

    private static let hello = Array("hello".utf8)

    static let frames: [AbuseCase] =
        [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70].map {
            echo("reserved bits \($0)", frame(0x81 | UInt8($0), hello), 1002, "reserved-bits")
        }
        + ([3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8]).map {
            echo("opcode \($0)", frame(0x80 | $0, hello), 1002, "reserved-opcode")
        }
        + ([8, 9, 10] as [UInt8]).flatMap {
            [
                echo("a fragment of control frame \($0)", frame($0), 1002, "fragmented-control-frame"),
                echo(
                    "control frame \($0) of 126 bytes", frame(0x80 | $0, [UInt8](repeating: 1, count: 126)), 1002,
                    "oversized-control-frame"),
            ]
        }
        + [
            echo(
                "a length of 2^63", frame(0x82, length: [127, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1002, "frame-length"),
            echo(
                "a length of 2^64 - 1", frame(0x82, length: [127] + [UInt8](repeating: 0xFF, count: 8)), 1002,
                "frame-length"),
            echo(
                "a length of 2^63 - 1", frame(0x82, length: [127, 0x7F] + [UInt8](repeating: 0xFF, count: 7)), 1009,
                "message-size"),
            echo(
                "one byte more than 25 MiB", frame(0x82, length: [127, 0, 0, 0, 0, 1, 0x90, 0, 1]), 1009, "message-size"
            ),
            echo("5 bytes as 16 bits", frame(0x81, hello, length: [126, 0, 5]), 1002, "frame-length"),
            echo(
                "5 bytes as 64 bits", frame(0x81, hello, length: [127, 0, 0, 0, 0, 0, 0, 0, 5]), 1002, "frame-length"),
            echo("a text that is not masked", RawWebSocket.frame(0x81, hello, isMasked: false), 1002, "unmasked-frame"),
            echo("a ping that is not masked", RawWebSocket.frame(0x89, isMasked: false), 1002, "unmasked-frame"),
            echo("a continuation of nothing", frame(0x80, hello), 1002, "unexpected-continuation"),
            echo("an unfinished continuation of nothing", frame(0x00, hello), 1002, "unexpected-continuation"),
            echo("a text within a text", frame(0x01, hello) + frame(0x81, hello), 1002, "interrupted-message"),
            echo("a binary within a text", frame(0x01, hello) + frame(0x82, hello), 1002, "interrupted-message"),
            echo(
                "fragments that together are too much",
                frame(0x02, hello) + frame(0x80, length: [127, 0, 0, 0, 0, 1, 0x8F, 0xFF, 0xFC]), 1009, "message-size"),
        ]

    private static func text(_ octets: [UInt8]...) -> [UInt8] {
        octets.enumerated().flatMap { index, part in
            frame((index == 0 ? 0x01 : 0x00) | (index == octets.count - 1 ? 0x80 : 0), part)
        }
    }

    static let texts: [AbuseCase] = [
        echo("an overlong slash", text([0xC0, 0xAF]), 1007, "invalid-utf8"),
        echo("half of a surrogate pair", text([0xED, 0xA0, 0x80]), 1007, "invalid-utf8"),
        echo("a scalar beyond Unicode", text([0xF4, 0x90, 0x80, 0x80]), 1007, "invalid-utf8"),
        echo("a scalar that is cut off", text([0xE2, 0x82]), 1007, "invalid-utf8"),
        echo("a continuation octet", text([0x80]), 1007, "invalid-utf8"),
        echo("0xFF", text([0xFF]), 1007, "invalid-utf8"),
        echo("a scalar broken by a fragment's end", text([0xE2, 0x82], [0x41]), 1007, "invalid-utf8"),
        AbuseCase("a scalar over three fragments is good", .echo, text([0xE2], [0x82], [0xAC]), .echo("€")),
        AbuseCase(
            "a ping within a message is good", .echo, frame(0x01, hello) + frame(0x89) + frame(0x80, hello),
            .echo("hellohello")),
        AbuseCase(
            "10000 pings before a message", .echo,
            Array(repeatElement(frame(0x89, hello), count: 10_000).joined()) + frame(0x81, hello), .echo("hello")),
        AbuseCase(
            "10000 pongs that nobody asked for", .echo,
            Array(repeatElement(frame(0x8A, hello), count: 10_000).joined()) + frame(0x81, hello), .echo("hello")),
        AbuseCase(
            "10000 empty fragments", .echo,
            frame(0x01) + Array(repeatElement(frame(0x00), count: 10_000).joined()) + frame(0x80, hello), .echo("hello")
        ),
        AbuseCase(
            "the end of the stream in a frame", .echo, Array(frame(0x81, hello).prefix(4)), .end, endsSending: true),
        AbuseCase(
            "the end of the stream in a message", .echo, frame(0x01, hello), .end, endsSending: true),
    ]

    static let closes: [AbuseCase] =
        [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map {
            echo("close code \($0)", RawWebSocket.close($0), 1002, "close-code")
        }
        + [1000, 1001, 1003, 1007, 1011, 3000, 4999].map {
            echo("close code \($0) is answered with itself", RawWebSocket.close($0), $0, nil)
        }
        + [
            echo("half a close code", frame(0x88, [3]), 1002, "close-code"),
            echo("a close reason that is not UTF-8", RawWebSocket.close(1000, [0xFF]), 1007, "invalid-utf8"),
            echo(
                "data behind a Close frame is not looked at",
                RawWebSocket.close(1000) + frame(0x83, hello) + [UInt8](repeating: 0xFF, count: 100_000), 1000, nil),
            echo(
                "a long message behind a broken frame does not cost the Close frame",
                frame(0x83) + [UInt8](repeating: 0xFF, count: 4_000_000), 1002, "reserved-opcode"),
        ]
}
