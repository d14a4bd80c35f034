import HTTP
import Testing

@Suite("Responses")
struct ResponseTests {
    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("a small response with everything that belongs to it")
    func whole() {
        let response = Response(
            status: 200, fields: [HeaderField("Cache-Control", "no-store")], json: Array(#"{"ok":true}"#.utf8))
        #expect(
            Self.text(response.serialized(persistence: .keepAlive)) == """
                HTTP/1.1 200 OK\r
                Connection: keep-alive\r
                Content-Length: 11\r
                X-Content-Type-Options: nosniff\r
                Referrer-Policy: no-referrer\r
                Permissions-Policy: camera=(), microphone=(self), geolocation=()\r
                Content-Type: application/json\r
                Cache-Control: no-store\r
                \r
                {"ok":true}
                """)
    }

    @Test("HEAD gets the same head and no body")
    func headRequest() {
        let response = Response(status: 200, text: "hello")
        let whole = Self.text(response.serialized(persistence: .close))
        let head = Self.text(response.serialized(persistence: .close, omitsBody: true))
        #expect(whole == head + "hello")
        #expect(head.contains("Content-Length: 5\r\n"))
        #expect(head.contains("Connection: close\r\n"))
    }

    @Test("204 and 304 have neither a body nor a length", arguments: [204, 304])
    func withoutBody(_ status: Int) {
        let text = Self.text(Response(status: status, text: "x").serialized(persistence: .keepAlive))
        #expect(!text.contains("Content-Length"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test("a value cannot end its line")
    func splitting() {
        let response = Response(status: 302, fields: [HeaderField("Location", "/a\r\nSet-Cookie: b\0")])
        #expect(Self.text(response.serialized(persistence: .close)).contains("Location: /a  Set-Cookie: b \r\n"))
    }

    @Test("an error becomes its own response")
    func fromError() {
        let text = Self.text(Response(.unsupportedWebSocketVersion("8")).serialized(persistence: .close))
        #expect(text.hasPrefix("HTTP/1.1 426 Upgrade Required\r\nConnection: close, upgrade\r\n"))
        #expect(text.contains("\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"))
        #expect(text.hasSuffix("\r\n\r\nOnly version 13 of the WebSocket protocol is spoken here.\n"))
        #expect(Response(.upgradeMethod("PUT")).fields.contains(HeaderField("Allow", "GET")))
        #expect(Response(.bodyTooLarge(limit: 1)).status == 413)
    }

    @Test("an unknown status has an empty phrase but keeps the space before it")
    func unknownStatus() {
        #expect(Self.text(Response(status: 599).serialized(persistence: .close)).hasPrefix("HTTP/1.1 599 \r\n"))
    }
}
