internal import JSON

/// How a wrong value is shown in a message.
enum Seen {
    private static let maxScalars = 60

    static func describe(_ value: JSON) -> String {
        switch value {
        case .null: return "null"
        case .array(let elements): return elements.isEmpty ? "an empty array" : "an array"
        case .object: return "an object"
        case .string(let text) where text.unicodeScalars.count > maxScalars:
            let start = String(String.UnicodeScalarView(text.unicodeScalars.prefix(maxScalars)))
            return JSON.string(start + "…").description
        // JSON has no word for these, and `null` would mislead.
        case .double(let number) where !number.isFinite: return "\(number)"
        default: return value.description
        }
    }

    /// The kind of value only, for settings whose value is secret.
    static func kind(of value: JSON) -> String {
        switch value {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .double: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
