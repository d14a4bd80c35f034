import HTTP
import Testing

@Suite("Request head, RFC 9112 §3")
struct RequestHeadParserTests {
    struct Good: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        var method = "GET"
        var path = "/"
        var query: String?
        var host: String? = "h"
        var minorVersion = 1
        var body = RequestHead.Body.length(0)
        var keepsAlive = true
    }

    static let good: [Good] = [
        Good(testDescription: "the least", bytes: head("GET / HTTP/1.1", "Host: h")),
        Good(
            testDescription: "HTTP/1.0 without Host", bytes: head("GET / HTTP/1.0"), host: nil, minorVersion: 0,
            keepsAlive: false),
        Good(
            testDescription: "HTTP/1.0 that wants to stay", bytes: head("GET / HTTP/1.0", "Connection: Keep-Alive"),
            host: nil, minorVersion: 0),
        Good(
            testDescription: "a query", bytes: head("GET /gateway?token=a?b HTTP/1.1", "Host: h"), path: "/gateway",
            query: "token=a?b"),
        Good(testDescription: "an empty query", bytes: head("GET /? HTTP/1.1", "Host: h"), query: ""),
        Good(
            testDescription: "percent-encoding stays", bytes: head("GET /a%20b/%2e%2E HTTP/1.1", "Host: h"),
            path: "/a%20b/%2e%2E"),
        Good(testDescription: "two slashes are a path", bytes: head("GET //x/y HTTP/1.1", "Host: h"), path: "//x/y"),
        Good(
            testDescription: "absolute form", bytes: head("GET http://other:81/p?q HTTP/1.1", "Host: h"), path: "/p",
            query: "q", host: "other:81"),
        Good(
            testDescription: "absolute form without a path", bytes: head("GET WSS://[::1]:443 HTTP/1.1", "Host: h"),
            host: "[::1]:443"),
        Good(
            testDescription: "absolute form with a query only", bytes: head("GET https://o?q HTTP/1.1", "Host: h"),
            query: "q", host: "o"),
        Good(
            testDescription: "asterisk form", bytes: head("OPTIONS * HTTP/1.1", "Host: h"), method: "OPTIONS", path: "*"
        ),
        Good(
            testDescription: "authority form", bytes: head("CONNECT a:443 HTTP/1.1", "Host: h"), method: "CONNECT",
            path: "", host: "a:443"),
        Good(testDescription: "an unknown method", bytes: head("M-SEARCH / HTTP/1.1", "Host: h"), method: "M-SEARCH"),
        Good(
            testDescription: "a lower-case method is another method", bytes: head("get / HTTP/1.1", "Host: h"),
            method: "get"),
        Good(
            testDescription: "a method of 24", bytes: head("ABCDEFGHIJKLMNOPQRSTUVWX / HTTP/1.1", "Host: h"),
            method: "ABCDEFGHIJKLMNOPQRSTUVWX"),
        Good(testDescription: "one empty line before it", bytes: [0x0D, 0x0A] + head("GET / HTTP/1.1", "Host: h")),
        Good(testDescription: "an empty Host", bytes: head("GET / HTTP/1.1", "Host:"), host: ""),
        Good(
            testDescription: "Host with a port", bytes: head("GET / HTTP/1.1", "Host: 127.0.0.1:18789"),
            host: "127.0.0.1:18789"),
        Good(
            testDescription: "Host with IPv6", bytes: head("GET / HTTP/1.1", "host:[fd7a:115c:a1e0::1]:1"),
            host: "[fd7a:115c:a1e0::1]:1"),
        Good(
            testDescription: "a body of known length", bytes: head("POST / HTTP/1.1", "Host: h", "Content-Length: 12"),
            method: "POST", body: .length(12)),
        Good(
            testDescription: "a chunked body", bytes: head("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: Chunked"),
            method: "POST", body: .chunked),
        Good(
            testDescription: "a client that will close",
            bytes: head("GET / HTTP/1.1", "Host: h", "Connection: TE,  Close"), keepsAlive: false),
        Good(testDescription: "an empty value", bytes: head("GET / HTTP/1.1", "Host: h", "X-Empty:")),
        Good(testDescription: "tabs around a value", bytes: head("GET / HTTP/1.1", "Host:\t h \t")),
        Good(
            testDescription: "octets beyond ASCII in a value", bytes: head("GET / HTTP/1.1", "Host: h", "X-Name: Zoë")),
        Good(
            testDescription: "every kind of token character",
            bytes: head("GET / HTTP/1.1", "Host: h", "!#$%&'*+-.^_`|~09azAZ: v")),
    ]

    @Test("is read", arguments: good)
    func read(_ vector: Good) throws {
        let (head, consumed) = try #require(try parse(vector.bytes))
        #expect(consumed == vector.bytes.count)
        #expect(head.method == vector.method)
        #expect(head.path == vector.path)
        #expect(head.query == vector.query)
        #expect(head.host == vector.host)
        #expect(head.minorVersion == vector.minorVersion)
        #expect(head.body == vector.body)
        #expect(head.keepsAlive == vector.keepsAlive)
    }

    @Test("is incomplete at every cut, and the same whatever the two reads", arguments: good)
    func everySplit(_ vector: Good) throws {
        let whole = try #require(try parse(vector.bytes))
        for cut in 0..<vector.bytes.count {
            #expect(try parse(Array(vector.bytes[..<cut])) == nil)
            let split = try #require(try parse(vector.bytes, cuts: [cut]))
            #expect(split == whole, "cut at \(cut)")
        }
        let bytewise = try #require(try parse(vector.bytes, cuts: Array(0..<vector.bytes.count)))
        #expect(bytewise == whole)
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let error: HTTPError
        var status = 400

        init(_ bytes: [UInt8], _ error: HTTPError, _ status: Int = 400) {
            self.bytes = bytes
            self.error = error
            self.status = status
        }

        var testDescription: String { String(decoding: bytes.prefix(60), as: UTF8.self).debugDescription }
    }

    static let bad: [Bad] = [
        Bad(Array("GET / HTTP/1.1\nHost: h\r\n\r\n".utf8), .bareLineFeed),
        Bad(Array("GET / HTTP/1.1\r\nHost: h\n\n".utf8), .bareLineFeed),
        Bad(Array("\nGET / HTTP/1.1\r\n".utf8), .bareLineFeed),
        Bad(Array("GET / HTTP/1.1\rHost: h\r\n\r\n".utf8), .bareCarriageReturn),
        Bad(Array("GET / HTTP/1.1\r\nHost: h\r\r\n\r\n".utf8), .bareCarriageReturn),
        Bad(Array("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n".utf8), .bareCarriageReturn),
        Bad(head("GET / HTTP/1.1", "Host: h", "A: b\0c"), .controlCharacter(0)),
        Bad(head("GET / HTTP/1.1", "Host: h", "A: \u{1B}[31m"), .controlCharacter(0x1B)),
        Bad(head("GET / HTTP/1.1", "Host: h", "A: \u{7F}"), .controlCharacter(0x7F)),
        Bad([0x16, 0x03, 0x01, 0x02, 0x00, 0x01], .controlCharacter(0x16)),
        Bad(head("GET / HTTP/1.1", "Host: h", " folded"), .foldedField),
        Bad(head("GET / HTTP/1.1", "Host: h", "\tfolded: yes"), .foldedField),
        Bad(head("GET / HTTP/1.1", " Host: h"), .foldedField),
        Bad(head("GET / HTTP/1.1", "Host : h"), .invalidFieldName),
        Bad(head("GET / HTTP/1.1", "Host: h", ": nameless"), .invalidFieldName),
        Bad(head("GET / HTTP/1.1", "Host: h", "a b: c"), .invalidFieldName),
        Bad(head("GET / HTTP/1.1", "Host: h", "a(b): c"), .invalidFieldName),
        Bad(head("GET / HTTP/1.1", "Host: h", "naïve: c"), .invalidFieldName),
        Bad(head("GET / HTTP/1.1", "Host: h", "no colon"), .malformedField),
        Bad(head("GET /"), .malformedRequestLine),
        Bad(head("GET  / HTTP/1.1", "Host: h"), .malformedRequestLine),
        Bad(head("GET / HTTP/1.1 ", "Host: h"), .malformedRequestLine),
        Bad(head(" GET / HTTP/1.1", "Host: h"), .malformedRequestLine),
        Bad(head("GET\t/ HTTP/1.1", "Host: h"), .malformedRequestLine),
        Bad(head("G@T / HTTP/1.1", "Host: h"), .malformedRequestLine),
        Bad(head("GET / a HTTP/1.1", "Host: h"), .malformedRequestLine),
        Bad(head("GET / http/1.1", "Host: h"), .malformedRequestLine),
        Bad(head("GET / HTTP/1", "Host: h"), .malformedRequestLine),
        Bad(head("GET / HTTP/1.10", "Host: h"), .malformedRequestLine),
        Bad(head("GET / HTTP/x.1", "Host: h"), .malformedRequestLine),
        Bad(head("", ""), .malformedRequestLine),
        Bad(head("", "", "GET / HTTP/1.1", "Host: h"), .malformedRequestLine),
        Bad(head("PRI * HTTP/2.0"), .unsupportedVersion("HTTP/2.0"), 505),
        Bad(head("GET / HTTP/2.0", "Host: h"), .unsupportedVersion("HTTP/2.0"), 505),
        Bad(head("GET / HTTP/1.2", "Host: h"), .unsupportedVersion("HTTP/1.2"), 505),
        Bad(head("GET / HTTP/0.9", "Host: h"), .unsupportedVersion("HTTP/0.9"), 505),
        Bad(head("ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1", "Host: h"), .methodTooLong, 501),
        Bad(head("GET * HTTP/1.1", "Host: h"), .malformedTarget),
        Bad(head("GET path HTTP/1.1", "Host: h"), .malformedTarget),
        Bad(head("GET /a#b HTTP/1.1", "Host: h"), .malformedTarget),
        Bad(head("GET /ä HTTP/1.1", "Host: h"), .malformedTarget),
        Bad(head("GET /a\tb HTTP/1.1", "Host: h"), .malformedTarget),
        Bad(head("GET ftp://h/ HTTP/1.1", "Host: h"), .malformedTarget),
        Bad(head("GET http:///p HTTP/1.1", "Host: h"), .malformedTarget),
        Bad(head("GET http://user@h/ HTTP/1.1", "Host: h"), .malformedTarget),
        Bad(head("CONNECT /a HTTP/1.1", "Host: h"), .malformedTarget),
        Bad(head("CONNECT a HTTP/1.1", "Host: h"), .malformedTarget),
        Bad(head("GET / HTTP/1.1"), .missingHost),
        Bad(head("GET http://h/ HTTP/1.1"), .missingHost),
        Bad(head("GET / HTTP/1.1", "Host: h", "HOST: h"), .duplicateField("host")),
        Bad(head("GET / HTTP/1.0", "Host: a", "Host: b"), .duplicateField("host")),
        Bad(head("GET / HTTP/1.1", "Host: a b"), .invalidHost),
        Bad(head("GET / HTTP/1.1", "Host: a/b"), .invalidHost),
        Bad(head("GET / HTTP/1.1", "Host: user@h"), .invalidHost),
        Bad(head("GET / HTTP/1.1", "Host: h:65536"), .invalidHost),
        Bad(head("GET / HTTP/1.1", "Host: h:8a"), .invalidHost),
        Bad(head("GET / HTTP/1.1", "Host: :80"), .invalidHost),
        Bad(head("GET / HTTP/1.1", "Host: ::1"), .invalidHost),
        Bad(head("GET / HTTP/1.1", "Host: [::1"), .invalidHost),
        Bad(head("GET / HTTP/1.1", "Host: [127.0.0.1]"), .invalidHost),
        Bad(head("GET / HTTP/1.1", "Host: [::1]x"), .invalidHost),
        Bad(head("GET / HTTP/1.1", "Host: hö"), .invalidHost),
        Bad(
            head("POST / HTTP/1.1", "Host: h", "Content-Length: 1", "Content-Length: 1"),
            .duplicateField("content-length")),
        Bad(
            head("POST / HTTP/1.1", "Host: h", "Content-Length: 1", "Content-Length: 2"),
            .duplicateField("content-length")),
        Bad(head("POST / HTTP/1.1", "Host: h", "Content-Length: 1, 1"), .invalidContentLength),
        Bad(head("POST / HTTP/1.1", "Host: h", "Content-Length: +1"), .invalidContentLength),
        Bad(head("POST / HTTP/1.1", "Host: h", "Content-Length: -1"), .invalidContentLength),
        Bad(head("POST / HTTP/1.1", "Host: h", "Content-Length: 0x1"), .invalidContentLength),
        Bad(head("POST / HTTP/1.1", "Host: h", "Content-Length:"), .invalidContentLength),
        Bad(head("POST / HTTP/1.1", "Host: h", "Content-Length: 9223372036854775808"), .invalidContentLength),
        Bad(head("POST / HTTP/1.1", "Host: h", "Content-Length: 1", "Transfer-Encoding: chunked"), .conflictingLengths),
        Bad(head("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: chunked", "Content-Length: 1"), .conflictingLengths),
        Bad(
            head("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
            .duplicateField("transfer-encoding")),
        Bad(
            head("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: gzip, chunked"),
            .unsupportedTransferEncoding("gzip, chunked"), 501),
        Bad(
            head("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: xchunked"), .unsupportedTransferEncoding("xchunked"),
            501),
        Bad(head("POST / HTTP/1.0", "Transfer-Encoding: chunked"), .unsupportedTransferEncoding("chunked"), 501),
    ]

    @Test("is refused with the right status and a sentence", arguments: bad)
    func refused(_ vector: Bad) {
        #expect(error(of: vector.bytes) == vector.error)
        #expect(vector.error.status == vector.status)
        #expect(vector.error.reason.hasSuffix("."))
    }

    @Test("is refused whatever the two reads, and byte by byte", arguments: bad)
    func refusedWhenSplit(_ vector: Bad) {
        for cut in 0..<vector.bytes.count {
            #expect(error(of: vector.bytes, cuts: [cut]) == vector.error, "cut at \(cut)")
        }
        #expect(error(of: vector.bytes, cuts: Array(0..<vector.bytes.count)) == vector.error)
    }

    @Test("what follows the head is not touched")
    func rest() throws {
        let bytes = head("POST / HTTP/1.1", "Host: h", "Content-Length: 3")
        let parsed = try #require(try parse(bytes + [0, 10, 13, 0x16]))
        #expect(parsed.consumed == bytes.count)
    }

    @Test("fields keep their order, lose their case and the white space around them")
    func fields() throws {
        let parsed = try #require(
            try parse(head("GET /x?y HTTP/1.1", "HOST: h", "Accept: a,, B ,", "x-y:  two  words ", "ACCEPT: c")))
        let head = parsed.head
        #expect(
            head.fields == [
                HeaderField("host", "h"), HeaderField("accept", "a,, B ,"), HeaderField("x-y", "two  words"),
                HeaderField("accept", "c"),
            ])
        #expect(head.requestTarget == "/x?y")
        #expect(head.first("accept") == "a,, B ,")
        #expect(head.all("accept") == ["a,, B ,", "c"])
        #expect(head.list("accept") == ["a", "B", "c"])
        #expect(head.first("absent") == nil)
        #expect(head.list("absent").isEmpty)
    }
}
