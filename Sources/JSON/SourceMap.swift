/// A place in a text, both counted from 1; columns are Unicode scalars.
package struct SourcePosition: Hashable, Sendable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Where each value of a document stands.
///
/// A path joins names with dots and positions in brackets: `gateway.auth.token`, `agents.list[0].id`. A name that is
/// empty or has other characters than `[A-Za-z0-9_$-]` is written `["like this"]`. The root is the empty path.
package struct SourceMap: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        /// Byte range of the member name, quotes included; `nil` for the root and for array elements.
        package let keyRange: Range<Int>?
        /// Byte range of the value.
        package let valueRange: Range<Int>
        package let keyPosition: SourcePosition?
        package let valuePosition: SourcePosition

        /// Of the value.
        package var line: Int { valuePosition.line }
        /// Of the value.
        package var column: Int { valuePosition.column }
    }

    package private(set) var entries: [String: Entry] = [:]

    package init() {}

    package subscript(_ path: String) -> Entry? { entries[path] }

    mutating func record(_ path: String, _ entry: Entry) { entries[path] = entry }

    package static func path(_ parent: String, name: String) -> String {
        let isPlain = !name.isEmpty && name.utf8.allSatisfy(isPlainNameByte)
        if isPlain { return parent.isEmpty ? name : "\(parent).\(name)" }
        var writer = JSONWriter()
        writer.string(name)
        return "\(parent)[\(String(decoding: writer.bytes, as: UTF8.self))]"
    }

    package static func path(_ parent: String, index: Int) -> String { "\(parent)[\(index)]" }

    private static func isPlainNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "-"):
            true
        default:
            false
        }
    }
}
