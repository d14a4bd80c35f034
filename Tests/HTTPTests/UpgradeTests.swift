import HTTP
import Testing

@Suite("WebSocket upgrade, RFC 6455 §4")
struct UpgradeTests {
    static let key = "dGhlIHNhbXBsZSBub25jZQ=="

    static func upgrade(
        target: String = "/chat", method: String = "GET", version: String = "HTTP/1.1", without: String? = nil,
        extra: [String] = []
    ) throws -> RequestHead {
        let lines = [
            "Host: server.example.com", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
            "Sec-WebSocket-Key: \(key)", "Origin: http://example.com", "Sec-WebSocket-Version: 13",
        ].filter { without.map($0.hasPrefix) != true }
        let text = (["\(method) \(target) \(version)"] + lines + extra + ["", ""]).joined(separator: "\r\n")
        guard let parsed = try parse(Array(text.utf8)) else { throw Incomplete() }
        return parsed.head
    }

    @Test("any path is accepted, with or without a query", arguments: ["/", "/gateway", "/ws", "/a/b?token=x"])
    func anyPath(_ target: String) throws {
        let head = try Self.upgrade(target: target)
        #expect(Upgrade.isRequested(by: head))
        #expect(try Upgrade.validate(head) == Self.key)
    }

    @Test("the accept key of §1.3")
    func acceptKey() {
        let digest: [UInt8] = [
            0xB3, 0x7A, 0x4F, 0x2C, 0xC0, 0x62, 0x4F, 0x16, 0x90, 0xF6, 0x46, 0x06, 0xCF, 0x38, 0x59, 0x45, 0xB2, 0xBE,
            0xC4, 0xEA,
        ]
        let accept = Upgrade.acceptKey(for: Self.key) { input in
            #expect(input == Array("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
            return digest
        }
        #expect(accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var method = "GET"
        var version = "HTTP/1.1"
        var without: String?
        var extra: [String] = []
        let error: HTTPError
        let status: Int
    }

