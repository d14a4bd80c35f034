/// Reads JSON and JSON5 documents.
///
/// Strict in both dialects about what lets two readers see different documents: duplicate member names, lone
/// surrogates, invalid UTF-8 and trailing bytes are errors. Integers that fit `Int64` are exact, other numbers are
/// doubles, and a number too large for a double is an error rather than infinity.
package struct JSONParser {
    /// Deepest nesting any caller may allow; the parser recurses, and reactor stacks are small.
    package static let maxDepthLimit = 256

    /// - Parameters:
    ///   - bytes: The whole document, UTF-8. Borrowed; nothing is kept.
    ///   - maxDepth: How many arrays and objects may be open at once, at most ``maxDepthLimit``.
    ///   - maxNodes: How many values the document may hold, containers included.
    package static func parse(
        _ bytes: Span<UInt8>, dialect: JSONDialect = .json, maxDepth: Int = 64, maxNodes: Int = 1_000_000
    ) throws(JSONError) -> JSON {
        var reader = JSONReader(dialect: dialect, maxDepth: maxDepth, maxNodes: maxNodes, recordsSource: false)
        return try document(&reader, bytes)
    }

    package static func parse(
        _ bytes: [UInt8], dialect: JSONDialect = .json, maxDepth: Int = 64, maxNodes: Int = 1_000_000
    ) throws(JSONError) -> JSON {
        try parse(bytes.span, dialect: dialect, maxDepth: maxDepth, maxNodes: maxNodes)
    }

    package static func parse(
        _ text: String, dialect: JSONDialect = .json, maxDepth: Int = 64, maxNodes: Int = 1_000_000
    ) throws(JSONError) -> JSON {
        let utf8 = text.utf8
        return try parse(utf8.span, dialect: dialect, maxDepth: maxDepth, maxNodes: maxNodes)
    }

    /// The document together with the place of every value in it.
    package static func parseWithSource(
        _ bytes: Span<UInt8>, dialect: JSONDialect, maxDepth: Int = 64, maxNodes: Int = 1_000_000
    ) throws(JSONError) -> (JSON, SourceMap) {
        var reader = JSONReader(dialect: dialect, maxDepth: maxDepth, maxNodes: maxNodes, recordsSource: true)
        let value = try document(&reader, bytes)
        return (value, reader.source)
    }

    package static func parseWithSource(
        _ bytes: [UInt8], dialect: JSONDialect, maxDepth: Int = 64, maxNodes: Int = 1_000_000
    ) throws(JSONError) -> (JSON, SourceMap) {
        try parseWithSource(bytes.span, dialect: dialect, maxDepth: maxDepth, maxNodes: maxNodes)
    }

    private static func document(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        do {
            return try reader.document(bytes)
        } catch {
            var lines = LineCounter()
            let position = lines.position(of: error.offset, in: bytes)
            throw JSONError(
                kind: error.kind, offset: error.offset, line: position.line, column: position.column)
        }
    }
}
