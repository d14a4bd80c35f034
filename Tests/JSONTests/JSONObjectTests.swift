import JSON
import Testing

@Suite("JSON values")
struct JSONObjectTests {
    @Test("members keep their order, and setting one again keeps its place", arguments: [3, 16, 17, 40])
    func order(_ count: Int) {
        var object = JSONObject((0..<count).map { ("k\($0)", .integer(Int64($0))) })
        object["k1"] = "changed"
        #expect(object.names == (0..<count).map { "k\($0)" })
        #expect(object["k1"] == "changed")
        object["k0"] = nil
        #expect(object.names == (1..<count).map { "k\($0)" })
        #expect(object["k\(count - 1)"] == .integer(Int64(count - 1)))
        #expect(object["k0"] == nil)
        object["k0"] = 0
        #expect(object.names.last == "k0")
        #expect(object.count == count)
    }

    @Test("names that merely look the same are different members", arguments: [2, 30])
    func exactNames(_ fill: Int) {
        var object = JSONObject((0..<fill).map { ("k\($0)", nil) })
        object["\u{e9}"] = 1
        object["e\u{301}"] = 2
        #expect(object["\u{e9}"] == 1)
        #expect(object["e\u{301}"] == 2)
        #expect(JSON.string("\u{e9}") != .string("e\u{301}"))
    }

    @Test("objects are equal whatever their order, and not when a member differs")
    func equality() {
        #expect(["a": 1, "b": 2] as JSON == ["b": 2, "a": 1])
        #expect(["a": 1, "b": 2] as JSON != ["a": 1])
        #expect(["a": 1] as JSON != ["a": 2])
        #expect(["a": 1] as JSON != ["b": 1])
        #expect(JSON.integer(1) != .double(1))
    }

    @Test("accessors answer for their kind only")
    func accessors() {
        #expect(JSON.double(3).integer == 3)
        #expect(JSON.double(3.5).integer == nil)
        #expect(JSON.double(1e300).integer == nil)
        #expect(JSON.double(.infinity).integer == nil)
        #expect(JSON.integer(3).number == 3)
        #expect(JSON.string("3").integer == nil)
        #expect(JSON.bool(true).bool == true)
        #expect(JSON.null.bool == nil)
        #expect(JSON.null.isNull)
        let value: JSON = ["a": [["b": "c"]]]
        #expect(value["a"]?[0]?["b"]?.string == "c")
        #expect(value["a"]?[1] == nil)
        #expect(value["a"]?[-1] == nil)
        #expect(value["x"]?["y"] == nil)
        #expect(value[0] == nil)
    }
}
