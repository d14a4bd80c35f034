/// The options and operands of one invocation, checked against the command's table.
struct Arguments {
    private var values: [String: String] = [:]
    private var switches: Set<String> = []
    /// Words that are no options; all after `--` are.
    private(set) var operands: [String] = []

    init(_ words: [String], command: Command) throws(CommandFailure) {
        try read(words, command)
        if command.operands.isEmpty, !operands.isEmpty {
            throw CommandFailure(
                .operands, "\(command.name) takes no operands: \(operands.joined(separator: " "))",
                hint: "see sallyport \(command.name) --help")
        }
    }

    private mutating func read(_ words: [String], _ command: Command) throws(CommandFailure) {
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            if word == "--" {
                operands += words[index...]
                return
            }
            guard word.hasPrefix("--") else {
                guard !word.hasPrefix("-") || word == "-" else {
                    let option = command.options.first { $0.name.hasPrefix(word.dropFirst().prefix(1)) }
                    throw CommandFailure(
                        .unknownOption, "\(command.name) has no option \(word)",
                        hint: option.map { "did you mean --\($0.name)?" } ?? "see sallyport \(command.name) --help")
                }
                operands.append(word)
                continue
            }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = command.options.first(where: { $0.name == name }) else {
                let near = EditDistance.nearest(to: name, among: command.options.map(\.name))
                throw CommandFailure(
                    .unknownOption, "\(command.name) has no option --\(name)",
                    hint: near.map { "did you mean --\($0)?" } ?? "see sallyport \(command.name) --help")
            }
            if option.value == nil {
                guard parts.count == 1 else { throw CommandFailure(.unexpectedValue, "--\(name) takes no value") }
                switches.insert(name)
            } else if parts.count == 2 {
                values[name] = String(parts[1])
            } else {
                guard index < words.count else {
                    throw CommandFailure(.missingValue, "--\(name) needs a value: \(option.value ?? "")")
                }
                values[name] = words[index]
                index += 1
            }
        }
    }

    subscript(_ name: String) -> String? { values[name] }

    func has(_ name: String) -> Bool { switches.contains(name) }

    /// One of the words that an option may have.
    func choice(_ name: String, _ allowed: [String]) throws(CommandFailure) -> String? {
        guard let text = values[name] else { return nil }
        guard allowed.contains(text) else {
            throw CommandFailure(
                .invalidChoice, "--\(name) must be \(allowed.joined(separator: " or ")), not \"\(text)\"")
        }
        return text
    }

    func integer(_ name: String, in range: ClosedRange<Int64>) throws(CommandFailure) -> Int64? {
        guard let text = values[name] else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw CommandFailure(
                .invalidNumber,
                "--\(name) must be a number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\"")
        }
        return number
    }
}
