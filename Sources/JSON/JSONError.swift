/// Why bytes are not a document we accept, and where.
package struct JSONError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case trailingBytes
        case invalidUTF8
        case controlCharacterInString(UInt8)
        case invalidEscape
        case loneSurrogate
        case invalidNumber
        case numberOutOfRange
        case duplicateMember(String)
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
    }

    package let kind: Kind
    /// Distance in bytes from the start of the document.
    package let offset: Int
    /// Counted from 1.
    package let line: Int
    /// Counted from 1, in Unicode scalars.
    package let column: Int

    package init(kind: Kind, offset: Int, line: Int, column: Int) {
        self.kind = kind
        self.offset = offset
        self.line = line
        self.column = column
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String { "line \(line), column \(column): \(kind)" }
}

extension JSONError.Kind: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unexpectedEnd: "the document ends too early"
        case .unexpectedByte(let byte): "unexpected \(Self.show(byte))"
        case .trailingBytes: "unexpected text after the end of the document"
        case .invalidUTF8: "invalid UTF-8"
        case .controlCharacterInString(let byte): "unescaped control character \(Self.show(byte)) in a string"
        case .invalidEscape: "invalid escape sequence"
        case .loneSurrogate: "escape of half a surrogate pair"
        case .invalidNumber: "invalid number"
        case .numberOutOfRange: "number out of range"
        case .duplicateMember(let name): "member \"\(Self.shorten(name))\" appears twice"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .tooManyValues(let limit): "more than \(limit) values"
        }
    }

    private static func show(_ byte: UInt8) -> String {
        if byte > 0x20 && byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
        let digits = String(byte, radix: 16, uppercase: true)
        return "byte 0x\(digits.count == 1 ? "0" : "")\(digits)"
    }

    /// A name comes from a peer, so what reaches a log is bounded and on one line.
    private static func shorten(_ name: String) -> String {
        var shown = ""
        for scalar in name.unicodeScalars.prefix(64) {
            shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
        }
        return name.unicodeScalars.count > 64 ? shown + "…" : shown
    }
}
