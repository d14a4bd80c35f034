import JSON
import Testing

@Suite("Editing JSON5 in place")
struct JSONEditorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let before: String
        let after: String
        let edit: @Sendable (inout JSONEditor) throws -> Void

        init(
            _ testDescription: String, _ before: String, _ after: String,
            _ edit: @escaping @Sendable (inout JSONEditor) throws -> Void
        ) {
            self.testDescription = testDescription
            self.before = before
            self.after = after
            self.edit = edit
        }

        static func set(_ what: String, _ before: String, _ path: String, _ value: JSON, _ after: String) -> Case {
            Case(what, before, after) { try $0.set(try JSONPath(parsing: path), to: value) }
        }

        static func unset(_ what: String, _ before: String, _ path: String, _ after: String) -> Case {
            Case(what, before, after) { _ = try $0.unset(try JSONPath(parsing: path)) }
        }
    }

    static let cases: [Case] = [
        .set("a number in place", "{ port: 1, // the port\n}", "port", 2, "{ port: 2, // the port\n}"),
        .set("single quotes stay", "{ a: 'x' }", "a", "it's \"y\"", "{ a: 'it\\'s \"y\"' }"),
        .set("double quotes stay", "{ a: \"x\", b: 'y', c: 'z' }", "a", "w", "{ a: \"w\", b: 'y', c: 'z' }"),
        .set("a value that is the same changes nothing", "{ a: 0x10 }", "a", 16, "{ a: 0x10 }"),
        .set(
            "a member on a line of its own", "{\n  a: 1,\n  b: 2\n}\n", "c", true,
            "{\n  a: 1,\n  b: 2,\n  c: true\n}\n"),
        .set("a trailing comma is taken up", "{\n\ta: 1,\n}\n", "b", 2, "{\n\ta: 1,\n\tb: 2,\n}\n"),
        .set(
            "comments on the last line stay with it", "{\n  a: 1 // one\n  // end\n}", "b", 2,
            "{\n  a: 1, // one\n  b: 2\n  // end\n}"),
        .set(
            "comments behind a trailing comma too", "{\n  a: 1, /* x */ // one\n}", "b", 2,
            "{\n  a: 1, /* x */ // one\n  b: 2,\n}"),
        .set("on one line", "{ a: 1 }", "b", 2, "{ a: 1, b: 2 }"),
        .set("on one line with a comma", "{ a: 1, }", "b", 2, "{ a: 1, b: 2, }"),
        .set("strict JSON stays strict", "{\"a\": 1}", "b.c", "x", "{\"a\": 1, \"b\": { \"c\": \"x\" }}"),
        .set(
            "containers on the way are made", "{\n  // nothing\n}\n", "gateway.auth.token", "t",
            "{\n  // nothing\n  \"gateway\": {\n    \"auth\": {\n      \"token\": \"t\"\n    }\n  }\n}\n"),
        .set(
            "written as the others are", "{\n    gateway: {},\n}\n", "gateway.auth.mode", "none",
            "{\n    gateway: {\n        auth: {\n            mode: \"none\"\n        }\n    },\n}\n"),
        .set("a name that needs quotes gets them", "{ a: 1 }", #"["x y"]"#, 2, "{ a: 1, \"x y\": 2 }"),
        .set("line ends of Windows", "{\r\n  a: 1\r\n}\r\n", "b", 2, "{\r\n  a: 1,\r\n  b: 2\r\n}\r\n"),
        .set("an element at the end", "{ l: [1, 2] }", "l[2]", 3, "{ l: [1, 2, 3] }"),
        .set("an element of an element", "{ l: [{ id: 'a' }] }", "l[0].id", "b", "{ l: [{ id: 'b' }] }"),
        .set("the first element", "{ l: [ ] }", "l[0]", "x", "{ l: [\"x\"] }"),
        .set("an empty document", "{}\n", "a.b", 1, "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n"),
        .set("behind a byte order mark", "\u{FEFF}{ a: 1 }", "a", 2, "\u{FEFF}{ a: 2 }"),
        .set(
            "an object for an object: what is the same stays",
            "{\n  a: { // what\n    x: 1, // ex\n    y: 2, // why\n  },\n}", "a", ["x": 1, "y": 3, "z": 4],
            "{\n  a: { // what\n    x: 1, // ex\n    y: 3, // why\n    z: 4,\n  },\n}"),
        .set(
            "an array that grows", "[\n  1, // one\n  2  // two\n]", "", [1, 2, 3],
            "[\n  1, // one\n  2,  // two\n  3\n]"),
        .set("an array that loses its middle", "[ 1, /* b */ 2, 3 ]", "", [1, 3], "[ 1, /* b */ 3 ]"),
        .set("an array that gets a middle", "[ 1, 3 ]", "", [1, 2, 3], "[1, 2, 3]"),
        .set("NaN has a word", "{ a: 1 }", "a", .double(.nan), "{ a: NaN }"),
        .unset("a line with its comma", "{\n  a: 1,\n  b: 2\n}", "a", "{\n  b: 2\n}"),
        .unset("the last takes the comma before it", "{\n  a: 1,\n  b: 2\n}", "b", "{\n  a: 1\n}"),
        .unset("the last with its own comma", "{\n  a: 1,\n  b: 2,\n}", "b", "{\n  a: 1,\n}"),
        .unset(
            "comments stay", "{\n  // one\n  a: 1, // uno\n  b: 2 // two\n}", "a",
            "{\n  // one\n  // uno\n  b: 2 // two\n}"),
        .unset(
            "comments of the last stay", "{\n  a: 1, // one\n  b: 2 // two\n}", "b", "{\n  a: 1 // one\n  // two\n}"),
        .unset("a comment before the comma", "{ a: 1 /* x */, b: 2 }", "a", "{  /* x */ b: 2 }"),
        .unset("on one line", "{ a: 1, b: 2 }", "a", "{ b: 2 }"),
        .unset("the last on one line", "{ a: 1, b: 2 }", "b", "{ a: 1 }"),
        .unset("the only one", "{ a: { b: 1, } }", "a.b", "{ a: {} }"),
        .unset("an element", "{ l: ['a', 'b', 'c'] }", "l[1]", "{ l: ['a', 'c'] }"),
        .unset("what is not there", "{ a: 1 }", "b.c[0]", "{ a: 1 }"),
    ]

    @Test("changes what is meant and nothing else", arguments: cases)
    func edits(_ example: Case) throws {
        var editor = try JSONEditor(Array(example.before.utf8))
        try example.edit(&editor)
        #expect(String(decoding: editor.bytes, as: UTF8.self) == example.after)
        #expect(try JSONParser.parse(editor.bytes, dialect: .json5).description == editor.value.description)
    }

    @Test(
        "a path through what is no container is refused",
        arguments: [
            ("a.b", EditError.notAnObject(path: "a", typeName: "number")),
            ("a[0]", .notAnArray(path: "a", typeName: "number")),
            ("l.x", .notAnObject(path: "l", typeName: "array")),
            ("l[3]", .indexBeyondEnd(path: "l[3]", count: 1)),
            ("new[1]", .indexBeyondEnd(path: "new[1]", count: 0)),
            ("n.x", .notAnObject(path: "n", typeName: "null")),
        ])
    func refused(path: String, error: EditError) throws {
        let text = Array("{ a: 1, l: [1], n: null }".utf8)
        var editor = try JSONEditor(text)
        #expect(throws: error) { try editor.set(try JSONPath(parsing: path), to: 1) }
        #expect(editor.bytes == text)
    }

    @Test("nothing is written that could not be read again")
    func tooDeep() throws {
        var editor = try JSONEditor(Array("{ a: 1 }".utf8))
        let deep = (0..<64).reduce(JSON.integer(1)) { value, _ in .array([value]) }
        #expect(throws: EditError.notWritable(.tooDeep(limit: 64))) {
            try editor.set(JSONPath([.name("b")]), to: deep)
        }
        #expect(editor.bytes == Array("{ a: 1 }".utf8))
    }

    @Test(
        "a merge patch does what RFC 7396 says",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, "{}"), (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#), (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
            (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
            (#"{"a":"foo"}"#, #""bar""#, #""bar""#), (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
            ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
            ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ])
    func mergePatch(target: String, patch: String, result: String) throws {
        let merged = try JSONParser.parse(target).merging(patch: try JSONParser.parse(patch))
        #expect(merged == (try JSONParser.parse(result)))
        var editor = try JSONEditor(Array(target.utf8))
        try editor.set(JSONPath(), to: merged)
        #expect(editor.value == merged)
    }
}

@Suite("Paths as people write them")
struct JSONPathTests {
    @Test(
        "are read and written back",
        arguments: [
            ("", ""), ("a", "a"), ("gateway.auth.token", "gateway.auth.token"),
            ("agents.list[0].id", "agents.list[0].id"), (#"env["my name"]"#, #"env["my name"]"#),
            (#"env['a"b'].c"#, #"env["a\"b"].c"#), ("a-b.$c", "a-b.$c"), ("[0][1]", "[0][1]"),
            (#"a["b"]"#, "a.b"),
        ])
    func read(text: String, written: String) throws {
        let path = try JSONPath(parsing: text)
        #expect(path.description == written)
        #expect(try JSONPath(parsing: path.description) == path)
    }

    @Test(
        "say where they are wrong",
        arguments: [
            ("a..b", 2), ("a.", 2), (".a", 0), ("a[", 2), ("a[x]", 1), ("a[0", 3), ("a[0]b", 4), ("a[\"b]", 5),
            ("a[-1]", 1),
        ])
    func wrong(text: String, offset: Int) throws {
        let error = #expect(throws: JSONPath.SyntaxError.self) { try JSONPath(parsing: text) }
        #expect(error?.offset == offset)
    }
}
