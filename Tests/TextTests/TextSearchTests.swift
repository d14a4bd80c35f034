import Testing
import Text

@Suite struct TextSearchTests {
    @Test(
        arguments: [
            ("", "", 0), ("abc", "", 0), ("abc", "a", 0), ("abc", "c", 2), ("abc", "bc", 1), ("abc", "abcd", nil),
            ("", "a", nil),
            ("aab", "ab", 1), ("aaaa", "aab", nil), ("a::b", "::", 1), ("é=é", "=é", 2), ("\u{1F600}x", "x", 4),
        ] as [(String, String, Int?)])
    func finds(text: String, wanted: String, at offset: Int?) {
        let found = text.firstRange(of: wanted)
        #expect(found.map { text.utf8.distance(from: text.startIndex, to: $0.lowerBound) } == offset)
        #expect(found.map { String(text[$0]) } == offset.map { _ in wanted })
        #expect(text.contains(wanted) == (offset != nil))
    }

    @Test(arguments: [
        ("a_b_c", "_", "-", "a-b-c"), ("aaa", "aa", "b", "ba"), ("abc", "x", "y", "abc"), ("'", "'", "''", "''"),
        ("", "a", "b", ""),
    ])
    func replaces(text: String, wanted: String, other: String, result: String) {
        #expect(text.replacing(wanted, with: other) == result)
    }

    @Test(arguments: [
        ("::1", ["", "1"]), ("1::", ["1", ""]), ("1", ["1"]), ("a::b::c", ["a", "b::c"]), (":::", ["", ":"]),
    ])
    func splitsOnce(text: String, parts: [String]) {
        #expect(text.split(atFirst: "::").map { String($0) } == parts)
    }
}
