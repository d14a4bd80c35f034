import JSON
import Testing
import Wire

/// The envelope scanner and the parser are two readers of the same bytes. Where they disagree about what is JSON, a
/// frame passes one and means something else to the other.
@Suite("The envelope scanner and the JSON parser agree")
struct RequestEnvelopeDifferentialTests {
    /// What the parser says about the grammar of a document. Repeated members, half surrogate pairs, numbers beyond a
    /// double and bad UTF-8 are within the grammar of RFC 8259; the parser refuses them on its own account.
    enum Grammar: Equatable {
        case valid(JSON)
        case invalid
        case refusedByParserOnly
    }

    static func judge(_ bytes: [UInt8], maxDepth: Int) -> Grammar {
        do throws(JSONError) {
            return .valid(try JSONParser.parse(bytes.span, maxDepth: maxDepth))
        } catch {
            switch error.kind {
            case .duplicateMember, .loneSurrogate, .numberOutOfRange, .invalidUTF8: return .refusedByParserOnly
            default: return .invalid
            }
        }
    }

    static func isJSON(_ bytes: [UInt8]) -> Bool {
        do throws(RequestEnvelope.Failure) {
            _ = try RequestEnvelope.scan(bytes.span)
            return true
        } catch {
            return error != .unparsable
        }
    }

    // MARK: The corpus

    static let scalars = [
        "null", "true", "false", "0", "-0", "1", "-1", "10", "123456789012345678901234567890", "0.0", "1.5", "-2.25",
        "1e5", "1E5", "1e+5", "1e-5", "1.5e10", "0e0", "0.1e-9", "9223372036854775807", "-9223372036854775808",
        "nul", "nulL", "nullx", "True", "FALSE", "tru", "fals", "n", "t", "f", "undefined", "NaN", "Infinity",
        "-Infinity",
        "00", "01", "-01", "1.", ".1", "-.1", "-", "+", "+1", "1e", "1e+", "1e-", "1.e1", "1.5.2", "1e5e5", "1e5.5",
        "0x1",
        "1_000", "1,000", "1 2", "--1", "1-", "1+1", "e5", "1e1000", "-1e1000", "1e-1000", "0b1", "٣",
    ]
    static let strings = [
        #""""#, #""a""#, #"" ""#, #""\"""#, #""\\""#, #""\/""#, #""\b\f\n\r\t""#, #""\u0000""#, #""\u00e9""#,
        #""\uD83D\uDE00""#, #""\ud83d""#, #""\ude00""#, #""\ud83d\u0041""#, #""\ud83dx""#, #""\u12""#, #""\u""#,
        #""\u123g""#, #""\U0041""#, #""\x41""#, #""\'""#, #""\0""#, #""\ ""#, #""\"#, #"""#, #"'a'"#, "\"\u{0}\"",
        "\"\u{1F}\"", "\"\n\"", "\"\t\"", "\"\u{7F}\"", "\"é\"", "\"😀\"", "\"\u{2028}\"", #""a"b"#, #""a" "b""#,
        #""a"""#,
        #""\\\\\\\""#, #""\\\\\\""#, "a", "`a`", "“a”",
    ]
    static let containers = [
        "[]", "[ ]", "[\n]", "[1]", "[1,2]", "[ 1 , 2 ]", "[[]]", "[[],[]]", "[{}]", "[null,true,\"a\"]", "[1,]", "[,]",
        "[,1]", "[1,,2]", "[1 2]", "[", "]", "[]]", "[[]", "[1", "[1,", "[\"a\"", "[}", "[1}", "[:]", "[1:2]",
        "[\"a\":1]",
        "{}", "{ }", "{\t}", #"{"a":1}"#, #"{ "a" : 1 }"#, #"{"a":1,"b":2}"#, #"{"a":{"b":{"c":[]}}}"#, #"{"":""}"#,
        #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"\u0061":1}"#, #"{"a":[{"b":1},{"b":2}]}"#, "{", "}", "{}}",
        "{{}",
        "{]", #"{"a"}"#, #"{"a":}"#, #"{:1}"#, #"{"a" 1}"#, #"{"a"::1}"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a":1"b":2}"#,
        #"{"a":1 "b":2}"#, #"{"a":1;"b":2}"#, #"{a:1}"#, #"{'a':1}"#, #"{1:1}"#, #"{null:1}"#, #"{"a":1]"#,
        #"{"a":[1}"#,
        #"{"a":1,"b"}"#, #"{"a":1,,"b":2}"#, #"{"a":"b""#, #"{"a"#, #"{"a":"#, #"{"\ud800":1}"#, #"{"a\u00zz":1}"#,
        "{[]:1}", "{{}:1}", #"["a",{"b":[true,false,null,{"c":-1.5e-3}]},[]]"#,
    ]
    static let layout = [
        "", " ", "\n", "\t\r\n ", " null", "null ", "\r\nnull\r\n", "\u{0B}null", "\u{0C}null", "\u{A0}null",
        "\u{FEFF}null", "\u{2028}null", "null\u{0}", "null null", "null,", ",null", "//x\nnull", "/*x*/null", "null//x",
        "#null", "null;", "<null>", "(null)", "[1]\n[2]", "{}\n{}", "\u{1E}null",
    ]
    static let deep: [String] = [1, 2, 31, 32, 33, 62, 63, 64, 65, 66, 128].flatMap { depth in
        [("[", "]"), ("{\"a\":", "}")].map { RequestEnvelopeTests.nested(depth, open: $0.0, close: $0.1) }
    }
    static let corpus: [String] = scalars + strings + containers + layout + deep

