import JSON
import Testing

@Suite("JSON documents, RFC 8259")
struct JSONParserTests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let text: String
        let expected: JSON
        var testDescription: String { "y \(text)" }

        init(_ text: String, _ expected: JSON) {
            self.text = text
            self.expected = expected
        }
    }

    static let accepted: [Accepted] = [
        .init("null", nil), .init("true", true), .init("false", false), .init(" \t\r\n1 \t\r\n", 1),
        .init("0", 0), .init("-0", 0), .init("-1", -1), .init("10", 10), .init("123456789", 123_456_789),
        .init("9223372036854775807", .integer(.max)), .init("-9223372036854775808", .integer(.min)),
        .init("9223372036854775808", .double(9_223_372_036_854_775_808)),
        .init("-9223372036854775809", .double(-9_223_372_036_854_775_808)),
        .init("18446744073709551616", .double(18_446_744_073_709_551_616)),
        .init("0.5", 0.5), .init("-0.5", -0.5), .init("1.0", .double(1)), .init("1e2", .double(100)),
        .init("1E+2", .double(100)), .init("1e-2", 0.01), .init("0e0", .double(0)), .init("0.0e-0", .double(0)),
        .init("1.7976931348623157e308", .double(.greatestFiniteMagnitude)), .init("1e-400", .double(0)),
        .init("3.141592653589793", .double(.pi)),
        .init("\"\"", ""), .init("\"a\"", "a"), .init("\"\u{7F}\"", "\u{7F}"), .init("\"é€😀\"", "é€😀"),
        .init("\"\u{2028}\u{2029}\"", "\u{2028}\u{2029}"), .init("\"\u{FFFF}\"", "\u{FFFF}"),
        .init(#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), .init(#""\u0041""#, "A"), .init(#""\u0000""#, "\0"),
        .init(#""\u00e9\u00E9""#, "éé"), .init(#""\uD83D\uDE00""#, "😀"), .init(#""\udbff\udfff""#, "\u{10FFFF}"),
        .init(#""\uFFFF""#, "\u{FFFF}"), .init(#""abcdefgh\nabcdefghi\tj""#, "abcdefgh\nabcdefghi\tj"),
        .init(#""\\u0041""#, "\\u0041"),
        .init("[]", []), .init("[ ]", []), .init("[1]", [1]), .init("[1,2]", [1, 2]), .init("[[],{}]", [[], [:]]),
        .init("[null, true ,\"x\"]", [nil, true, "x"]),
        .init("{}", [:]), .init("{ }", [:]), .init(#"{"a":1}"#, ["a": 1]), .init(#"{"":0}"#, ["": 0]),
        .init(#"{"a":{"a":{}}}"#, ["a": ["a": [:]]]), .init(#"{"b":2,"a":1}"#, ["a": 1, "b": 2]),
        .init(#"{"\u0061":1}"#, ["a": 1]), .init("{\"a\" : [ 1 , { \"b\" : null } ] }", ["a": [1, ["b": nil]]]),
        .init("{\"\u{e9}\":1,\"e\u{301}\":2}", ["\u{e9}": 1, "e\u{301}": 2]),
    ]

    @Test("a valid document is read exactly, in both dialects", arguments: accepted)
    func valid(_ document: Accepted) throws {
        #expect(try JSONParser.parse(document.text) == document.expected)
        #expect(try JSONParser.parse(Array(document.text.utf8), dialect: .json5) == document.expected)
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let kind: JSONError.Kind
        let offset: Int
        var testDescription: String { "n \(String(decoding: bytes, as: UTF8.self))" }

        init(_ text: String, _ kind: JSONError.Kind, at offset: Int) {
            self.init(bytes: Array(text.utf8), kind, at: offset)
        }

        init(bytes: [UInt8], _ kind: JSONError.Kind, at offset: Int) {
            self.bytes = bytes
            self.kind = kind
            self.offset = offset
        }
    }

    static func byte(_ character: Unicode.Scalar) -> JSONError.Kind { .unexpectedByte(UInt8(ascii: character)) }

    static let refused: [Refused] = [
        .init("", .unexpectedEnd, at: 0), .init("  ", .unexpectedEnd, at: 2), .init("nul", .unexpectedEnd, at: 3),
        .init("nulL", byte("L"), at: 3), .init("True", byte("T"), at: 0), .init("undefined", byte("u"), at: 0),
        .init("1 2", .trailingBytes, at: 2), .init("[]]", .trailingBytes, at: 2), .init("{}\0", .trailingBytes, at: 2),
        .init("[1]//x", .trailingBytes, at: 3), .init("/* */1", byte("/"), at: 0), .init("#", byte("#"), at: 0),
        .init("01", .invalidNumber, at: 0), .init("-01", .invalidNumber, at: 0), .init("[-]", .invalidNumber, at: 1),
        .init("+1", byte("+"), at: 0), .init(".5", byte("."), at: 0), .init("[5.]", .invalidNumber, at: 1),
        .init("[1.e3]", .invalidNumber, at: 1), .init("[1e]", .invalidNumber, at: 1),
        .init("[1e+]", .invalidNumber, at: 1), .init("[-.5]", .invalidNumber, at: 1),
        .init("0x10", .trailingBytes, at: 1),
        .init("1_000", .trailingBytes, at: 1), .init("[1a]", byte("a"), at: 2), .init("NaN", byte("N"), at: 0),
        .init("Infinity", byte("I"), at: 0), .init("-Infinity", .invalidNumber, at: 0),
        .init("1e309", .numberOutOfRange, at: 0), .init("[0,-1e9999]", .numberOutOfRange, at: 3),
        .init("1e99999999999999999999", .numberOutOfRange, at: 0), .init("1e", .unexpectedEnd, at: 2),
        .init("-", .unexpectedEnd, at: 1), .init("1.", .unexpectedEnd, at: 2),
        .init("'a'", byte("'"), at: 0), .init("\"a", .unexpectedEnd, at: 2), .init("\"", .unexpectedEnd, at: 1),
        .init("\"\\", .unexpectedEnd, at: 2), .init("\"a\nb\"", .controlCharacterInString(0x0A), at: 2),
        .init("\"\t\"", .controlCharacterInString(0x09), at: 1), .init("\"\0\"", .controlCharacterInString(0), at: 1),
        .init("\"abcdefghij\u{1F}\"", .controlCharacterInString(0x1F), at: 11),
        .init(#""\x41""#, .invalidEscape, at: 1), .init(#""\'""#, .invalidEscape, at: 1),
        .init(#""\0""#, .invalidEscape, at: 1), .init(#""\a""#, .invalidEscape, at: 1),
        .init(#""\u00G0""#, .invalidEscape, at: 1), .init(#""\u004""#, .invalidEscape, at: 1),
        .init(#""\U0041""#, .invalidEscape, at: 1), .init("\"\\\n\"", .invalidEscape, at: 1),
        .init(#""\uD83D""#, .loneSurrogate, at: 1), .init(#""\uDE00""#, .loneSurrogate, at: 1),
        .init(#""a\uD83Dx""#, .loneSurrogate, at: 2), .init(#""\uD83D\n""#, .loneSurrogate, at: 1),
        .init(#""\uD83D\u0041""#, .loneSurrogate, at: 1), .init(#""\uD83D\uD83D""#, .loneSurrogate, at: 1),
        .init(#""\uDE00\uD83D""#, .loneSurrogate, at: 1),
        .init("[", .unexpectedEnd, at: 1), .init("[1", .unexpectedEnd, at: 2), .init("[1,", .unexpectedEnd, at: 3),
        .init("[,]", byte(","), at: 1), .init("[1,]", byte("]"), at: 3), .init("[1,,2]", byte(","), at: 3),
        .init("[1 2]", byte("2"), at: 3), .init("[1}", byte("}"), at: 2), .init("]", byte("]"), at: 0),
        .init("{", .unexpectedEnd, at: 1), .init("{]", byte("]"), at: 1), .init(#"{"a"}"#, byte("}"), at: 4),
        .init(#"{"a":}"#, byte("}"), at: 5), .init(#"{"a":1,}"#, byte("}"), at: 7), .init("{a:1}", byte("a"), at: 1),
        .init("{1:1}", byte("1"), at: 1), .init("{,}", byte(","), at: 1), .init(#"{"a" 1}"#, byte("1"), at: 5),
        .init(#"{"a":1 "b":2}"#, byte("\""), at: 7), .init(#"{"a",1}"#, byte(","), at: 4),
        .init(#"{"a":1,"a":2}"#, .duplicateMember("a"), at: 7),
        .init(#"{"a":1,"\u0061":2}"#, .duplicateMember("a"), at: 7),
        .init(#"[{"x":{"y":1,"z":2,"y":3}}]"#, .duplicateMember("y"), at: 19),
        .init("\u{FEFF}1", .unexpectedByte(0xEF), at: 0), .init("\u{A0}1", .unexpectedByte(0xC2), at: 0),
        .init("\u{0B}1", .unexpectedByte(0x0B), at: 0),
        .init(bytes: [0x22, 0xFF, 0x22], .invalidUTF8, at: 1),
        .init(bytes: [0x22, 0x61, 0xC0, 0x80, 0x22], .invalidUTF8, at: 2),
        .init(bytes: [0x22, 0xED, 0xA0, 0x80, 0x22], .invalidUTF8, at: 1),
        .init(bytes: [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], .invalidUTF8, at: 1),
        .init(bytes: [0x22, 0xE2, 0x82, 0x22], .invalidUTF8, at: 1),
        .init(bytes: [0x22, 0x5C, 0x6E, 0x61, 0x80, 0x22], .invalidUTF8, at: 4),
        .init(bytes: [0x7B, 0x22, 0xFE, 0x22, 0x3A, 0x31, 0x7D], .invalidUTF8, at: 2),
        .init(bytes: [0xFF], .unexpectedByte(0xFF), at: 0),
    ]

    @Test("an invalid document is refused where the fault is", arguments: refused)
    func invalid(_ document: Refused) {
        let expected = JSONError(kind: document.kind, offset: document.offset, line: 0, column: 0)
        do {
            let value = try JSONParser.parse(document.bytes)
            Issue.record("read as \(value)")
        } catch {
            #expect(error.kind == expected.kind)
            #expect(error.offset == expected.offset)
        }
    }

    static let documents = [
        #"{"a":[1,-2.5e+3,true,false,null],"b":{"c":"é\u00e9\ud83d\ude00\n"},"":[[],{}]}"#,
        #"[{"type":"req","id":"1","method":"connect","params":{"minProtocol":3,"maxProtocol":4}}]"#,
        #"["abcdefghijklmnopqrstuvwxyz😀","\\",""]"#,
    ]

    @Test("every truncation is an error", arguments: documents, [JSONDialect.json, .json5])
    func truncation(_ document: String, _ dialect: JSONDialect) throws {
        let bytes = Array(document.utf8)
        _ = try JSONParser.parse(bytes, dialect: dialect)
        for end in 0..<bytes.count {
            #expect(throws: JSONError.self) { try JSONParser.parse(Array(bytes[..<end]), dialect: dialect) }
        }
    }

    @Test("no changed byte makes the parser trap", arguments: documents, [JSONDialect.json, .json5])
    func mutation(_ document: String, _ dialect: JSONDialect) {
        let bytes = Array(document.utf8)
        for position in bytes.indices {
            for replacement: UInt8 in [
                0x00, 0x0A, 0x22, 0x2C, 0x2D, 0x2F, 0x5B, 0x5C, 0x75, 0x7B, 0x80, 0xC3, 0xF0, 0xFF,
            ] {
                var changed = bytes
                changed[position] = replacement
                _ = try? JSONParser.parse(changed, dialect: dialect)
            }
        }
    }

    @Test("nesting is allowed up to the limit and refused one beyond it", arguments: [1, 2, 64, 256])
    func depth(_ limit: Int) throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSONParser.parse(nested(limit), maxDepth: limit)
        let error = #expect(throws: JSONError.self) { try JSONParser.parse(nested(limit + 1), maxDepth: limit) }
        #expect(error?.kind == .tooDeep(limit: limit))
        #expect(error?.offset == limit)
    }

    @Test("no caller can allow more nesting than a stack holds")
    func depthCap() {
        let text = String(repeating: #"{"a":"#, count: 100_000)
        let error = #expect(throws: JSONError.self) { try JSONParser.parse(text, maxDepth: .max) }
        #expect(error?.kind == .tooDeep(limit: JSONParser.maxDepthLimit))
    }

    @Test("values are allowed up to the limit and refused one beyond it")
    func nodes() throws {
        _ = try JSONParser.parse("[1,[2],{\"a\":3}]", maxNodes: 6)
        let error = #expect(throws: JSONError.self) { try JSONParser.parse("[1,[2],{\"a\":3}]", maxNodes: 5) }
        #expect(error?.kind == .tooManyValues(limit: 5))
    }

    @Test("an error names line and column, whatever ends a line")
    func positions() {
        for text in [
            "{\n  \"é\": 1,\n  \"é\": 2\n}", "{\r\n  \"é\": 1,\r\n  \"é\": 2\r\n}", "{\r  \"é\": 1,\r  \"é\": 2\r}",
        ] {
            let error = #expect(throws: JSONError.self) { try JSONParser.parse(text) }
            #expect(error?.line == 3)
            #expect(error?.column == 3)
        }
        let error = #expect(throws: JSONError.self) { try JSONParser.parse("[\"ééé\" x") }
        #expect(error?.column == 8)
        #expect(error?.description == "line 1, column 8: unexpected 'x'")
    }

    @Test("a peer's member name reaches an error message bounded and without control characters")
    func duplicateDescription() {
        let name = "a\\n" + String(repeating: "x", count: 100)
        let error = #expect(throws: JSONError.self) { try JSONParser.parse("{\"\(name)\":1,\"\(name)\":2}") }
        let shown = String(error?.description ?? "")
        #expect(!shown.contains("\n"))
        #expect(shown.count < 120)
    }

    @Test("a large object finds every member and every duplicate")
    func largeObject() throws {
        for count in [15, 16, 17, 200] {
            let members = (0..<count).map { "\"k\($0)\":\($0)" }
            let object = try #require(try JSONParser.parse("{\(members.joined(separator: ","))}").object)
            for index in 0..<count { #expect(object["k\(index)"] == .integer(Int64(index))) }
            #expect(object["k\(count)"] == nil)
            for index in 0..<count {
                let repeated = (members + ["\"k\(index)\":0"]).joined(separator: ",")
                let error = #expect(throws: JSONError.self) { try JSONParser.parse("{\(repeated)}") }
                #expect(error?.kind == .duplicateMember("k\(index)"))
            }
        }
    }
}
