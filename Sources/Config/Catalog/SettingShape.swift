package import JSON

/// What a setting may hold.
package indirect enum SettingShape: Equatable, Sendable {
    case boolean
    case integer(ClosedRange<Int>)
    case string
    case choice([String])
    /// Of elements of one shape.
    case list(SettingShape)
    /// An object with names of the owner's, and values of one shape.
    case map(SettingShape)
    /// A token or password: text, or a reference.
    case secret
    case either(SettingShape, SettingShape)
    /// `false`
    case no
    case object
}

extension SettingShape {
    /// As JSON Schema. Text with `${NAME}` may stand for everything that is no list and no object.
    package var schema: JSON {
        switch self {
        case .boolean: Self.orVariable(["type": "boolean"])
        case .integer(let range):
            Self.orVariable([
                "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
                "maximum": .integer(Int64(range.upperBound)),
            ])
        case .string: ["type": "string"]
        case .choice(let words): Self.orVariable(["enum": .array(words.map { .string($0) })])
        case .list(let element): ["type": "array", "items": element.schema]
        case .map(let value): ["type": "object", "additionalProperties": value.schema]
        case .secret: ["anyOf": [["type": "string"], ["$ref": "#/$defs/secretReference"]]]
        case .either(let one, let other): ["anyOf": [one.schema, other.schema]]
        case .no: ["const": false]
        case .object: ["type": "object"]
        }
    }

    private static func orVariable(_ schema: JSON) -> JSON { ["anyOf": [schema, ["$ref": "#/$defs/variable"]]] }

    /// For a table.
    package var summary: String {
        switch self {
        case .boolean: "true or false"
        case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .string: "text"
        case .choice(let words): words.joined(separator: ", ")
        case .list(let element): "list of \(element.summary)"
        case .map(let value): "names with \(value.summary)"
        case .secret: "secret"
        case .either(let one, let other): "\(one.summary), or \(other.summary)"
        case .no: "false"
        case .object: "object"
        }
    }
}
