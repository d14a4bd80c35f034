/// A value of a document with the bytes it is written in: what an edit has to know of a text, blanks and comments
/// being all that lies between.
struct SyntaxNode {
    struct Child {
        /// Nil in an array.
        let name: String?
        let keyRange: Range<Int>?
        let value: SyntaxNode
        /// Offset of the comma behind it, if there is one.
        let comma: Int?

        /// Name, colon and value.
        var range: Range<Int> { (keyRange ?? value.range).lowerBound..<value.range.upperBound }
    }

    enum Kind { case scalar, array, object }

    let kind: Kind
    /// From the opening to the closing bracket, both included.
    let range: Range<Int>
    let children: [Child]

    /// The member of that name; names are compared by their bytes.
    func index(of name: String) -> Int? {
        children.firstIndex { $0.name?.hasSameBytes(as: name) ?? false }
    }
}

extension SyntaxNode {
    /// - Parameter bytes: a document that ``JSONParser`` accepts.
    init(_ bytes: Span<UInt8>) throws(ReadFailure) {
        var reader = JSONReader(
            dialect: .json5, maxDepth: JSONParser.maxDepthLimit, maxNodes: .max, recordsSource: false)
        try reader.skipBlank(bytes)
        self = try reader.syntax(bytes)
    }
}

extension JSONReader {
    fileprivate mutating func syntax(_ bytes: Span<UInt8>) throws(ReadFailure) -> SyntaxNode {
        let start = offset
        switch peek(bytes) {
        case Byte.openBrace:
            let children = try children(bytes, until: Byte.closeBrace, named: true)
            return SyntaxNode(kind: .object, range: start..<offset, children: children)
        case Byte.openBracket:
            let children = try children(bytes, until: Byte.closeBracket, named: false)
            return SyntaxNode(kind: .array, range: start..<offset, children: children)
        default:
            _ = try bareValue(bytes, path: "")
            return SyntaxNode(kind: .scalar, range: start..<offset, children: [])
        }
    }

    private mutating func children(
        _ bytes: Span<UInt8>, until close: UInt8, named: Bool
    ) throws(ReadFailure) -> [SyntaxNode.Child] {
        offset += 1
        var children: [SyntaxNode.Child] = []
        try skipBlank(bytes)
        while peek(bytes) != close {
            let start = offset
            var name: String?
            var keyRange: Range<Int>?
            if named {
                name = try memberName(bytes)
                keyRange = start..<offset
                try skipBlank(bytes)
                try expect(Byte.colon, bytes)
                try skipBlank(bytes)
            }
            let value = try syntax(bytes)
            try skipBlank(bytes)
            let comma = peek(bytes) == Byte.comma ? offset : nil
            children.append(.init(name: name, keyRange: keyRange, value: value, comma: comma))
            guard comma != nil else { break }
            offset += 1
            try skipBlank(bytes)
        }
        try expect(close, bytes)
        return children
    }
}