    static let refusals: [Refusal] = [
        Refusal(testDescription: "POST", method: "POST", error: .upgradeMethod("POST"), status: 405),
        Refusal(testDescription: "HTTP/1.0", version: "HTTP/1.0", error: .upgradeHTTPVersion, status: 400),
        Refusal(testDescription: "no Upgrade", without: "Upgrade", error: .notAnUpgrade, status: 426),
        Refusal(testDescription: "no Connection", without: "Connection", error: .upgradeWithoutConnection, status: 400),
        Refusal(
            testDescription: "no version", without: "Sec-WebSocket-Version", error: .unsupportedWebSocketVersion(nil),
            status: 426),
        Refusal(
            testDescription: "version 8", without: "Sec-WebSocket-Version", extra: ["Sec-WebSocket-Version: 8"],
            error: .unsupportedWebSocketVersion("8"), status: 426),
        Refusal(
            testDescription: "two versions", extra: ["Sec-WebSocket-Version: 13"],
            error: .duplicateField("sec-websocket-version"), status: 400),
        Refusal(testDescription: "no key", without: "Sec-WebSocket-Key", error: .invalidWebSocketKey, status: 400),
        Refusal(
            testDescription: "a key of 13 bytes", without: "Sec-WebSocket-Key",
            extra: ["Sec-WebSocket-Key: SGVsbG8sIHdvcmxkIQ=="], error: .invalidWebSocketKey, status: 400),
        Refusal(
            testDescription: "a key outside of the alphabet", without: "Sec-WebSocket-Key",
            extra: ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j_Q=="], error: .invalidWebSocketKey, status: 400),
        Refusal(
            testDescription: "a key of 17 bytes", without: "Sec-WebSocket-Key",
            extra: ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE="], error: .invalidWebSocketKey, status: 400),
        Refusal(
            testDescription: "two keys", extra: ["Sec-WebSocket-Key: \(key)"],
            error: .duplicateField("sec-websocket-key"), status: 400),
        Refusal(testDescription: "a body", extra: ["Content-Length: 5"], error: .upgradeWithBody, status: 400),
        Refusal(
            testDescription: "a chunked body", extra: ["Transfer-Encoding: chunked"], error: .upgradeWithBody,
            status: 400),
    ]

    @Test("a handshake that is wrong is refused", arguments: refusals)
    func refused(_ refusal: Refusal) throws {
        let head = try Self.upgrade(
            method: refusal.method, version: refusal.version, without: refusal.without, extra: refusal.extra)
        #expect(throws: refusal.error) { try Upgrade.validate(head) }
        #expect(refusal.error.status == refusal.status)
        if refusal.status == 426 {
            #expect(refusal.error.fields.contains(HeaderField("Sec-WebSocket-Version", "13")))
        }
    }

    @Test("names are compared without case and in lists")
    func lists() throws {
        let head = try request(
            "Upgrade: h2c, WebSocket", "Connection: close", "Connection: UPGRADE", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: \(Self.key)")
        #expect(try Upgrade.validate(head) == Self.key)
    }

    @Test("the 101 is the one of §1.3")
    func response() {
        let text = String(decoding: Upgrade.response(acceptKey: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), as: UTF8.self)
        #expect(
            text == "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    }

    @Test("our request passes our server, and our server's answer our client")
    func bothHalves() throws {
        let bytes = UpgradeClient.request(
            host: "[::1]:18789", path: "/gateway?a=b c#d", key: UpgradeClient.key(from: Array("the sample nonce".utf8)),
            fields: [HeaderField("User-Agent", "x\r\nInjected: yes")])
        let parsed = try #require(try parse(bytes))
        #expect(try Upgrade.validate(parsed.head) == Self.key)
        #expect(parsed.head.host == "[::1]:18789")
        #expect(parsed.head.requestTarget == "/gateway?a=b%20c%23d")
        #expect(parsed.head.first("injected") == nil)
        #expect(parsed.head.first("user-agent") == "x  Injected: yes")

        let answer = Upgrade.response(acceptKey: "accept", fields: [HeaderField("X-Further", "1")])
        for cut in 0..<answer.count {
            var parser = ResponseHeadParser()
            #expect(try parser.parse(answer.span.extracting(first: cut)) == nil)
            let response = try #require(try parser.parse(answer.span))
            #expect(response.consumed == answer.count)
            try UpgradeClient.validate(response.head, expectedAccept: "accept")
        }
    }

    static let answers: [([String], UpgradeError)] = [
        (["HTTP/1.1 503 Service Unavailable"], .refused(status: 503)),
        (["HTTP/1.1 200"], .refused(status: 200)),
        (["HTTP/1.1 101 x", "Connection: Upgrade", "Sec-WebSocket-Accept: a"], .missingUpgrade),
        (["HTTP/1.1 101 x", "Upgrade: websocket", "Sec-WebSocket-Accept: a"], .missingConnection),
        (["HTTP/1.1 101 x", "Upgrade: websocket", "Connection: Upgrade"], .wrongAccept),
        (["HTTP/1.1 101 x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: b"], .wrongAccept),
        (
            [
                "HTTP/1.1 101 x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: a",
                "Sec-WebSocket-Protocol: chat",
            ], .notOffered(field: "sec-websocket-protocol")
        ),
        (
            [
                "HTTP/1.1 101 x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: a",
                "Sec-WebSocket-Extensions: permessage-deflate",
            ], .notOffered(field: "sec-websocket-extensions")
        ),
    ]

    @Test("an answer that is wrong is refused", arguments: answers)
    func wrongAnswer(_ lines: [String], _ error: UpgradeError) throws {
        var parser = ResponseHeadParser()
        let bytes = Array((lines + ["", ""]).joined(separator: "\r\n").utf8)
        let response = try #require(try parser.parse(bytes.span))
        #expect(throws: error) { try UpgradeClient.validate(response.head, expectedAccept: "a") }
    }

    @Test(
        "a status line that is none is refused",
        arguments: ["HTTP/1.1", "HTTP/1.1 20 x", "HTTP/1.1 099 x", "HTTP/1.1 2000", "SSH-2.0-x", "HTTP/1.1  200"])
    func wrongStatusLine(_ line: String) {
        #expect(throws: HTTPError.malformedStatusLine) {
            var parser = ResponseHeadParser()
            let bytes = Array("\(line)\r\n\r\n".utf8)
            _ = try parser.parse(bytes.span)
        }
    }
}
