/// Why a value cannot be set or removed at a path.
package enum EditError: Error, Equatable, Sendable {
    /// The path goes through something that has no members, such as a number.
    case notAnObject(path: String, typeName: String)
    case notAnArray(path: String, typeName: String)
    /// An element can replace another or follow the last one.
    case indexBeyondEnd(path: String, count: Int)
    /// The result would be no document that we read ourselves: nested too deep, for instance.
    case notWritable(JSONError.Kind)
}

extension EditError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAnObject(let path, let typeName): "\(Self.show(path)) is \(Self.article(typeName)), not an object"
        case .notAnArray(let path, let typeName): "\(Self.show(path)) is \(Self.article(typeName)), not an array"
        case .indexBeyondEnd(let path, let count):
            "\(path) is beyond the end: there are \(count) elements, so [\(count)] would be the next"
        case .notWritable(let kind): "the result could not be read again: \(kind)"
        }
    }

    private static func show(_ path: String) -> String { path.isEmpty ? "the document" : path }

    private static func article(_ typeName: String) -> String {
        switch typeName {
        case "null": "null"
        case "array", "object": "an \(typeName)"
        default: "a \(typeName)"
        }
    }
}
