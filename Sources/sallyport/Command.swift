/// One command: its words, options, help and action.
struct Command: Sendable {
    struct Option: Sendable {
        let name: String
        /// Nil for a switch.
        let value: String?
        let help: String

        init(_ name: String, _ value: String? = nil, _ help: String) {
            self.name = name
            self.value = value
            self.help = help
        }
    }

    let words: [String]
    let aliases: [[String]]
    let operands: String
    let summary: String
    let options: [Option]
    /// Lines below the options, such as exit codes and an example.
    let notes: [String]
    let handlesSignals: Bool
    let isHidden: Bool
    let run: @Sendable (Invocation) throws -> Int32

    init(
        _ words: String, aliases: [String] = [], operands: String = "", summary: String, options: [Option] = [],
        notes: [String] = [], handlesSignals: Bool = false, isHidden: Bool = false,
        run: @escaping @Sendable (Invocation) throws -> Int32
    ) {
        self.words = words.split(separator: " ").map(String.init)
        self.aliases = aliases.map { $0.split(separator: " ").map(String.init) }
        self.operands = operands
        self.summary = summary
        self.options = options
        self.notes = notes
        self.handlesSignals = handlesSignals
        self.isHidden = isHidden
        self.run = run
    }

    var name: String { words.joined(separator: " ") }

    var help: String {
        var lines = [
            "usage: sallyport \(name)\(options.isEmpty ? "" : " [options]")\(operands.isEmpty ? "" : " \(operands)")"
        ]
        lines += ["", summary]
        if !aliases.isEmpty {
            lines.append("Same as: " + aliases.map { $0.joined(separator: " ") }.joined(separator: ", "))
        }
        if !options.isEmpty {
            let left = options.map { "  --\($0.name)" + ($0.value.map { " \($0)" } ?? "") }
            let width = left.map(\.count).max() ?? 0
            lines += ["", "options:"]
            for (text, option) in zip(left, options) {
                lines.append(text + String(repeating: " ", count: width - text.count + 2) + option.help)
            }
        }
        if !notes.isEmpty { lines += [""] + notes }
        return lines.joined(separator: "\n")
    }
}

/// What a command is run with.
struct Invocation {
    let arguments: Arguments
    let environment: [String: String]
    let terminal: Terminal
}
