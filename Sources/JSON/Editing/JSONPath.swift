/// A place in a document, as people write it: `agents.list[0].id`, `env["my name"]`. The root is the empty path.
package struct JSONPath: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        case name(String)
        case index(Int)
    }

    package struct SyntaxError: Error, Equatable, Sendable {
        /// What is wrong, such as `a bracket is not closed`.
        package let reason: String
        /// In characters from the start.
        package let offset: Int
    }

    package static let maxSteps = 64

    package var steps: [Step]

    package init(_ steps: [Step] = []) { self.steps = steps }

    package init(parsing text: String) throws(SyntaxError) {
        var reader = Reader(text: Array(text))
        steps = try reader.steps()
    }

    package var isRoot: Bool { steps.isEmpty }

    package func appending(_ name: String) -> JSONPath { JSONPath(steps + [.name(name)]) }
    package func appending(_ index: Int) -> JSONPath { JSONPath(steps + [.index(index)]) }

    private struct Reader {
        let text: [Character]
        var offset = 0

        mutating func steps() throws(SyntaxError) -> [Step] {
            var steps: [Step] = []
            while offset < text.count {
                guard steps.count < JSONPath.maxSteps else { throw failure("more than \(JSONPath.maxSteps) steps") }
                if text[offset] == "[" {
                    steps.append(try bracket())
                } else {
                    if !steps.isEmpty {
                        guard text[offset] == "." else { throw failure("a dot or a bracket is missing") }
                        offset += 1
                    }
                    steps.append(.name(try name()))
                }
            }
            return steps
        }

        private mutating func name() throws(SyntaxError) -> String {
            let start = offset
            while offset < text.count, text[offset] != ".", text[offset] != "[" { offset += 1 }
            guard offset > start else { throw failure("a name is missing") }
            return String(text[start..<offset])
        }

        private mutating func bracket() throws(SyntaxError) -> Step {
            let start = offset
            offset += 1
            if offset < text.count, text[offset] == "\"" || text[offset] == "'" {
                let quote = text[offset]
                offset += 1
                var quoted: [Character] = [quote]
                while offset < text.count, text[offset] != quote {
                    if text[offset] == "\\", offset + 1 < text.count {
                        quoted.append(text[offset])
                        offset += 1
                    }
                    quoted.append(text[offset])
                    offset += 1
                }
                guard offset + 1 < text.count, text[offset + 1] == "]" else { throw failure("a bracket is not closed") }
                quoted.append(quote)
                offset += 2
                guard case .string(let name)? = try? JSONParser.parse(String(quoted), dialect: .json5) else {
                    offset = start
                    throw failure("the name in brackets is no string")
                }
                return .name(name)
            }
            let first = offset
            while offset < text.count, text[offset] != "]" { offset += 1 }
            guard offset < text.count else { throw failure("a bracket is not closed") }
            let digits = String(text[first..<offset])
            guard digits.utf8.allSatisfy(Byte.isDigit), let index = Int(digits), index <= 1_000_000 else {
                offset = start
                throw failure("brackets hold a position such as [0], or a name such as [\"my name\"]")
            }
            offset += 1
            return .index(index)
        }

        private func failure(_ reason: String) -> SyntaxError { SyntaxError(reason: reason, offset: offset) }
    }
}

extension JSONPath: CustomStringConvertible {
    /// As ``SourceMap`` writes it.
    package var description: String {
        steps.reduce("") { path, step in
            switch step {
            case .name(let name): SourceMap.path(path, name: name)
            case .index(let index): SourceMap.path(path, index: index)
            }
        }
    }
}

extension JSON {
    package subscript(_ path: JSONPath) -> JSON? {
        var value: JSON? = self
        for step in path.steps {
            switch step {
            case .name(let name): value = value?[name]
            case .index(let index): value = value?[index]
            }
        }
        return value
    }
}
