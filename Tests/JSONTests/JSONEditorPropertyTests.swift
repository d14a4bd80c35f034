import JSON
import Testing

/// Random documents, written in all the ways that JSON5 allows, and random edits.
@Suite("Editing, any document")
struct JSONEditorPropertyTests {
    @Test("reading what was edited gives what editing what was read gives", arguments: 0..<60)
    func editThenParse(seed: UInt64) throws {
        var author = Author(seed: seed)
        for _ in 0..<20 {
            let text = author.document()
            let before = try JSONParser.parse(text, dialect: .json5)
            var editor = try JSONEditor(Array(text.utf8))
            #expect(editor.bytes == Array(text.utf8))
            let path = author.path(in: before)
            let comments = Self.comments(text)
            if author.chance(3), !path.isRoot {
                try editor.unset(path)
                #expect(editor.value == before.removing(path.steps[...]), "\(path) of \(text)")
                // What stands between a name and its value goes with them.
                let gone = Set(Self.comments(Self.member(path, in: text)))
                #expect(
                    Self.comments(editor.bytes) == comments.filter { !gone.contains($0) }, "\(path) of \(text)")
            } else {
                let value = author.chance(3) ? author.value(depth: 2) : .integer(author.number(1000))
                let replaced = before[path]
                try editor.set(path, to: value)
                #expect(editor.value == before.setting(path.steps[...], to: value), "\(path) of \(text)")
                // Only what is replaced as a whole takes its comments along.
                if replaced?.isContainer != true {
                    #expect(Self.comments(editor.bytes) == comments, "\(path) of \(text)")
                }
                if let replaced, !replaced.isContainer, replaced != value {
                    expectOnlyValueChanged(text, path, replaced, editor)
                }
            }
            #expect(try JSONParser.parse(editor.bytes, dialect: .json5) == editor.value)
        }
    }

    @Test("strict JSON stays strict", arguments: 0..<30)
    func strict(seed: UInt64) throws {
        var author = Author(seed: seed)
        for _ in 0..<20 {
            let before = author.value(depth: 3, isObject: true)
            let text = author.chance(2) ? before.prettyPrinted() : before.description
            var editor = try JSONEditor(Array(text.utf8))
            let path = author.path(in: before)
            if author.chance(2) { try editor.unset(path) } else { try editor.set(path, to: author.value(depth: 2)) }
            #expect(throws: Never.self, "\(path) of \(text)") { try JSONParser.parse(editor.bytes) }
        }
    }

    private static func member(_ path: JSONPath, in text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard let (_, source) = try? JSONParser.parseWithSource(bytes, dialect: .json5),
            let entry = source[path.description]
        else { return [] }
        return Array(bytes[(entry.keyRange ?? entry.valueRange).lowerBound..<entry.valueRange.upperBound])
    }

    private func expectOnlyValueChanged(_ text: String, _ path: JSONPath, _ replaced: JSON, _ editor: JSONEditor) {
        let old = Array(text.utf8)
        // A map cannot tell names apart that Unicode calls equivalent.
        guard let (_, source) = try? JSONParser.parseWithSource(old, dialect: .json5),
            let range = source[path.description]?.valueRange,
            (try? JSONParser.parse(Array(old[range]), dialect: .json5)) == replaced
        else { return }
        #expect(editor.bytes.starts(with: old[..<range.lowerBound]))
        #expect(editor.bytes.suffix(old.count - range.upperBound) == old[range.upperBound...])
    }

    /// Each comment of ours is a word between marks that stands nowhere else.
    private static func comments(_ text: String) -> [String] {
        text.split(separator: "«").dropFirst().compactMap { $0.split(separator: "»").first.map(String.init) }
    }

    private static func comments(_ bytes: [UInt8]) -> [String] { comments(String(decoding: bytes, as: UTF8.self)) }
}

extension JSON {
    fileprivate var isContainer: Bool { array != nil || object != nil }

    fileprivate func removing(_ steps: ArraySlice<JSONPath.Step>) -> JSON {
        guard let first = steps.first else { return self }
        let rest = steps.dropFirst()
        switch (self, first) {
        case (.object(var object), .name(let name)):
            guard let child = object[name] else { return self }
            object[name] = rest.isEmpty ? Optional.none : child.removing(rest)
            return .object(object)
        case (.array(var elements), .index(let index)) where elements.indices.contains(index):
            if rest.isEmpty { elements.remove(at: index) } else { elements[index] = elements[index].removing(rest) }
            return .array(elements)
        default: return self
        }
    }

    fileprivate func setting(_ steps: ArraySlice<JSONPath.Step>, to value: JSON) -> JSON {
        guard let first = steps.first else { return value }
        let rest = steps.dropFirst()
        switch (self, first) {
        case (.object(var object), .name(let name)):
            object[name] = (object[name] ?? .object(JSONObject())).setting(rest, to: value)
            return .object(object)
        case (.array(var elements), .index(let index)):
            if index == elements.count { elements.append(.object(JSONObject())) }
            elements[index] = elements[index].setting(rest, to: value)
            return .array(elements)
        default: return self
        }
    }
}

