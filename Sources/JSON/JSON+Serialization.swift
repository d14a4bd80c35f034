extension JSON {
    /// Compact UTF-8 without trailing newline.
    package func serialized() -> [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.take()
    }

    /// For people and for files: one member or element per line, no trailing newline.
    ///
    /// - Parameter indent: Spaces per level.
    package func prettyPrinted(indent: Int = 2) -> String {
        var text = ""
        write(into: &text, indent: indent, level: 0)
        return text
    }

    private func write(into text: inout String, indent: Int, level: Int) {
        switch self {
        case .array(let elements) where !elements.isEmpty:
            text += "["
            for (position, element) in elements.enumerated() {
                Self.breakLine(&text, isFirst: position == 0, indent: indent, level: level + 1)
                element.write(into: &text, indent: indent, level: level + 1)
            }
            Self.breakLine(&text, isFirst: true, indent: indent, level: level)
            text += "]"
        case .object(let object) where !object.isEmpty:
            text += "{"
            for (position, member) in object.members.enumerated() {
                Self.breakLine(&text, isFirst: position == 0, indent: indent, level: level + 1)
                text += JSON.string(member.name).compact + ": "
                member.value.write(into: &text, indent: indent, level: level + 1)
            }
            Self.breakLine(&text, isFirst: true, indent: indent, level: level)
            text += "}"
        default:
            text += compact
        }
    }

    private static func breakLine(_ text: inout String, isFirst: Bool, indent: Int, level: Int) {
        text += isFirst ? "\n" : ",\n"
        text += String(repeating: " ", count: indent * level)
    }

    private var compact: String { String(decoding: serialized(), as: UTF8.self) }
}

extension JSON: CustomStringConvertible {
    /// Compact JSON.
    package var description: String { compact }
}
