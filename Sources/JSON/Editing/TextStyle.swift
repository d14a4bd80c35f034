/// How a document is written, so that what is added looks as if its author had written it.
struct TextStyle: Equatable {
    enum KeyStyle: Equatable { case bare, single, double }

    var keys = KeyStyle.double
    var usesSingleQuotes = false
    /// Of one level.
    var indent = "  "
    var lineEnd = "\n"
    /// Containers are written on one line.
    var isOneLine = false

    init() {}

    init(_ root: SyntaxNode, _ bytes: [UInt8]) {
        var counts = (single: 0, double: 0)
        Self.countQuotes(root, bytes, &counts)
        usesSingleQuotes = counts.single > counts.double
        if let keyStyle = Self.firstKey(root).map({ Self.keyStyle($0, bytes) }) { keys = keyStyle }
        if let feed = bytes.firstIndex(of: Byte.lineFeed) {
            if feed > 0, bytes[feed - 1] == Byte.carriageReturn { lineEnd = "\r\n" }
        } else {
            isOneLine = !root.children.isEmpty
        }
        if let first = root.children.first, let blanks = Self.lineStart(before: first.range.lowerBound, bytes) {
            if !blanks.isEmpty { indent = blanks }
        }
    }

    static func keyStyle(_ range: Range<Int>, _ bytes: [UInt8]) -> KeyStyle {
        switch bytes[range.lowerBound] {
        case Byte.quote: .double
        case Byte.apostrophe: .single
        default: .bare
        }
    }

    private static func firstKey(_ node: SyntaxNode) -> Range<Int>? {
        for child in node.children {
            if let key = child.keyRange ?? firstKey(child.value) { return key }
        }
        return nil
    }

    private static func countQuotes(_ node: SyntaxNode, _ bytes: [UInt8], _ counts: inout (single: Int, double: Int)) {
        for child in node.children { countQuotes(child.value, bytes, &counts) }
        guard node.kind == .scalar else { return }
        switch bytes[node.range.lowerBound] {
        case Byte.quote: counts.double += 1
        case Byte.apostrophe: counts.single += 1
        default: break
        }
    }

    /// The blanks from the start of the line to `offset`; nil when something else stands there.
    static func lineStart(before offset: Int, _ bytes: [UInt8]) -> String? {
        var start = offset
        while start > 0, bytes[start - 1] == Byte.space || bytes[start - 1] == Byte.tab { start -= 1 }
        guard start == 0 || bytes[start - 1] == Byte.lineFeed || bytes[start - 1] == Byte.carriageReturn else {
            return nil
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    // MARK: Writing

    func key(_ name: String, _ style: KeyStyle) -> String {
        switch style {
        case .bare where Self.isIdentifier(name): name
        case .single: Self.singleQuoted(name)
        case .bare, .double: JSON.string(name).description
        }
    }

    /// - Parameter margin: the blanks before the line that the value begins on.
    func text(_ value: JSON, margin: String) -> String {
        switch value {
        case .string(let string) where usesSingleQuotes: return Self.singleQuoted(string)
        case .array(let elements) where !elements.isEmpty:
            if isOneLine || elements.allSatisfy(\.isScalar) && Self.isShort(elements) {
                return "[" + elements.map { text($0, margin: margin) }.joined(separator: ", ") + "]"
            }
            return lines("[", elements.map { text($0, margin: margin + indent) }, "]", margin)
        case .object(let object) where !object.isEmpty:
            let members = object.members.map { name, value in
                key(name, keys) + ": " + text(value, margin: margin + indent)
            }
            if isOneLine { return "{ " + members.joined(separator: ", ") + " }" }
            return lines("{", members, "}", margin)
        case .double(let number) where !number.isFinite:
            // JSON5 has words for them.
            return number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
        default: return value.description
        }
    }

    private func lines(_ open: String, _ items: [String], _ close: String, _ margin: String) -> String {
        let separator = "," + lineEnd + margin + indent
        return open + lineEnd + margin + indent + items.joined(separator: separator) + lineEnd + margin + close
    }

    /// Short lists of words are written on one line, as people write them.
    private static func isShort(_ elements: [JSON]) -> Bool {
        elements.reduce(0) { $0 + $1.description.utf8.count + 2 } <= 80
    }

    private static func singleQuoted(_ text: String) -> String {
        var result = "'"
        let escaped = JSON.string(text).description.dropFirst().dropLast()
        var isEscape = false
        for scalar in escaped.unicodeScalars {
            if isEscape {
                // Quotes need no escape here.
                if scalar == "\"" { result.unicodeScalars.removeLast() }
                isEscape = false
            } else if scalar == "\\" {
                isEscape = true
            } else if scalar == "'" {
                result += "\\"
            }
            result.unicodeScalars.append(scalar)
        }
        return result + "'"
    }

    /// The plain part of ECMAScript's identifiers; others are quoted.
    private static func isIdentifier(_ name: String) -> Bool {
        guard let first = name.utf8.first, !Byte.isDigit(first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
                UInt8(ascii: "$"), Byte.zero...Byte.nine:
                true
            default: false
            }
        }
    }
}

extension JSON {
    fileprivate var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}
