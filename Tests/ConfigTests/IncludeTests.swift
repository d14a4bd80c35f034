import Config
import JSON
import Testing

@Suite("$include")
struct IncludeTests {
    @Test("one file takes the place of the object")
    func single() throws {
        let configuration = try loaded(
            "gateway:{$include:'./g.json5'}", others: ["/c/g.json5": "// x\n{\n port: 7000 }"])
        #expect(configuration.gateway.port == 7000)
        #expect(configuration.source(of: "gateway.port") == .file(path: "/c/g.json5", line: 3))
        #expect(configuration.files == ["/c/openclaw.json", "/c/g.json5", "/c/gateway.json"])
    }

    @Test("several are merged deeply in order, arrays joined, and members beside them win")
    func several() throws {
        let configuration = try loaded(
            "gateway:{$include:['a','b'],port:3,trustedProxies:['10.0.0.3']}",
            others: [
                "/c/a": "{port:1,bind:'lan',reload:{mode:'off',debounceMs:1},trustedProxies:['10.0.0.1']}",
                "/c/b": "{port:2,reload:{debounceMs:2},trustedProxies:['10.0.0.2']}",
            ])
        #expect(configuration.gateway.port == 3)
        #expect(configuration.gateway.bind == .lan)
        #expect(configuration.gateway.reload.mode == .off)
        #expect(configuration.gateway.reload.debounce == .milliseconds(2))
        #expect(configuration.gateway.trustedProxies == ["10.0.0.1", "10.0.0.2", "10.0.0.3"])
    }

    @Test("an included array can be a whole value, and paths resolve against the file that names them")
    func nested() throws {
        let configuration = try loaded(
            "agents:{$include:'sub/agents.json'}",
            others: [
                "/c/sub/agents.json": "{list:{$include:'../list.json'}}",
                "/c/list.json": "[{id:'a'},{$include:'/abs/b.json'}]", "/abs/b.json": "{id:'b'}",
            ])
        #expect(configuration.agents.map(\.id) == ["a", "b"])
        #expect(configuration.source(of: "agents.list[1].id") == .file(path: "/abs/b.json", line: 1))
    }

    @Test("the top of a file can be included")
    func top() throws {
        let configuration = try loaded("$include:'base.json'", others: ["/c/base.json": "{gateway:{port:5}}"])
        #expect(configuration.gateway.port == 5)
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let members: String
        let others: [String: String]
        let message: String
        let place: String
    }

    static let wrong: [Wrong] = [
        Wrong(
            testDescription: "missing file", members: "gateway:{$include:'x'}", others: [:],
            message: "cannot read the included file /c/x", place: "/c/openclaw.json:1:20"),
        Wrong(
            testDescription: "itself", members: "$include:'openclaw.json'", others: ["/c/openclaw.json": "{}"],
            message: "circular $include: /c/openclaw.json -> /c/openclaw.json", place: "/c/openclaw.json:1:11"),
        Wrong(
            testDescription: "circle", members: "$include:'a'",
            others: ["/c/a": "{$include:'./b'}", "/c/b": "{$include:'x/../a'}"],
            message: "circular $include: /c/openclaw.json -> /c/a -> /c/b -> /c/a", place: "/c/b:1:11"),
        Wrong(
            testDescription: "number", members: "$include:5", others: [:],
            message: "$include must be a path or an array of paths, not 5", place: "/c/openclaw.json:1:11"),
        Wrong(
            testDescription: "array of numbers", members: "$include:[5]", others: [:],
            message: "$include must name files, not 5", place: "/c/openclaw.json:1:12"),
        Wrong(
            testDescription: "scalar beside keys", members: "gateway:{$include:'a',port:1}", others: ["/c/a": "5"],
            message: "what is included beside other keys must be an object", place: "/c/openclaw.json:1:20"),
        Wrong(
            testDescription: "syntax", members: "gateway:{$include:'a'}", others: ["/c/a": "{\n,}"],
            message: "not valid JSON5: unexpected ','", place: "/c/a:2:1"),
    ]

    @Test("what cannot be included is an error with a place", arguments: wrong)
    func wrongInclude(_ wrong: Wrong) {
        let found = problems(wrong.members, others: wrong.others)
        #expect(found.map(\.message) == [wrong.message])
        #expect(found.first?.location?.description == wrong.place)
    }

    @Test("ten levels are allowed and eleven are not")
    func depth() throws {
        func chain(_ levels: Int) -> [String: String] {
            var files: [String: String] = [:]
            for level in 1...levels {
                files["/c/\(level)"] = level == levels ? "{port:9}" : "{$include:'\(level + 1)'}"
            }
            return files
        }
        #expect(try loaded("gateway:{$include:'1'}", others: chain(10)).gateway.port == 9)
        let found = problems("gateway:{$include:'1'}", others: chain(11))
        #expect(found.map(\.message) == ["$include is nested deeper than 10 levels at /c/11"])
    }

    @Test("a fan of includes ends")
    func fan() {
        var files: [String: String] = [:]
        for level in 1...9 {
            let next = Array(repeating: "'\(level + 1)'", count: 9).joined(separator: ",")
            files["/c/\(level)"] = "{$include:[\(next)]}"
        }
        files["/c/10"] = "{}"
        #expect(
            problems("gateway:{$include:'1'}", others: files).contains {
                $0.message == "more than 256 files are included"
            })
    }
}
