/// What went wrong inside the reader; the place becomes line and column only when it leaves the module.
struct ReadFailure: Error {
    let kind: JSONError.Kind
    let offset: Int
}

/// Recursive-descent reader over a document that is passed to every call.
struct JSONReader {
    let dialect: JSONDialect
    private let maxDepth: Int
    private let maxNodes: Int
    private let recordsSource: Bool

    var offset = 0
    /// Unescaped bytes of the string being read; kept for its capacity.
    var scratch: [UInt8] = []
    private var depth = 0
    private var nodes = 0
    private var lines = LineCounter()
    private(set) var source = SourceMap()

    init(dialect: JSONDialect, maxDepth: Int, maxNodes: Int, recordsSource: Bool) {
        self.dialect = dialect
        self.maxDepth = min(maxDepth, JSONParser.maxDepthLimit)
        self.maxNodes = maxNodes
        self.recordsSource = recordsSource
    }

    mutating func document(_ bytes: Span<UInt8>) throws(ReadFailure) -> JSON {
        try skipBlank(bytes)
        let value = try value(bytes, path: "", key: nil)
        try skipBlank(bytes)
        guard offset == bytes.count else { throw failure(.trailingBytes) }
        return value
    }

    func failure(_ kind: JSONError.Kind) -> ReadFailure { ReadFailure(kind: kind, offset: offset) }

    func failure(_ kind: JSONError.Kind, at offset: Int) -> ReadFailure { ReadFailure(kind: kind, offset: offset) }

    /// What stands at the current offset is not what the grammar asks for.
    func unexpected(_ bytes: Span<UInt8>) -> ReadFailure {
        failure(offset < bytes.count ? .unexpectedByte(bytes[offset]) : .unexpectedEnd)
    }

    func peek(_ bytes: Span<UInt8>) -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func expect(_ byte: UInt8, _ bytes: Span<UInt8>) throws(ReadFailure) {
        guard peek(bytes) == byte else { throw unexpected(bytes) }
        offset += 1
    }

    mutating func literal(_ text: StaticString, _ bytes: Span<UInt8>) throws(ReadFailure) {
        for index in 0..<text.utf8CodeUnitCount {
            try expect(unsafe text.utf8Start[index], bytes)
        }
    }

    // MARK: Values

    private mutating func value(
        _ bytes: Span<UInt8>, path: String, key: Range<Int>?
    ) throws(ReadFailure) -> JSON {
        nodes += 1
        guard nodes <= maxNodes else { throw failure(.tooManyValues(limit: maxNodes)) }
        guard recordsSource else { return try bareValue(bytes, path: path) }

        let keyPosition = key.map { lines.position(of: $0.lowerBound, in: bytes) }
        let start = offset
        let position = lines.position(of: start, in: bytes)
        let value = try bareValue(bytes, path: path)
        let entry = SourceMap.Entry(
            keyRange: key, valueRange: start..<offset, keyPosition: keyPosition, valuePosition: position)
        source.record(path, entry)
        return value
    }

    mutating func bareValue(_ bytes: Span<UInt8>, path: String) throws(ReadFailure) -> JSON {
        guard let byte = peek(bytes) else { throw failure(.unexpectedEnd) }
        switch byte {
        case Byte.openBrace:
            return try object(bytes, path: path)
        case Byte.openBracket:
            return try array(bytes, path: path)
        case Byte.quote:
            return .string(try string(bytes))
        case Byte.apostrophe where dialect == .json5:
            return .string(try string(bytes))
        case UInt8(ascii: "t"):
            try literal("true", bytes)
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false", bytes)
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null", bytes)
            return .null
        case Byte.minus, Byte.zero...Byte.nine:
            return try number(bytes)
        case Byte.plus, Byte.dot, UInt8(ascii: "I"), UInt8(ascii: "N"):
            guard dialect == .json5 else { throw unexpected(bytes) }
            return try number(bytes)
        default:
            throw unexpected(bytes)
        }
    }

    // MARK: Containers

    private mutating func enter() throws(ReadFailure) {
        guard depth < maxDepth else { throw failure(.tooDeep(limit: maxDepth)) }
        depth += 1
        offset += 1
    }

    private mutating func array(_ bytes: Span<UInt8>, path: String) throws(ReadFailure) -> JSON {
        try enter()
        var elements: [JSON] = []
        try skipBlank(bytes)
        while peek(bytes) != Byte.closeBracket {
            let elementPath = recordsSource ? SourceMap.path(path, index: elements.count) : ""
            elements.append(try value(bytes, path: elementPath, key: nil))
            guard try separator(bytes, before: Byte.closeBracket) else { break }
        }
        try expect(Byte.closeBracket, bytes)
        depth -= 1
        return .array(elements)
    }

    private mutating func object(_ bytes: Span<UInt8>, path: String) throws(ReadFailure) -> JSON {
        try enter()
        var object = JSONObject()
        try skipBlank(bytes)
        while peek(bytes) != Byte.closeBrace {
            let keyStart = offset
            let name = try memberName(bytes)
            let key = keyStart..<offset
            // Before the value, so that a repeated member is not read at length first.
            guard !object.contains(name) else { throw failure(.duplicateMember(name), at: keyStart) }
            try skipBlank(bytes)
            try expect(Byte.colon, bytes)
            try skipBlank(bytes)
            let memberPath = recordsSource ? SourceMap.path(path, name: name) : ""
            object.appendNew(name, try value(bytes, path: memberPath, key: key))
            guard try separator(bytes, before: Byte.closeBrace) else { break }
        }
        try expect(Byte.closeBrace, bytes)
        depth -= 1
        return .object(object)
    }

    /// Reads a comma and the blanks around it.
    ///
    /// - Returns: Whether another element follows or, in JSON5, may follow.
    private mutating func separator(_ bytes: Span<UInt8>, before close: UInt8) throws(ReadFailure) -> Bool {
        try skipBlank(bytes)
        guard peek(bytes) == Byte.comma else { return false }
        offset += 1
        try skipBlank(bytes)
        if dialect == .json && peek(bytes) == close { throw unexpected(bytes) }
        return true
    }

    mutating func memberName(_ bytes: Span<UInt8>) throws(ReadFailure) -> String {
        switch peek(bytes) {
        case Byte.quote:
            return try string(bytes)
        case Byte.apostrophe where dialect == .json5:
            return try string(bytes)
        default:
            guard dialect == .json5 else { throw unexpected(bytes) }
            return try identifier(bytes)
        }
    }
}
