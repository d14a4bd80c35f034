internal import CLinux
internal import Files
internal import Glibc

/// Standard output and standard error of a command. Colour only on a terminal that has it, and never with `NO_COLOR`.
struct Terminal: Sendable {
    let isInteractive: Bool
    private let usesColour: Bool

    init(environment: [String: String]) {
        isInteractive = isatty(STDERR_FILENO) == 1
        usesColour = isInteractive && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// Lines of ours. What others wrote into them cannot steer the terminal.
    func print(_ text: String) {
        write(Self.harmless(text) + "\n", to: STDOUT_FILENO)
    }

    /// Control characters, and those that reorder or hide text, as escapes. Line ends and tabs stay.
    static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHarmful) else { return text }
        return text.unicodeScalars.map { isHarmful($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control: scalar != "\n" && scalar != "\t"
        case .format: true
        default: false
        }
    }

    /// Exactly these bytes, without a line end.
    func printRaw(_ text: String) {
        write(text, to: STDOUT_FILENO)
    }

    func note(_ text: String) {
        write(Self.harmless(text) + "\n", to: STDERR_FILENO)
    }

    func noteRaw(_ text: String) {
        write(text, to: STDERR_FILENO)
    }

    func complain(_ failure: CommandFailure) {
        let label = usesColour ? "\u{1B}[31merror:\u{1B}[0m" : "error:"
        noteRaw("sallyport: \(label) \(Self.harmless(failure.message))\n")
        for line in failure.details { note("  \(line)") }
        if let hint = failure.hint { note("  hint: \(hint)") }
    }

    private func write(_ text: String, to descriptor: Int32) {
        // A closed pipe ends the command through SIGPIPE's error; there is nobody to tell.
        do throws(FileError) {
            try Files.writeAll(descriptor, Array(text.utf8), path: "the terminal")
        } catch {
            exit(1)
        }
    }

    /// Columns as wide as their widest cell, two spaces apart; on a terminal, as wide as that is.
    static func table(_ rows: [[String]]) -> String {
        let columns = Int(sallyport_terminal_columns(STDOUT_FILENO))
        return TableLayout(rows, columns: columns > 0 ? columns : nil).text
    }
}
