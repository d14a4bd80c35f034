import JSON

/// A configuration document in which every value remembers where it was written.
struct ConfigNode {
    struct Member {
        let name: String
        /// Of the name, where a complaint about the name points.
        let keyLocation: SourceLocation
        var value: ConfigNode
    }

    enum Content {
        /// Null, boolean, number or string.
        case scalar(JSON)
        case array([ConfigNode])
        case object([Member])
    }

    enum ArrayMerge { case concatenate, replace }

    var content: Content
    let location: SourceLocation

    var members: [Member]? {
        if case .object(let members) = content { members } else { nil }
    }

    var elements: [ConfigNode]? {
        if case .array(let elements) = content { elements } else { nil }
    }

    var string: String? {
        if case .scalar(.string(let text)) = content { text } else { nil }
    }

    subscript(_ name: String) -> ConfigNode? { members?.first { $0.name == name }?.value }

    /// The plain value, without locations.
    var json: JSON {
        switch content {
        case .scalar(let value): value
        case .array(let elements): .array(elements.map(\.json))
        case .object(let members): .object(JSONObject(members.map { ($0.name, $0.value.json) }))
        }
    }

    mutating func removeMember(_ name: String) -> Member? {
        guard case .object(var members) = content, let index = members.firstIndex(where: { $0.name == name }) else {
            return nil
        }
        let removed = members.remove(at: index)
        content = .object(members)
        return removed
    }

    /// Lays `other` over this: objects merge member by member, of other values the later wins.
    func merged(with other: ConfigNode, arrays: ArrayMerge) -> ConfigNode {
        switch (content, other.content) {
        case (.object(var members), .object(let others)):
            for member in others {
                if let index = members.firstIndex(where: { $0.name == member.name }) {
                    let value = members[index].value.merged(with: member.value, arrays: arrays)
                    members[index] = Member(name: member.name, keyLocation: member.keyLocation, value: value)
                } else {
                    members.append(member)
                }
            }
            return ConfigNode(content: .object(members), location: other.location)
        case (.array(let elements), .array(let others)) where arrays == .concatenate:
            return ConfigNode(content: .array(elements + others), location: other.location)
        default:
            return other
        }
    }
}

extension ConfigNode {
    /// - Parameter file: The path that goes into every location.
    init(_ json: JSON, source: SourceMap, file: String, path: String = "") {
        let position = source[path]?.valuePosition ?? SourcePosition(line: 1, column: 1)
        location = SourceLocation(path: file, line: position.line, column: position.column)
        switch json {
        case .array(let elements):
            content = .array(
                elements.enumerated().map { index, element in
                    ConfigNode(element, source: source, file: file, path: SourceMap.path(path, index: index))
                })
        case .object(let object):
            content = .object(
                object.members.map { name, value in
                    let memberPath = SourceMap.path(path, name: name)
                    let node = ConfigNode(value, source: source, file: file, path: memberPath)
                    let key = source[memberPath]?.keyPosition
                    let keyLocation = key.map { SourceLocation(path: file, line: $0.line, column: $0.column) }
                    return Member(name: name, keyLocation: keyLocation ?? node.location, value: node)
                })
        default:
            content = .scalar(json)
        }
    }
}
