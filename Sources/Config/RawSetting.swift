internal import JSON

/// Why a value is not taken.
struct Refusal: Error {
    /// Follows "must be", such as `an integer from 1 to 65535`.
    let allowed: String
    /// What stands there instead; `nil` for the whole value.
    var seen: String?
    var location: SourceLocation?
    var remedy: String?
    var rule = ConfigRule.invalidValue
}

/// A value that was found for a setting, before its type is checked.
struct RawSetting {
    let node: ConfigNode
    /// Text from a flag, a variable or a `${NAME}`, which may stand for other types too.
    let isText: Bool
    let source: SettingSource
    /// `nil` when it was not written in a file.
    let location: SourceLocation?

    var json: JSON { node.json }

    private var text: String? { isText ? node.string : nil }

    func integer(in range: ClosedRange<Int>) throws(Refusal) -> Int {
        let value = json.integer.map { Int($0) } ?? text.flatMap { Int($0) }
        guard let value, range.contains(value) else {
            throw Refusal(allowed: "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func bool() throws(Refusal) -> Bool {
        if let value = json.bool { return value }
        switch text?.lowercased() {
        case "true", "1", "yes", "on": return true
        case "false", "0", "no", "off": return false
        default: throw Refusal(allowed: "true or false")
        }
    }

    func string() throws(Refusal) -> String {
        guard let value = node.string, !value.isEmpty, !value.utf8.contains(0) else {
            throw Refusal(allowed: "a string that is not empty")
        }
        return value
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type
    ) throws(Refusal) -> Choice where Choice.RawValue == String {
        if let text = node.string, let choice = Choice(rawValue: text) { return choice }
        let all = Choice.allCases.map { "\"\($0.rawValue)\"" }
        let nearest = node.string.flatMap { KeyAdvice.nearest(to: $0, among: Choice.allCases.map(\.rawValue)) }
        throw Refusal(
            allowed: "one of " + all.joined(separator: ", "), remedy: nearest.map { "did you mean \"\($0)\"?" })
    }

    /// An array of strings, each of which `check` may refuse. Text is split at commas.
    ///
    /// - Parameter allowed: What an element has to be, in the plural: `addresses`.
    func strings(allowed: String = "strings", check: (String) -> Bool = { _ in true }) throws(Refusal) -> [String] {
        let what = "an array of \(allowed)"
        if let text {
            let parts = text.split(separator: ",").map { Self.trim(String($0)) }.filter { !$0.isEmpty }
            guard let wrong = parts.first(where: { !check($0) }) else { return parts }
            throw Refusal(allowed: what, seen: Seen.describe(.string(wrong)))
        }
        guard let elements = node.elements else {
            let remedy = node.string.map { "write it in brackets: [\(JSON.string($0))]" }
            throw Refusal(allowed: what, remedy: remedy)
        }
        var strings: [String] = []
        for element in elements {
            guard let string = element.string, !string.isEmpty, !string.utf8.contains(0), check(string) else {
                throw Refusal(allowed: what, seen: Seen.describe(element.json), location: element.location)
            }
            strings.append(string)
        }
        return strings
    }

    static func isScope(_ name: String) -> Bool {
        name.contains(".") && !name.contains { $0.isWhitespace }
    }

    static func trim(_ text: String) -> String {
        var rest = text[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}