/// Writes documents, the same for the same seed.
private struct Author {
    private var state: UInt64
    private var comments = 0

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func number(_ below: Int64) -> Int64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int64(state >> 33) % below
    }

    mutating func chance(_ oneIn: Int64) -> Bool { number(oneIn) == 0 }

    private mutating func pick<Value>(_ values: [Value]) -> Value { values[Int(number(Int64(values.count)))] }

    // MARK: Values and paths

    private static let names = ["a", "b", "port", "x y", "é", "e\u{301}", "0", "it's", "\"", "$include", ""]

    mutating func value(depth: Int, isObject: Bool = false) -> JSON {
        let kind = isObject ? 0 : depth > 0 ? number(8) : 2 + number(6)
        switch kind {
        case 0:
            var object = JSONObject()
            for _ in 0..<number(4) { object[pick(Self.names)] = value(depth: depth - 1) }
            return .object(object)
        case 1: return .array((0..<number(4)).map { _ in value(depth: depth - 1) })
        case 2: return .null
        case 3: return .bool(chance(2))
        case 4: return .integer(number(1000) - 500)
        case 5: return .double(Double(number(1000)) / 8 + 0.0625)
        case 6:
            return .string(pick(["", "it's", "say \"no\"", "line\nend", "\u{2028}", "C:\\x", "/* no comment */", "é"]))
        default: return .string("// none")
        }
    }

    /// To something that is there, or that can be added.
    mutating func path(in document: JSON) -> JSONPath {
        var path = JSONPath()
        var value = document
        while true {
            switch value {
            case .object(let object):
                if object.isEmpty || chance(4) { return path.appending("new\(number(3))") }
                let member = object.members[Int(number(Int64(object.count)))]
                path = path.appending(member.name)
                value = member.value
            case .array(let elements):
                let index = Int(number(Int64(elements.count + 1)))
                path = path.appending(index)
                guard index < elements.count else { return path }
                value = elements[index]
            default: return path
            }
            if chance(5) { return path }
        }
    }

    // MARK: Text

    mutating func document() -> String {
        let end = pick(["\n", "\r\n"])
        return blank(end) + text(value(depth: 4, isObject: true), end, level: 0, isOneLine: chance(4)) + blank(end)
    }

    private mutating func blank(_ end: String) -> String {
        switch number(9) {
        case 0: return " \(comment(end))"
        case 1: return "\(comment(end)) "
        case 2: return end
        case 3: return "\t\u{A0}"
        default: return ""
        }
    }

    private mutating func comment(_ end: String) -> String {
        comments += 1
        let word = "«\(comments)»"
        switch number(3) {
        case 0: return "// \(word)\(chance(5) ? "\u{2029}" : end)"
        case 1: return "/* \(word)\(end) * */"
        default: return "/* \(word) */"
        }
    }

    private mutating func text(_ value: JSON, _ end: String, level: Int, isOneLine: Bool) -> String {
        switch value {
        case .array(let elements):
            let items = elements.map { text($0, end, level: level + 1, isOneLine: isOneLine) }
            return container("[", items, "]", end, level, isOneLine)
        case .object(let object):
            let items = object.members.map { member in
                key(member.name) + blank(end) + ":" + blank(end)
                    + text(member.value, end, level: level + 1, isOneLine: isOneLine)
            }
            return container("{", items, "}", end, level, isOneLine)
        case .string(let string) where chance(2): return single(string)
        case .integer(let number) where number >= 0 && chance(4): return "0x" + String(number, radix: 16)
        default: return value.description
        }
    }

    private mutating func container(
        _ open: String, _ items: [String], _ close: String, _ end: String, _ level: Int, _ isOneLine: Bool
    ) -> String {
        let indent = String(repeating: "  ", count: level + 1)
        var text = open + blank(end)
        for (position, item) in items.enumerated() {
            text += isOneLine || chance(9) ? " " : end + indent
            text += item + blank(end)
            if position < items.count - 1 || chance(2) { text += "," + blank(end) }
        }
        return text + (isOneLine || chance(9) ? "" : end + String(indent.dropLast(2))) + close
    }

    private mutating func key(_ name: String) -> String {
        if chance(2), name == "a" || name == "b" || name == "port" || name == "é" || name == "$include" { return name }
        return chance(2) ? single(name) : JSON.string(name).description
    }

    private func single(_ text: String) -> String {
        let escaped = JSON.string(text).description.dropFirst().dropLast()
        return "'" + escaped.replacing("\\\"", with: "\"").replacing("'", with: "\\'") + "'"
    }
}
