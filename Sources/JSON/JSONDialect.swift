/// Which grammar a document is read by.
package enum JSONDialect: Equatable, Sendable {
    /// RFC 8259, strict.
    case json
    /// JSON5 1.0.0: comments, trailing commas, single quotes, bare names, more numbers.
    case json5
}
