import JSON
import Testing

@Suite("Source positions")
struct SourceMapTests {
    static let text = """
        // é
        {
          gateway: { auth: { token: 'x' } },
          "agents": { list: [ { id: "a" },
            { id: "é", n: 7 } ] },
          'odd.key': 1, "": 2, "with \\"quote\\"": 3,
        }
        """

    struct Place: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let key: String?
        let value: String
        let line: Int
        let column: Int

        init(_ path: String, key: String?, value: String, _ line: Int, _ column: Int) {
            testDescription = path
            self.key = key
            self.value = value
            self.line = line
            self.column = column
        }
    }

    static let places: [Place] = [
        .init("gateway.auth.token", key: "token", value: "'x'", 3, 29),
        .init("gateway", key: "gateway", value: "{ auth: { token: 'x' } }", 3, 12),
        .init("agents.list[0].id", key: "id", value: "\"a\"", 4, 29),
        .init("agents.list[0]", key: nil, value: "{ id: \"a\" }", 4, 23),
        .init("agents.list[1].id", key: "id", value: "\"é\"", 5, 11),
        .init("agents.list[1].n", key: "n", value: "7", 5, 19),
        .init("agents", key: "\"agents\"", value: "{ list: [ { id: \"a\" },\n    { id: \"é\", n: 7 } ] }", 4, 13),
        .init("[\"odd.key\"]", key: "'odd.key'", value: "1", 6, 14),
        .init("[\"\"]", key: "\"\"", value: "2", 6, 21),
        .init("[\"with \\\"quote\\\"\"]", key: "\"with \\\"quote\\\"\"", value: "3", 6, 42),
    ]

    @Test("a path leads to the key and the value as written", arguments: places)
    func place(_ place: Place) throws {
        let bytes = Array(Self.text.utf8)
        let (_, source) = try JSONParser.parseWithSource(bytes, dialect: .json5)
        let entry = try #require(source[place.testDescription])
        #expect(entry.keyRange.map { String(decoding: bytes[$0], as: UTF8.self) } == place.key)
        #expect(String(decoding: bytes[entry.valueRange], as: UTF8.self) == place.value)
        #expect(entry.line == place.line)
        #expect(entry.column == place.column)
    }

    @Test("the root has no key and spans the document without its blanks")
    func root() throws {
        let (value, source) = try JSONParser.parseWithSource(Array(" [1] ".utf8), dialect: .json)
        #expect(value == [1])
        let root = try #require(source[""])
        #expect(root.keyRange == nil)
        #expect(root.valueRange == 1..<4)
        #expect(source["[0]"]?.valueRange == 2..<3)
        #expect(source["[1]"] == nil)
    }

    @Test("the key's own position is kept beside the value's")
    func keyPosition() throws {
        let (_, source) = try JSONParser.parseWithSource(Array("{\n  a:\n    1\n}".utf8), dialect: .json5)
        #expect(source["a"]?.keyPosition == SourcePosition(line: 2, column: 3))
        #expect(source["a"]?.valuePosition == SourcePosition(line: 3, column: 5))
    }
}
