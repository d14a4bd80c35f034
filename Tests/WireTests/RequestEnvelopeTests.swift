import JSON
import Testing
import Wire

@Suite("Request envelope, wire protocol 5.1 and 5.2")
struct RequestEnvelopeTests {
    struct Good: Sendable, CustomTestStringConvertible {
        let frame: String
        let id: String
        let method: String
        let params: String?
        var testDescription: String { frame }

        init(_ frame: String, id: String = "\"1\"", method: String = "health", params: String? = nil) {
            self.frame = frame
            self.id = id
            self.method = method
            self.params = params
        }
    }

    static let good: [Good] = [
        Good(#"{"type":"req","id":"1","method":"health"}"#),
        Good(#"{"type":"req","id":"1","method":"health","params":{}}"#, params: "{}"),
        Good(#"{"type":"req","id":"1","method":"health","params":null}"#, params: "null"),
        Good(#"{"type":"req","id":"1","method":"health","params":[1,2]}"#, params: "[1,2]"),
        Good(#"{"type":"req","id":"1","method":"health","params":-0.5e+7}"#, params: "-0.5e+7"),
        Good(#"{"type":"req","id":"1","method":"health","params":"}"}"#, params: #""}""#),
        Good(#"{"type":"req","id":"1","method":"health","params":true}"#, params: "true"),
        // Member order is free.
        Good(#"{"params":{"a":[]},"method":"health","id":"1","type":"req"}"#, params: #"{"a":[]}"#),
        Good(
            #"{"id":"1","params":{"type":"res","id":"2"},"type":"req","method":"health"}"#,
            params: #"{"type":"res","id":"2"}"#),
        // White space of every kind between all tokens.
        Good(
            " \t\r\n{ \"type\" : \"req\" ,\n\"id\"\t:\r\"1\" , \"method\" : \"health\" , \"params\" : { } } \n",
            params: "{ }"),
        // Unknown members are let through, whatever they hold.
        Good(
            #"{"traceparent":"00-x","type":"req","expectedProfileId":"p","id":"1","x":{"y":[1,{"z":null}]},"method":"health"}"#
        ),
        Good(#"{"type":"req","id":"1","method":"health","":0,"Type":1,"types":2,"typ":3,"ID":4}"#),
        // Ids as clients send them (client requirement 15), echoed byte for byte.
        Good(#"{"type":"req","id":"req_1","method":"health"}"#, id: #""req_1""#),
        Good(#"{"type":"req","id":"gw-call-sessions.list","method":"health"}"#, id: #""gw-call-sessions.list""#),
        Good(#"{"type":"req","id":"1795204265451-aagx9l","method":"health"}"#, id: #""1795204265451-aagx9l""#),
        Good(
            #"{"type":"req","id":"0b7d4a0e-5f0c-4a3f-9a37-6f2d0a1c9e55","method":"health"}"#,
            id: #""0b7d4a0e-5f0c-4a3f-9a37-6f2d0a1c9e55""#),
        Good(
            #"{"type":"req","id":"a\"b\\c\/\b\f\n\r\t\u00e9\ud83d\ude00","method":"health"}"#,
            id: #""a\"b\\c\/\b\f\n\r\t\u00e9\ud83d\ude00""#),
        Good(#"{"type":"req","id":" ","method":"health"}"#, id: #"" ""#),
        Good(#"{"type":"req","id":"\u0000","method":"health"}"#, id: #""\u0000""#),
        Good(#"{"type":"req","id":"пять","method":"health"}"#, id: #""пять""#),
        // Escapes in names and values mean what they stand for (RFC 8259 §7).
        Good(#"{"type":"\u0072eq","id":"1","method":"h\u0065alth"}"#),
        Good(#"{"type":"req","id":"1","method":"sessions\u002elist"}"#, method: "sessions.list"),
        Good(#"{"type":"req","id":"1","method":"a\nb\"c"}"#, method: "a\nb\"c"),
        Good(#"{"type":"req","id":"1","method":"\ud83d\ude00"}"#, method: "😀"),
        Good(#"{"\u0074ype":"req","\u0069d":"1","m\u0065thod":"health","param\u0073":{}}"#, params: "{}"),
    ]

    @Test("a valid request is found with the bytes of its id and params", arguments: good)
    func accepted(_ good: Good) throws {
        let bytes = Array(good.frame.utf8)
        let envelope = try RequestEnvelope.scan(bytes.span)
        #expect(String(decoding: bytes[envelope.id], as: UTF8.self) == good.id)
        #expect(envelope.method == good.method)
        #expect(envelope.params.map { String(decoding: bytes[$0], as: UTF8.self) } == good.params)
    }

    @Test("every truncation of a valid request is unparsable", arguments: good)
    func truncated(_ good: Good) {
        let bytes = Array(good.frame.utf8)
        let end = (bytes.lastIndex(of: UInt8(ascii: "}")) ?? 0) + 1
        for cut in 0..<end {
            #expect(throws: RequestEnvelope.Failure.unparsable, "cut at \(cut)") {
                try RequestEnvelope.scan(Array(bytes[..<cut]).span)
            }
        }
    }

    @Test("anything but white space after a valid request is unparsable", arguments: good)
    func trailing(_ good: Good) {
        for tail in ["x", "}", ",", "{}", "\u{0}", "null"] {
            #expect(throws: RequestEnvelope.Failure.unparsable) {
                try RequestEnvelope.scan(Array((good.frame + tail).utf8).span)
            }
        }
    }

    static let unparsable = [
        "", " ", "{", "}", "[", "]", "{]", "[}", "nul", "nulll", "tru", "True", "NaN", "Infinity", "+1", "-", "01",
        "1.",
        ".5", "1e", "1e+", "0x10", "--1", "1 2", "'a'", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\\"",
        "\"\t\"",
        "\"\u{1F}\"", "{a:1}", "{\"a\"}", "{\"a\":}", "{\"a\" 1}", "{\"a\":1,}", "{,}", "{\"a\":1 \"b\":2}", "{1:2}",
        "{\"a\":1,,\"b\":2}", "[1,]", "[,1]", "[1 2]", "[1,,2]", "{\"a\":[}", "{\"a\":{]}", "// c\n{}", "{}/**/",
        "\u{FEFF}{}", "\u{A0}{}", "\u{0B}{}", "{\"type\":\"req\",\"id\":\"1\",\"method\":\"health\",}",
        "{\"type\":\"req\",\"id\":\"1\",\"method\":\"health\"", "{\"type\":'req',\"id\":\"1\",\"method\":\"health\"}",
        "{\"type\":\"req\",\"id\":\"1\",\"method\":\"health\",\"params\":}",
        "{\"type\":\"req\",\"id\":\"1\",\"method\":\"health\",\"params\":undefined}",
        "{\"type\":\"req\",\"id\":\"\u{A}\",\"method\":\"health\"}",
    ]

    @Test("what is not JSON is unparsable", arguments: unparsable)
    func notJSON(_ text: String) {
        #expect(throws: RequestEnvelope.Failure.unparsable) { try RequestEnvelope.scan(Array(text.utf8).span) }
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let frame: String
        /// The id that the answer has to carry; nil where it is `"invalid"`.
        let id: String?
        var testDescription: String { frame }

        init(_ frame: String, id: String? = "\"1\"") {
            self.frame = frame
            self.id = id
        }
    }

    static let bad: [Bad] = [
        Bad("null", id: nil), Bad("true", id: nil), Bad("1", id: nil), Bad("-1.5e3", id: nil), Bad("\"req\"", id: nil),
        Bad("[]", id: nil), Bad(" [ { } ] ", id: nil), Bad(#"[{"type":"req","id":"1","method":"health"}]"#, id: nil),
        Bad("{}", id: nil), Bad(#"{"id":"1"}"#), Bad(#"{"id":"1","method":"health"}"#),
        Bad(#"{"type":"res","id":"1","ok":true}"#), Bad(#"{"type":"event","event":"tick","id":"1"}"#),
        Bad(#"{"type":"REQ","id":"1","method":"health"}"#), Bad(#"{"type":"req ","id":"1","method":"health"}"#),
        Bad(#"{"type":"","id":"1","method":"health"}"#), Bad(#"{"type":null,"id":"1","method":"health"}"#),
        Bad(#"{"type":["req"],"id":"1","method":"health"}"#), Bad(#"{"type":1,"id":"1","method":"health"}"#),
        Bad(#"{"type":"req","method":"health"}"#, id: nil), Bad(#"{"type":"req","id":"","method":"health"}"#, id: nil),
        Bad(#"{"type":"req","id":1,"method":"health"}"#, id: nil),
        Bad(#"{"type":"req","id":null,"method":"health"}"#, id: nil),
        Bad(#"{"type":"req","id":["1"],"method":"health"}"#, id: nil),
        Bad(#"{"type":"req","id":"1"}"#), Bad(#"{"type":"req","id":"1","method":""}"#),
        Bad(#"{"type":"req","id":"1","method":7}"#), Bad(#"{"type":"req","id":"1","method":null}"#),
        Bad(#"{"type":"req","id":"1","method":{}}"#),
        // Two readers could see two different requests.
        Bad(#"{"type":"req","type":"req","id":"1","method":"health"}"#),
        Bad(#"{"type":"req","id":"1","method":"health","method":"device.pair.approve"}"#),
        Bad(#"{"type":"req","id":"1","method":"health","params":{},"params":{}}"#),
        Bad(#"{"type":"req","id":"1","method":"health","m\u0065thod":"device.pair.approve"}"#),
    ]

    @Test("JSON that is no request is invalid, and names the id when there is one", arguments: bad)
    func invalid(_ bad: Bad) throws {
        let bytes = Array(bad.frame.utf8)
        let failure = #expect(throws: RequestEnvelope.Failure.self) { try RequestEnvelope.scan(bytes.span) }
        guard case .invalid(let reason, let id) = failure else {
            Issue.record("expected an invalid request, got \(String(describing: failure))")
            return
        }
        #expect(!reason.isEmpty)
        #expect(id.map { String(decoding: bytes[$0], as: UTF8.self) } == bad.id)
    }

    @Test("an id that is sent twice is refused")
    func duplicateID() {
        for frame in [
            #"{"type":"req","id":"1","id":"2","method":"health"}"#,
            #"{"type":"req","id":"1","\u0069d":"2","method":"health"}"#,
        ] {
            let failure = #expect(throws: RequestEnvelope.Failure.self) {
                try RequestEnvelope.scan(Array(frame.utf8).span)
            }
            guard case .invalid(reason: "duplicate member", id: _) = failure else {
                Issue.record("\(frame): \(String(describing: failure))")
                continue
            }
        }
    }

    // MARK: Limits

    static func nested(_ depth: Int, open: String, close: String) -> String {
        String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }

    @Test(
        "params may be nested 64 levels deep, and not 65",
        arguments: [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]"), (" [ ", " ] ")])
    func depth(_ brackets: (String, String)) throws {
        let perUnit = brackets.0.filter { $0 == "[" || $0 == "{" }.count
        for (depth, isAllowed) in [(62, true), (64, true), (66, false)] {
            let params = Self.nested(depth / perUnit, open: brackets.0, close: brackets.1)
            let frame = #"{"type":"req","id":"1","method":"health","params":"# + params + "}"
            if isAllowed {
                #expect(try RequestEnvelope.scan(Array(frame.utf8).span).params != nil)
                #expect(throws: Never.self) { try JSONParser.parse(params, maxDepth: 64) }
            } else {
                #expect(throws: RequestEnvelope.Failure.unparsable) { try RequestEnvelope.scan(Array(frame.utf8).span) }
                #expect(throws: JSONError.self) { try JSONParser.parse(params, maxDepth: 64) }
            }
        }
        guard perUnit == 1 else { return }
        for depth in [63, 64, 65] {
            let params = Self.nested(depth, open: brackets.0, close: brackets.1)
            let frame = #"{"type":"req","params":"# + params + #","id":"1","method":"health"}"#
            let isAccepted = (try? RequestEnvelope.scan(Array(frame.utf8).span)) != nil
            #expect(isAccepted == (depth <= 64), "depth \(depth)")
        }
    }

    @Test("a thousand levels are refused without a deep stack")
    func abyss() {
        for text in ["[", "{\"a\":", "[{\"a\":"] {
            let bytes = Array(String(repeating: text, count: 100_000).utf8)
            #expect(throws: RequestEnvelope.Failure.unparsable) { try RequestEnvelope.scan(bytes.span) }
        }
    }

    @Test("a message of a megabyte is scanned: one long string, many numbers, many members")
    func big() throws {
        let contents = [
            "\"" + String(repeating: "x", count: 1 << 20) + "\"",
            "\"" + String(repeating: "\\u00e9", count: 1 << 16) + "\"",
            "[" + Array(repeating: "-1.5e-3", count: 1 << 16).joined(separator: ",") + "]",
            "{" + (0..<20_000).map { "\"k\($0)\":[{}]" }.joined(separator: ",") + "}",
        ]
        for params in contents {
            let bytes = Array((#"{"params":"# + params + #","type":"req","id":"1","method":"chat.send"}"#).utf8)
            let envelope = try RequestEnvelope.scan(bytes.span)
            #expect(envelope.method == "chat.send")
            #expect(envelope.params == 10..<(10 + params.utf8.count))
        }
    }

    @Test("a long method name is taken as it is, an id up to its limit")
    func longNames() throws {
        let long = String(repeating: "é", count: 20_000)
        for extra in 0...1 {
            let id = String(repeating: "x", count: RequestEnvelope.maxIDBytes + extra)
            let bytes = Array((#"{"type":"req","id":""# + id + #"","method":""# + long + #""}"#).utf8)
            let envelope = try? RequestEnvelope.scan(bytes.span)
            #expect((envelope?.method == long) == (extra == 0))
        }
    }
}
