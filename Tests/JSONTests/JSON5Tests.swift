import JSON
import Testing

@Suite("JSON5 documents")
struct JSON5Tests {
    @Test("the example of the JSON5 introduction is read")
    func introduction() throws {
        let text = """
            {
              // comments
              unquoted: 'and you can quote me on that',
              singleQuotes: 'I can use "double quotes" here',
              lineBreaks: "Look, Mom! \\
            No \\\\n's!",
              hexadecimal: 0xdecaf,
              leadingDecimalPoint: .8675309, andTrailing: 8675309.,
              positiveSign: +1,
              trailingComma: 'in objects', andIn: ['arrays',],
              "backwardsCompatible": "with JSON",
            }
            """
        let expected: JSON = [
            "unquoted": "and you can quote me on that", "singleQuotes": "I can use \"double quotes\" here",
            "lineBreaks": "Look, Mom! No \\n's!", "hexadecimal": 0xdecaf, "leadingDecimalPoint": 0.8675309,
            "andTrailing": .double(8_675_309), "positiveSign": 1, "trailingComma": "in objects",
            "andIn": ["arrays"], "backwardsCompatible": "with JSON",
        ]
        #expect(try JSONParser.parse(text, dialect: .json5) == expected)
    }

    struct Accepted: Sendable, CustomTestStringConvertible {
        let text: String
        let expected: JSON
        var testDescription: String { text }

        init(_ text: String, _ expected: JSON) {
            self.text = text
            self.expected = expected
        }
    }

    static let accepted: [Accepted] = [
        .init("{}", [:]), .init("{a:1,}", ["a": 1]), .init("[1,]", [1]), .init("{'a':1}", ["a": 1]),
        .init("{ħ_$1:1}", ["ħ_$1": 1]), .init("{$_:1}", ["$_": 1]), .init("{null:1,true:2}", ["null": 1, "true": 2]),
        .init(#"{\u0061b:1}"#, ["ab": 1]), .init(#"{a\u200C:1}"#, ["a\u{200C}": 1]),
        .init("{ùńîċõďë:9}", ["ùńîċõďë": 9]),
        .init("{\n\"a\"/*x*/:/*y*/1//z\n}", ["a": 1]), .init("/**/1", 1), .init("/***/1//", 1), .init("//é\r1", 1),
        .init("//\u{2028}1", 1), .init("/*\n * é \n*/ 1 // end", 1), .init("\u{FEFF}1", 1),
        .init("\u{A0}\u{0B}\u{0C}\u{2028}\u{2029}\u{3000}1\u{FEFF}", 1),
        .init("'a\"b'", "a\"b"), .init(#"'\''"#, "'"), .init(#"'\v\0\x41'"#, "\u{B}\0A"), .init(#"'\xe9'"#, "é"),
        .init(#"'\A\C\/\D\C'"#, "AC/DC"), .init("'a\\\nb'", "ab"), .init("'a\\\r\nb'", "ab"), .init("'a\\\rb'", "ab"),
        .init("'a\\\u{2028}b\\\u{2029}c'", "abc"), .init("'\\é'", "é"), .init("'\t'", "\t"),
        .init("'\u{2028}'", "\u{2028}"),
        .init("0x0", 0), .init("0XdecAF", 0xdecaf), .init("-0xC8", -200), .init("+0x1", 1),
        .init("0x7FFFFFFFFFFFFFFF", .integer(.max)), .init("-0x8000000000000000", .integer(.min)),
        .init("0xFFFFFFFFFFFFFFFF", .double(18_446_744_073_709_551_616)),
        .init(".5", 0.5), .init("5.", .double(5)), .init("-.5e1", .double(-5)), .init("5.e1", .double(50)),
        .init("+1.5", 1.5), .init("Infinity", .double(.infinity)), .init("-Infinity", .double(-.infinity)),
        .init("+Infinity", .double(.infinity)), .init("[0x1,]", [1]),
    ]

    @Test("an extension of JSON5 is read, and is no JSON", arguments: accepted)
    func extensions(_ document: Accepted) throws {
        #expect(try JSONParser.parse(document.text, dialect: .json5) == document.expected)
        if document.text != "{}" { #expect(throws: JSONError.self) { try JSONParser.parse(document.text) } }
    }

    @Test("NaN is read as not a number and is no integer", arguments: ["NaN", "+NaN", "-NaN"])
    func notANumber(_ text: String) throws {
        let value = try JSONParser.parse(text, dialect: .json5)
        #expect(value.number?.isNaN == true)
        #expect(value.integer == nil)
    }

    static let refused = [
        "", "//", "/*", "/* *", "/", "/1", "1/", "{,}", "[,]", "[1,,]", "{a:1,,}", "{a 1}", "{a-b:1}", "{1a:1}",
        "{\u{200C}:1}",
        #"{\x61:1}"#, #"{\u0031:1}"#, #"{a\u002D:1}"#, #"{\u006:1}"#, "'a", "\"a'", "'a\nb'", "'a\rb'", #"'\1'"#,
        #"'\9'"#, #"'\01'"#,
        #"'\x4'"#, #"'\uD800'"#, "010", "0x", "0xg", "0x1FFFFFFFFFFFFFFFFF", ".", "+", "-", "+-1", "1e", "--1", "Inf",
        "infinity", "nan",
        "1 2", "{a:1,'a':2}", "True", "undefined", "'a' 'b'", "{a:1}}", "é", "#1",
    ]

    @Test("what JSON5 does not allow is refused", arguments: refused)
    func invalid(_ text: String) {
        #expect(throws: JSONError.self) { try JSONParser.parse(text, dialect: .json5) }
    }

    @Test(
        "invalid UTF-8 is refused in names, blanks and comments",
        arguments: [
            [0x7B, 0xC3, 0x28, 0x3A, 0x31, 0x7D], [0xC2], [0xE2, 0x80], [0x31, 0xFF], [0x2F, 0x2F, 0x80, 0x0A, 0x31],
            [0x2F, 0x2A, 0xC0, 0xAF, 0x2A, 0x2F, 0x31],
        ] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSONParser.parse(bytes, dialect: .json5) }
        #expect(error?.kind == .invalidUTF8)
    }

    @Test("every truncation of a document with all extensions is an error")
    func truncation() throws {
        let text = "/*é*/{a:+.5e1,'b\\\n\\x41':[0xFF,Infinity,NaN,],\u{A0}\\u0063:'\\uD83D\\uDE00', // x\n}"
        let bytes = Array(text.utf8)
        _ = try JSONParser.parse(bytes, dialect: .json5)
        for end in 0..<bytes.count {
            #expect(throws: JSONError.self) { try JSONParser.parse(Array(bytes[..<end]), dialect: .json5) }
        }
    }
}
