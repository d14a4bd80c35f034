/// The members of a JSON object in the order they were written.
///
/// Up to 16 members are searched linearly; beyond that a hash index is kept.
package struct JSONObject: Sendable {
    package typealias Member = (name: String, value: JSON)

    private static let maxLinearMembers = 16

    /// All members in order.
    package private(set) var members: [Member] = []
    private var index: [ExactName: Int] = [:]

    package init() {}

    /// A repeated name keeps its first position and takes the last value.
    package init(_ members: [(String, JSON)]) {
        self.members.reserveCapacity(members.count)
        for (name, value) in members { self[name] = value }
    }

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }
    package var names: [String] { members.map(\.name) }

    /// Setting a new name appends it; setting `nil` removes the member.
    package subscript(_ name: String) -> JSON? {
        get { position(of: name).map { members[$0].value } }
        set {
            switch (position(of: name), newValue) {
            case (let position?, let value?):
                members[position].value = value
            case (let position?, nil):
                members.remove(at: position)
                rebuildIndex()
            case (nil, let value?):
                append(name, value)
            case (nil, nil):
                break
            }
        }
    }

    package func contains(_ name: String) -> Bool { position(of: name) != nil }

    /// Adds a member whose name the caller has looked up and not found.
    mutating func appendNew(_ name: String, _ value: JSON) { append(name, value) }

    private func position(of name: String) -> Int? {
        if members.count > Self.maxLinearMembers { return index[ExactName(name)] }
        return members.firstIndex { $0.name.hasSameBytes(as: name) }
    }

    private mutating func append(_ name: String, _ value: JSON) {
        members.append((name, value))
        if members.count == Self.maxLinearMembers + 1 {
            rebuildIndex()
        } else if members.count > Self.maxLinearMembers {
            index[ExactName(name)] = members.count - 1
        }
    }

    private mutating func rebuildIndex() {
        index.removeAll(keepingCapacity: true)
        guard members.count > Self.maxLinearMembers else { return }
        for (position, member) in members.enumerated() { index[ExactName(member.name)] = position }
    }
}

extension JSONObject: Equatable {
    /// Member order does not matter (RFC 8259 §4).
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.name] == $0.value }
    }
}

extension JSONObject: Sequence {
    package func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }
}

/// A member name hashed and compared by its bytes.
private struct ExactName: Hashable, Sendable {
    let name: String

    init(_ name: String) { self.name = name }

    static func == (left: ExactName, right: ExactName) -> Bool { left.name.hasSameBytes(as: right.name) }

    func hash(into hasher: inout Hasher) {
        // Canonically equivalent names may collide here; equality still tells them apart.
        hasher.combine(name)
    }
}
