internal import Errors
internal import JSON

/// `explain error`: the catalogue, or one code of it.
enum ExplainErrorCommand {
    static let command = Command(
        "explain error", operands: "[CODE]",
        summary: "Says what a code, a rule or a close reason means, and what mends it.",
        options: [.init("json", nil, "print JSON"), .init("markdown", nil, "print docs/errors.md")],
        notes: ["example: sallyport explain error PAIRING_REQUIRED"]
    ) { invocation in
        let (arguments, terminal) = (invocation.arguments, invocation.terminal)
        if arguments.has("markdown") {
            terminal.printRaw(ErrorCatalogue.page)
            return 0
        }
        // A close reason has blanks.
        let words = arguments.operands.joined(separator: " ")
        guard !words.isEmpty else {
            terminal.print(
                arguments.has("json")
                    ? JSON.object(JSONObject([("errors", .array(ErrorCatalogue.all.map(json)))])).prettyPrinted()
                    : list)
            return 0
        }
        guard let entry = ErrorCatalogue.find(words) else {
            let nearest = EditDistance.nearest(to: words, among: ErrorCatalogue.all.map(\.code))
            throw CommandFailure(
                .unknownCode, "no error is called \(words)",
                hint: nearest.map { "did you mean: sallyport explain error \($0)?" }
                    ?? "sallyport explain error lists all of them")
        }
        terminal.print(arguments.has("json") ? json(entry).prettyPrinted() : text(entry))
        return 0
    }

    private static var list: String {
        ErrorFamily.allCases.map { family in
            let rows = ErrorCatalogue.entries(of: family).map { [$0.code, $0.text.sentence] }
            return "\(family.title)\n" + TableLayout(rows, columns: nil).text
        }.joined(separator: "\n\n")
    }

    private static func text(_ entry: ErrorEntry) -> String {
        """
        \(entry.code): \(entry.text.sentence)
        rule:   \(entry.text.rule)
        remedy: \(entry.text.remedy)
        where:  \(entry.family.place)
        """
    }

    private static func json(_ entry: ErrorEntry) -> JSON {
        .object(
            JSONObject([
                ("code", .string(entry.code)), ("family", .string(entry.family.rawValue)),
                ("sentence", .string(entry.text.sentence)), ("rule", .string(entry.text.rule)),
                ("remedy", .string(entry.text.remedy)),
            ]))
    }
}