    @Test("about 200 documents and more are in the corpus")
    func size() {
        #expect(Self.corpus.count >= 200)
    }

    @Test("both agree whether a document is JSON", arguments: corpus)
    func documents(_ text: String) {
        let bytes = Array(text.utf8)
        // The scanner reads the outer object itself and allows 64 levels below it.
        let isObject = text.drop { " \t\r\n".contains($0) }.first == "{"
        switch Self.judge(bytes, maxDepth: isObject ? 65 : 64) {
        case .valid: #expect(Self.isJSON(bytes))
        case .invalid: #expect(!Self.isJSON(bytes))
        case .refusedByParserOnly: _ = Self.isJSON(bytes)
        }
    }

    @Test("both agree about a document that stands where params do", arguments: corpus)
    func asParams(_ text: String) throws {
        let frame = Array((#"{"type":"req","id":"1","method":"m","params":"# + text + "}").utf8)
        let alone = Self.judge(Array(text.utf8), maxDepth: 64)
        let framed = Self.judge(frame, maxDepth: 65)
        guard framed != .refusedByParserOnly else { return }
        guard case .valid(let tree) = framed else {
            #expect(!Self.isJSON(frame))
            return
        }
        let envelope = try RequestEnvelope.scan(frame.span)
        let range = try #require(envelope.params)
        let params = try JSONParser.parse(frame.span.extracting(range))
        #expect(tree["params"] == params)
        if case .valid(let value) = alone { #expect(value == params) }
    }

    // MARK: Mutations

    /// xorshift64*: the same bytes on every machine.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return state &* 2_685_821_657_736_338_717
        }
    }

    static let seeds =
        RequestEnvelopeTests.good.map(\.frame) + [
            #"{"type":"req","id":"1","method":"chat.send","params":{"sessionKey":"agent:main:main","n":[1,-2.5e3,null,true]}}"#
        ]
    /// Bytes that mean something to a JSON reader, so that mutations stay near the grammar.
    static let alphabet =
        Array("{}[]\",:\\/u0123456789abcdefntreqidmhopsE+-. \t\n\u{0}\u{1F}\u{7F}".utf8) + [0x80, 0xC3, 0xFF]

    static func mutate(_ bytes: [UInt8], using generator: inout Generator) -> [UInt8] {
        var mutated = bytes
        for _ in 0...Int.random(in: 0..<3, using: &generator) where !mutated.isEmpty {
            let at = Int.random(in: 0..<mutated.count, using: &generator)
            let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: mutated[at] = byte
            case 1: mutated.insert(byte, at: at)
            case 2: mutated.remove(at: at)
            default:
                let other = Int.random(in: 0..<mutated.count, using: &generator)
                mutated.swapAt(at, other)
            }
        }
        return mutated
    }

    @Test("both agree about six thousand frames with changed bytes")
    func mutations() throws {
        var generator = Generator(state: 0x5A11_7907_2026_0001)
        var accepted = 0
        for round in 0..<6_000 {
            let frame = Self.mutate(Array(Self.seeds[round % Self.seeds.count].utf8), using: &generator)
            let shown = String(decoding: frame, as: UTF8.self)
            let verdict = Self.judge(frame, maxDepth: 65)
            let isJSON = Self.isJSON(frame)
            switch verdict {
            case .invalid:
                #expect(!isJSON, "scanner accepts \(shown)")
            case .refusedByParserOnly:
                continue
            case .valid(let tree):
                #expect(isJSON, "scanner refuses \(shown)")
                let isRequest =
                    tree["type"] == "req" && tree["id"]?.string?.isEmpty == false
                    && tree["method"]?.string?.isEmpty == false
                guard let envelope = try? RequestEnvelope.scan(frame.span) else {
                    #expect(!isRequest, "scanner finds no request in \(shown)")
                    continue
                }
                accepted += 1
                #expect(isRequest, "scanner finds a request in \(shown)")
                #expect(tree["method"]?.string == envelope.method)
                #expect(try JSONParser.parse(frame.span.extracting(envelope.id)) == tree["id"])
                #expect(try envelope.params.map { try JSONParser.parse(frame.span.extracting($0)) } == tree["params"])
            }
        }
        // The mutations must not all be hopeless.
        #expect(accepted > 500)
    }

    @Test("random bytes never stop the scanner")
    func noise() {
        var generator = Generator(state: 42)
        for _ in 0..<3_000 {
            let count = Int.random(in: 0..<64, using: &generator)
            let bytes = (0..<count).map { _ in
                Bool.random(using: &generator)
                    ? Self.alphabet[Int.random(in: 0..<Self.alphabet.count, using: &generator)]
                    : UInt8.random(in: .min ... .max, using: &generator)
            }
            if Self.judge(bytes, maxDepth: 65) == .invalid { #expect(!Self.isJSON(bytes)) }
        }
    }
}
