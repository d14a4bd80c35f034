/// Edits a JSON5 document as a person would: comments, order, quotes, indentation and everything that is not meant stay
/// as they are. What is written into strict JSON stays strict JSON.
package struct JSONEditor: Sendable {
    package private(set) var bytes: [UInt8]
    /// What the text says now.
    package private(set) var value: JSON

    package init(_ bytes: [UInt8]) throws(JSONError) {
        value = try JSONParser.parse(bytes, dialect: .json5)
        self.bytes = bytes
    }

    /// Puts a value at a path, with whatever objects and arrays are missing on the way. Where an object takes the place of
    /// an object, only the members that differ are written.
    package mutating func set(_ path: JSONPath, to value: JSON) throws(EditError) {
        let before = self
        do throws(EditError) {
            try reconcile(path, with: value)
        } catch {
            self = before
            throw error
        }
    }

    /// Removes a member or an element; comments around it stay.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    package mutating func unset(_ path: JSONPath) throws(EditError) -> Bool {
        guard value[path] != nil, let last = path.steps.last else { return false }
        let parent = JSONPath(Array(path.steps.dropLast()))
        let node = try node(at: parent)
        let position =
            switch last {
            case .name(let name): node.index(of: name)
            case .index(let index): index < node.children.count ? index : nil
            }
        guard let position else { return false }
        try apply(removal(of: position, in: node))
        return true
    }

    // MARK: - What differs

    private mutating func reconcile(_ path: JSONPath, with new: JSON) throws(EditError) {
        guard let old = value[path] else { return try insert(new, at: path) }
        guard old != new else { return }
        switch (old, new) {
        case (.object(let old), .object(let new)):
            for name in old.names where new[name] == nil { try unset(path.appending(name)) }
            for (name, value) in new where old[name] != value { try reconcile(path.appending(name), with: value) }
        case (.array(let old), .array(let new)):
            try reconcile(path, old, with: new)
        default:
            try replace(path, with: new)
        }
    }

    private mutating func reconcile(_ path: JSONPath, _ old: [JSON], with new: [JSON]) throws(EditError) {
        let shorter = min(old.count, new.count)
        let head = (0..<shorter).first { old[$0] != new[$0] } ?? shorter
        let tail = (0..<shorter - head).first { old[old.count - 1 - $0] != new[new.count - 1 - $0] } ?? shorter - head
        let olds = old.count - head - tail
        let news = new.count - head - tail
        // Nothing can be put between two elements without moving the comments that stand there.
        guard news <= olds || tail == 0 else { return try replace(path, with: .array(new)) }
        for index in stride(from: head + olds - 1, through: head + news, by: -1) { try unset(path.appending(index)) }
        for index in head..<head + news { try reconcile(path.appending(index), with: new[index]) }
    }

    private mutating func replace(_ path: JSONPath, with new: JSON) throws(EditError) {
        let node = try node(at: path)
        var style = try style()
        if node.kind == .scalar {
            switch bytes[node.range.lowerBound] {
            case Byte.quote: style.usesSingleQuotes = false
            case Byte.apostrophe: style.usesSingleQuotes = true
            default: break
            }
        }
        let text = style.text(new, margin: margin(of: node.range.lowerBound))
        try apply([Edit(node.range, text)])
    }

    // MARK: - What is new

    private mutating func insert(_ new: JSON, at path: JSONPath) throws(EditError) {
        for (depth, step) in path.steps.enumerated() {
            let parent = JSONPath(Array(path.steps[..<depth]))
            guard let container = value[parent] else { break }
            let here = parent.description
            switch (step, container) {
            case (.name(let name), .object(let object)):
                if object.contains(name) { continue }
                let value = try Self.wrapped(new, in: path.steps.dropFirst(depth + 1), here: parent.appending(name))
                return try apply(insertion(of: value, named: name, into: node(at: parent), style()))
            case (.index(let index), .array(let elements)):
                if index < elements.count { continue }
                guard index == elements.count else {
                    throw .indexBeyondEnd(path: parent.appending(index).description, count: elements.count)
                }
                let value = try Self.wrapped(new, in: path.steps.dropFirst(depth + 1), here: parent.appending(index))
                return try apply(insertion(of: value, named: nil, into: node(at: parent), style()))
            case (.name, _): throw .notAnObject(path: here, typeName: container.typeName)
            case (.index, _): throw .notAnArray(path: here, typeName: container.typeName)
            }
        }
    }

    /// The value in the containers that the rest of a path asks for.
    private static func wrapped(
        _ value: JSON, in steps: ArraySlice<JSONPath.Step>, here: JSONPath
    ) throws(EditError) -> JSON {
        var value = value
        for (offset, step) in zip(steps.indices, steps).reversed() {
            switch step {
            case .name(let name): value = .object(JSONObject([(name, value)]))
            case .index(0): value = .array([value])
            case .index(let index):
                let place = JSONPath(here.steps + steps[..<offset] + [.index(index)])
                throw .indexBeyondEnd(path: place.description, count: 0)
            }
        }
        return value
    }

    // MARK: - Text

    /// One replacement; edits are made from the last to the first.
    struct Edit {
        let range: Range<Int>
        let text: String

        init(_ range: Range<Int>, _ text: String = "") {
            self.range = range
            self.text = text
        }

        init(at offset: Int, _ text: String) { self.init(offset..<offset, text) }
    }

    private mutating func apply(_ edits: [Edit]) throws(EditError) {
        var changed: [UInt8] = []
        changed.reserveCapacity(bytes.count + edits.reduce(0) { $0 + $1.text.utf8.count })
        var offset = 0
        for edit in edits {
            changed += bytes[offset..<edit.range.lowerBound]
            changed += Array(edit.text.utf8)
            offset = edit.range.upperBound
        }
        changed += bytes[offset...]
        do throws(JSONError) {
            value = try JSONParser.parse(changed, dialect: .json5)
        } catch {
            throw .notWritable(error.kind)
        }
        bytes = changed
    }

    private func root() throws(EditError) -> SyntaxNode {
        do throws(ReadFailure) {
            return try SyntaxNode(bytes.span)
        } catch {
            throw .notWritable(error.kind)
        }
    }

    private func node(at path: JSONPath) throws(EditError) -> SyntaxNode {
        var node = try root()
        for (depth, step) in path.steps.enumerated() {
            let index =
                switch step {
                case .name(let name): node.index(of: name)
                case .index(let index): node.children.indices.contains(index) ? index : nil
                }
            guard let index else {
                throw .notAnObject(path: JSONPath(Array(path.steps[..<depth])).description, typeName: "object")
            }
            node = node.children[index].value
        }
        return node
    }

    private func style() throws(EditError) -> TextStyle { TextStyle(try root(), bytes) }

    /// The blanks at the start of the line.
    func margin(of offset: Int) -> String {
        var start = offset
        while start > 0, !Self.isLineEnd(bytes[start - 1]) { start -= 1 }
        let blanks = bytes[start...].prefix { $0 == Byte.space || $0 == Byte.tab }
        return String(decoding: blanks, as: UTF8.self)
    }

    static func isLineEnd(_ byte: UInt8) -> Bool { byte == Byte.lineFeed || byte == Byte.carriageReturn }

    static func isBlank(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { $0 == Byte.space || $0 == Byte.tab || isLineEnd($0) }
    }
}
