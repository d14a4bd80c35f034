import JSON
import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    private func text(_ build: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        build(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("commas and colons come by themselves")
    func structure() {
        let written = text { writer in
            writer.beginObject()
            writer.field("a", 1)
            writer.key("b")
            writer.beginArray()
            writer.endArray()
            writer.key("c")
            writer.beginArray()
            writer.null()
            writer.beginObject()
            writer.endObject()
            writer.beginObject()
            writer.field("d", true)
            writer.endObject()
            writer.string("e")
            writer.endArray()
            writer.field("f", ["g", "h"])
            writer.optionalField("absent", nil as String?)
            writer.optionalField("present", "i")
            writer.field("j", raw: [0x31].span)
            writer.field("k", JSON.array([1, 2]))
            writer.field("l", 0.5)
            writer.endObject()
        }
        #expect(
            written
                == #"{"a":1,"b":[],"c":[null,{},{"d":true},"e"],"f":["g","h"],"present":"i","j":1,"k":[1,2],"l":0.5}"#)
    }

    struct Escape: Sendable, CustomTestStringConvertible {
        let value: String
        let written: String
        var testDescription: String { written }

        init(_ value: String, _ written: String) {
            self.value = value
            self.written = written
        }
    }

    static let escapes: [Escape] = [
        .init("", #""""#), .init("abc", #""abc""#), .init("\"", #""\"""#), .init("\\", #""\\""#), .init("/", #""/""#),
        .init("\u{8}\u{c}\n\r\t", #""\b\f\n\r\t""#), .init("\0\u{1}\u{1f}", #""\u0000\u0001\u001f""#),
        .init("\u{7f}\u{80}", "\"\u{7f}\u{80}\""), .init("\u{2028}\u{2029}", "\"\u{2028}\u{2029}\""),
        .init("é😀", "\"é😀\""), .init("12345678\"", #""12345678\"""#), .init("1234567\n89", #""1234567\n89""#),
    ]

    @Test("strings are escaped where RFC 8259 §7 asks for it and nowhere else", arguments: escapes)
    func escaping(_ escape: Escape) throws {
        #expect(text { $0.string(escape.value) } == escape.written)
        #expect(text { $0.string(utf8: Array(escape.value.utf8).span) } == escape.written)
        #expect(try JSONParser.parse(escape.written) == .string(escape.value))
    }

    @Test("a special character is found at every position of a long string")
    func everyPosition() throws {
        for special in ["\"", "\\", "\n", "\u{1f}", "\0"] {
            for before in 0..<20 {
                for filler in ["a", " ", "!", "]", "\u{7f}", "é"] {
                    let value =
                        String(repeating: filler, count: before) + special
                        + String(repeating: filler, count: 20 - before)
                    let written = text { $0.string(value) }
                    #expect(try JSONParser.parse(written) == .string(value))
                }
            }
        }
    }

    @Test("integers are written exactly", arguments: [0, 1, -1, 9, 10, -10, 1_234_567_890, Int64.max, .min])
    func integers(_ value: Int64) {
        #expect(text { $0.integer(value) } == String(value))
    }

    @Test("doubles stay doubles, and what JSON cannot say becomes null")
    func doubles() throws {
        for value in [0.5, 1, -0.0, 1e16, 1e-7, 1e300, .pi, .leastNonzeroMagnitude, .greatestFiniteMagnitude] {
            let written = text { $0.double(value) }
            #expect(try JSONParser.parse(written) == .double(value))
        }
        for value in [Double.infinity, -.infinity, .nan] { #expect(text { $0.double(value) } == "null") }
    }

    @Test("a writer continues a buffer and hands it over")
    func buffers() {
        var writer = JSONWriter(appendingTo: [0x21])
        writer.integer(1)
        #expect(writer.take() == [0x21, 0x31])
        #expect(writer.bytes.isEmpty)
        writer.integer(2)
        writer.reset()
        writer.integer(3)
        #expect(writer.bytes == [0x33])
    }

    @Test("pretty printing puts one member on a line")
    func pretty() {
        let value: JSON = ["a": [1, [], [:]], "b": ["c": "d\n"]]
        let expected = """
            {
              "a": [
                1,
                [],
                {}
              ],
              "b": {
                "c": "d\\n"
              }
            }
            """
        #expect(value.prettyPrinted() == expected)
        #expect(JSON.array([]).prettyPrinted() == "[]")
        #expect(JSON.array([1]).prettyPrinted(indent: 4) == "[\n    1\n]")
    }
}
