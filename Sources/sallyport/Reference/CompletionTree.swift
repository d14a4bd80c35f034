internal import Text

/// What may follow which words, for the scripts of all shells.
struct CompletionTree {
    struct Word {
        let text: String
        let summary: String
    }

    /// What an option's value is.
    enum Value {
        case file, directory, other

        init?(_ option: Command.Option) {
            switch option.value {
            case nil: return nil
            case "FILE", "PATH": self = .file
            case "DIR": self = .directory
            default: self = .other
            }
        }
    }

    /// First words of all commands.
    let first: [Word]
    /// By a first word, the second ones.
    let second: [(first: String, words: [Word])]
    /// By the words of a command or an alias.
    let options: [(path: String, options: [Command.Option])]

    init(_ commands: [Command]) {
        let forms = commands.flatMap { command in
            ([command.words] + command.aliases).map { (words: $0, command: command) }
        }
        var first: [Word] = []
        var second: [(first: String, words: [Word])] = []
        for form in forms {
            let word = form.words[0]
            if !first.contains(where: { $0.text == word }) {
                let group = CommandTable.group(word)
                let summary =
                    form.words.count == 1
                    ? form.command.summary
                    : group.map { $0.words.dropFirst().joined(separator: " ") }.joined(separator: ", ")
                first.append(Word(text: word, summary: summary))
            }
            guard form.words.count == 2 else { continue }
            let entry = Word(text: form.words[1], summary: form.command.summary)
            if let index = second.firstIndex(where: { $0.first == word }) {
                second[index].words.append(entry)
            } else {
                second.append((word, [entry]))
            }
        }
        self.first = first
        self.second = second
        options = forms.map { form in
            (
                form.words.joined(separator: " "),
                form.command.options + [Command.Option("help", nil, "explain the command")]
            )
        }
    }

    /// Options whose value is of this kind wherever they have one, and that are a switch nowhere.
    func names(of kind: Value) -> [String] {
        let all = options.flatMap(\.options)
        let switches = Set(all.filter { $0.value == nil }.map(\.name))
        return Set(all.filter { Value($0) == kind }.map(\.name)).subtracting(switches)
            .filter { name in !all.contains { $0.name == name && Value($0) != kind } || kind == .other }
            .sorted()
    }
}
