internal import JSON

extension Section {
    /// Program and arguments.
    ///
    /// - Parameter allowsText: The program alone may stand without brackets.
    /// - Returns: Empty when there is none, or a wrong one, which was reported.
    func command(_ name: String, allowsText: Bool = false) -> [String] {
        let allowed = "an array of strings, the program first"
        return read(
            name, as: allowsText ? .either(.string, .list(.string)) : .list(.string), default: [],
            show: { .array($0.map { .string($0) }) }
        ) { raw throws(Refusal) in
            if allowsText, let program = raw.node.string, !program.isEmpty, !program.utf8.contains(0) {
                return [program]
            }
            let command = try Self.words(raw, allowed: allowed)
            guard command.first?.isEmpty == false else { throw Refusal(allowed: allowed) }
            return command
        }
    }

    /// Arguments.
    func words(_ name: String) -> [String] {
        read(name, as: .list(.string), default: [], show: { .array($0.map { .string($0) }) }) { raw throws(Refusal) in
            try Self.words(raw, allowed: "an array of strings")
        }
    }

    /// An argument may be empty, so this is not a list of names.
    private static func words(_ raw: RawSetting, allowed: String) throws(Refusal) -> [String] {
        guard let elements = raw.node.elements else {
            let words = raw.node.string?.split(separator: " ").map { JSON.string(String($0)) }
            throw Refusal(allowed: allowed, remedy: words.map { "write command: \(JSON.array($0))" })
        }
        var words: [String] = []
        for element in elements {
            guard let word = element.string, !word.utf8.contains(0) else {
                throw Refusal(allowed: allowed, seen: Seen.describe(element.json), location: element.location)
            }
            words.append(word)
        }
        return words
    }
}
