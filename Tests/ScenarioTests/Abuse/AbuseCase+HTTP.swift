extension AbuseCase {
    private static func raw(
        _ text: String, _ status: Int, _ rule: String?, _ description: String, endsSending: Bool = false
    ) -> AbuseCase {
        AbuseCase(description, .tls, Array(text.utf8), .http(status), rule: rule, endsSending: endsSending)
    }

    /// A request of these lines, refused with a sentence.
    private static func lines(_ lines: [String], _ status: Int, _ rule: String?, _ description: String) -> AbuseCase {
        raw((lines + ["", ""]).joined(separator: "\r\n"), status, rule, description)
    }

    private static func fields(_ fields: String..., status: Int = 400, rule: String?, _ description: String)
        -> AbuseCase
    {
        lines(["POST /healthz HTTP/1.1", "Host: h"] + fields, status, rule, description)
    }

    private static func octets(_ octets: [UInt8], in place: String, _ rule: String) -> AbuseCase {
        let (start, end) =
            switch place {
            case "a value": ("GET / HTTP/1.1\r\nHost: h\r\nX: a", "b\r\n\r\n")
            case "a name": ("GET / HTTP/1.1\r\nHost: h\r\nX", "Y: b\r\n\r\n")
            case "the target": ("GET /a", "b HTTP/1.1\r\nHost: h\r\n\r\n")
            default: ("G", "T / HTTP/1.1\r\nHost: h\r\n\r\n")
            }
        return AbuseCase(
            "octets \(octets) in \(place)", .tls, Array(start.utf8) + octets + Array(end.utf8), .http(400), rule: rule)
    }

    static let heads: [AbuseCase] = [
        raw("GET / HTTP/1.1\nHost: h\n\n", 400, "bare-line-feed", "lines that end in LF"),
        raw("GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400, "bare-line-feed", "one line that ends in LF"),
        raw("GET / HTTP/1.1\r\nHost: h\r\n\n", 400, "bare-line-feed", "an empty line of LF"),
        raw("GET / HTTP/1.1\rHost: h\r\n\r\n", 400, "bare-carriage-return", "a line that ends in CR"),
        raw("GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", 400, "bare-carriage-return", "CR CR LF"),
        raw("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "request-line", "two empty lines before the request"),
        octets([0], in: "a value", "control-character"), octets([0x1B], in: "a value", "control-character"),
        octets([0x7F], in: "a value", "control-character"), octets([0x0B], in: "a value", "control-character"),
        octets([0x0C], in: "a value", "control-character"), octets([0], in: "a name", "control-character"),
        octets([0xE9], in: "a name", "field-name"), octets([0x20], in: "a name", "field-name"),
        octets([0x28], in: "a name", "field-name"), octets([0], in: "the target", "control-character"),
        octets([0x1B], in: "the target", "control-character"),
        octets([0xC3, 0xA4], in: "the target", "request-target"),
        octets([0x09], in: "the target", "request-target"), octets([0xFF], in: "the method", "request-line"),
        lines(["GET / HTTP/1.1", "Host: h", " folded"], 400, "folded-field", "a field folded by a space"),
        lines(["GET / HTTP/1.1", "Host: h", "\tX: folded"], 400, "folded-field", "a field folded by a tab"),
        lines(["GET / HTTP/1.1", " Host: h"], 400, "folded-field", "a first field that is folded"),
        lines(["GET / HTTP/1.1", "Host : h"], 400, "field-name", "a space before the colon"),
        lines(["GET / HTTP/1.1", "Host: h", ": x"], 400, "field-name", "a field without a name"),
        lines(["GET / HTTP/1.1", "Host: h", "nonsense"], 400, "field-name", "a field without a colon"),
        lines(["GET  / HTTP/1.1", "Host: h"], 400, "request-line", "two spaces in the request line"),
        lines(["GET / HTTP/1.1 ", "Host: h"], 400, "request-line", "a space after the version"),
        lines(["GET / http/1.1", "Host: h"], 400, "request-line", "a version in lower case"),
        lines(["GET /"], 400, "request-line", "a request of HTTP/0.9"),
        lines(["GET /healthz HTTP/1.1 INJECTED", "Host: h"], 400, "request-line", "a request line of four words"),
        lines(["PRI * HTTP/2.0"], 505, "http-version", "the preface of HTTP/2"),
        lines(["GET / HTTP/1.2", "Host: h"], 505, "http-version", "HTTP/1.2"),
        lines(["GET / HTTP/3.0", "Host: h"], 505, "http-version", "HTTP/3.0"),
        lines(["GET / HTTP/0.9", "Host: h"], 505, "http-version", "HTTP/0.9 by name"),
        lines([String(repeating: "M", count: 25) + " / HTTP/1.1", "Host: h"], 501, "method", "a method of 25"),
        lines(["GET * HTTP/1.1", "Host: h"], 400, "request-target", "GET *"),
        lines(["GET healthz HTTP/1.1", "Host: h"], 400, "request-target", "a relative target"),
        lines(["GET /healthz#x HTTP/1.1", "Host: h"], 400, "request-target", "a fragment"),
        lines(["GET gopher://h/ HTTP/1.1", "Host: h"], 400, "request-target", "another scheme"),
        lines(["GET http://u:p@h/ HTTP/1.1", "Host: h"], 400, "request-target", "user information in the target"),
        lines(["CONNECT h HTTP/1.1", "Host: h"], 400, "request-target", "CONNECT without a port"),
        lines(["GET /healthz HTTP/1.1"], 400, "missing-host", "no Host"),
        lines(["GET http://h/healthz HTTP/1.1"], 400, "missing-host", "absolute form without Host"),
        lines(["GET / HTTP/1.1", "Host: h", "Host: h"], 400, "repeated-field", "Host twice"),
        lines(["GET / HTTP/1.1", "Host: h", "HOST: other"], 400, "repeated-field", "conflicting Hosts"),
        lines(["GET / HTTP/1.1", "Host: h/x"], 400, "host", "a path in Host"),
        lines(["GET / HTTP/1.1", "Host: u@h"], 400, "host", "user information in Host"),
        lines(["GET / HTTP/1.1", "Host: h:65536"], 400, "host", "a port beyond all ports"),
        lines(["GET / HTTP/1.1", "Host: [::1"], 400, "host", "half of an IPv6 address in Host"),
        raw(
            "GET / HTTP/1.1\r\nHost: h\r\nX: y", 400, "incomplete-head", "a head that ends in a field",
            endsSending: true),
        raw("GE", 400, "incomplete-head", "a head that ends in the method", endsSending: true),
        raw(
            "GET / HTTP/1.1\r\nHost: h\r\n", 400, "incomplete-head", "a head without its empty line", endsSending: true),
    ]

    static let bodies: [AbuseCase] = [
        fields("Content-Length: 1", "Content-Length: 1", rule: "repeated-field", "Content-Length twice"),
        fields("Content-Length: 1", "Content-Length: 2", rule: "repeated-field", "conflicting Content-Lengths"),
        fields("Content-Length: 1, 1", rule: "content-length", "a list of lengths"),
        fields("Content-Length: +1", rule: "content-length", "a length with a sign"),
        fields("Content-Length: -1", rule: "content-length", "a negative length"),
        fields("Content-Length: 0x10", rule: "content-length", "a hexadecimal length"),
        fields("Content-Length: 1_000", rule: "content-length", "a length with an underscore"),
        fields("Content-Length: \u{661}", rule: "content-length", "a length of Arabic digits"),
        fields("Content-Length:", rule: "content-length", "an empty length"),
        fields("Content-Length: 99999999999999999999", rule: "content-length", "a length beyond 64 bits"),
        fields("Content-Length: 4", "Transfer-Encoding: chunked", rule: "conflicting-lengths", "CL.TE"),
        fields("Transfer-Encoding: chunked", "Content-Length: 4", rule: "conflicting-lengths", "TE.CL"),
        fields("Transfer-Encoding: chunked", "Transfer-Encoding: identity", rule: "repeated-field", "TE.TE"),
        fields("Transfer-Encoding: gzip, chunked", status: 501, rule: "transfer-encoding", "two codings"),
        fields("Transfer-Encoding: chunked, chunked", status: 501, rule: "transfer-encoding", "chunked twice"),
        fields("Transfer-Encoding: xchunked", status: 501, rule: "transfer-encoding", "an unknown coding"),
        fields("Transfer-Encoding: \u{0B}chunked", rule: "control-character", "a coding behind a vertical tab"),
        fields("Transfer-Encoding : chunked", rule: "field-name", "a coding whose field has a space"),
        fields("Transfer-Encoding:", status: 501, rule: "transfer-encoding", "an empty coding"),
        lines(
            ["POST / HTTP/1.0", "Transfer-Encoding: chunked"], 501, "transfer-encoding", "a coding in HTTP/1.0"),
        raw(
            "POST /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 38\r\n\r\nGET /INJECTED HTTP/1.1\r\nHost: h\r\n\r\n",
            405,
            nil, "a request in a body is no request"),
        raw(
            "POST /healthz HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            405, nil, "a request behind a chunked body is not looked at"),
        raw(
            "GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /", 200, nil,
            "a GET with a body is answered and closed"),
        raw(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n" + String(repeating: "x", count: 4_000_000),
            405, nil, "a long body that nobody reads does not cost the answer"),
        raw(
            "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n", 405, nil,
            "whoever asks before it sends is answered at once"),
    ]

    private static func padded(to count: Int) -> String {
        let start = "GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: "
        return start + String(repeating: "x", count: count - start.utf8.count - 4) + "\r\n\r\n"
    }

    private static func withFields(_ count: Int) -> String {
        "GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
            + (0..<count - 2).map { "X\($0): y\r\n" }.joined() + "\r\n"
    }

    private static func withTarget(_ count: Int) -> String {
        "GET /\(String(repeating: "p", count: count - 1)) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    }

    static let limits: [AbuseCase] = [
        raw(padded(to: 16_384), 404, nil, "a head of 16384 bytes passes"),
        raw(padded(to: 16_385), 431, "head-size", "a head of 16385 bytes"),
        raw(withFields(100), 404, nil, "100 fields pass"), raw(withFields(101), 431, "field-count", "101 fields"),
        raw(withTarget(8192), 404, nil, "a target of 8192 bytes passes"),
        raw(withTarget(8193), 414, "target-size", "a target of 8193 bytes"),
        raw("GET /" + String(repeating: "p", count: 100_000), 414, "target-size", "a target that never ends"),
        raw(String(repeating: "M", count: 100_000), 501, "method", "a method that never ends"),
        raw(
            "GET / HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "x", count: 1_000_000), 431, "head-size",
            "a field that never ends"),
        raw(
            "GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "X: y\r\n", count: 100_000), 431, "field-count",
            "fields that never end"),
        AbuseCase(
            "300 pipelined requests get 100 answers and a clean end", .tls,
            Array(String(repeating: "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", count: 300).utf8),
            .http(200, responses: 100)),
        AbuseCase(
            "good requests before a bad one are answered", .tls,
            Array(
                "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\nHEAD /readyz HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/9.9\r\n"
                    .utf8),
            .http(505, has: "200 OK", responses: 3), rule: "http-version"),
    ]

    static let methods: [AbuseCase] =
        ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "get"].map {
            lines(["\($0) /healthz HTTP/1.1", "Host: h", "Connection: close"], 405, nil, "\($0) on a probe")
        } + [
            lines(["OPTIONS * HTTP/1.1", "Host: h", "Connection: close"], 405, nil, "OPTIONS *"),
            lines(["CONNECT h:443 HTTP/1.1", "Host: h:443", "Connection: close"], 405, nil, "CONNECT"),
            lines(["GET https://other/healthz HTTP/1.1", "Host: h", "Connection: close"], 200, nil, "absolute form"),
            lines(["GET /../../etc/passwd HTTP/1.1", "Host: h", "Connection: close"], 404, nil, "dots in the path"),
            lines(
                ["GET /%0d%0a[gateway]%20INFO%20INJECTED HTTP/1.1", "Host: h", "Connection: close"], 404, nil,
                "a log line in the path"),
            lines(
                ["GET /?token=s3cret-in-a-path HTTP/1.1", "Host: h", "Connection: close"], 200, nil,
                "a token in the query"),
        ]

    /// An upgrade with one thing wrong.
    private static func upgrade(
        _ old: String, _ new: String, _ status: Int, _ rule: String, has: String = "", _ description: String
    ) -> AbuseCase {
        let good = RawWebSocket.upgrade()
        return AbuseCase(
            description, .tls, Array(good.replacing(old, with: new).utf8), .http(status, has: has), rule: rule)
    }

    private static let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    private static let version = "Sec-WebSocket-Version: 13\r\n"
    private static let announced = "Sec-WebSocket-Version: 13\r\n"

    static let upgrades: [AbuseCase] = [
        upgrade(version, "", 426, "websocket-version", has: announced, "an upgrade without a version"),
        upgrade(": 13", ": 8", 426, "websocket-version", has: announced, "an upgrade to version 8"),
        upgrade(": 13", ": 13, 8", 426, "websocket-version", has: announced, "an upgrade to a list of versions"),
        upgrade(": 13", ": 013", 426, "websocket-version", has: announced, "an upgrade to version 013"),
        upgrade(version, version + version, 400, "repeated-field", "the version twice"),
        upgrade(key, "", 400, "websocket-key", "no key"),
        upgrade(key, key + key, 400, "repeated-field", "the key twice"),
        upgrade("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==", 400, "websocket-key", "a key of 10 bytes"),
        upgrade("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZSE=", 400, "websocket-key", "a key of 17 bytes"),
        upgrade(
            "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ", 400, "websocket-key", "a key without its padding"),
        upgrade(
            "dGhlIHNhbXBsZSBub25jZQ==", "????????????????????????", 400, "websocket-key", "a key that is not base64"),
        upgrade("GET /", "POST /", 405, "upgrade-method", has: "Allow: GET\r\n", "an upgrade by POST"),
        upgrade("HTTP/1.1", "HTTP/1.0", 400, "upgrade-http-version", "an upgrade in HTTP/1.0"),
        upgrade("Connection: Upgrade", "Connection: close", 400, "upgrade-connection", "an upgrade that a proxy cut"),
        upgrade(version, version + "Content-Length: 3\r\n", 400, "upgrade-body", "an upgrade with a body"),
        upgrade(version, version + "Transfer-Encoding: chunked\r\n", 400, "upgrade-body", "an upgrade with chunks"),
        upgrade("Host: x", "Host: x\r\nHost: y", 400, "repeated-field", "an upgrade with two Hosts"),
    ]
}
