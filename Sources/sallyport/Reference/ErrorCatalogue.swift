internal import Config
internal import Errors
internal import HTTP
internal import Server
internal import Sessions
internal import Trust
internal import Wire

/// All codes of errors, with what they mean and what mends them. `docs/errors.md` and `explain error` are made of it.
enum ErrorCatalogue {
    static let all: [ErrorEntry] =
        DetailsCode.entries + ErrorCode.entries + AdmissionRule.entries + AuthFailure.entries + ProofFailure.entries
        + GrantVerdict.entries + PairingReason.entries + SpawnRule.entries + CloseReason.entries
        + RefusalRule.entries + HTTPRule.entries + ConfigRule.entries + StartRule.entries + FindingRule.entries
        + CommandFailure.Kind.entries + CommandRule.entries

    static func entries(of family: ErrorFamily) -> [ErrorEntry] { all.filter { $0.family == family } }

    /// What somebody has before them: a code, or a text that begins with one, as close reasons do.
    static func find(_ words: String) -> ErrorEntry? {
        if let entry = all.first(where: { $0.code == words }) { return entry }
        if let entry = all.first(where: { $0.code.lowercased() == words.lowercased() }) { return entry }
        return all.filter { words.hasPrefix("\($0.code): ") || words.hasPrefix("\($0.code)_") }
            .max { $0.code.count < $1.code.count }
    }

    /// `docs/errors.md`, held against this by a test.
    static var page: String {
        var lines = [
            "# Errors", "",
            "Made of the catalogue by `sallyport explain error --markdown`; do not edit. `sallyport explain error CODE` shows one.",
            "The code is what programs tell errors apart by. What is said in a case has its facts besides: names, numbers, and",
            "the very key, command or address that mends it.",
        ]
        for family in ErrorFamily.allCases {
            lines += [
                "", "## \(family.title)", "", "Code: \(family.place).", "",
                "| Code | What happened | Rule | What mends it |", "| --- | --- | --- | --- |",
            ]
            lines += entries(of: family).map { entry in
                "| `\(entry.code)` | \(cell(entry.text.sentence)) | \(cell(entry.text.rule)) | \(cell(entry.text.remedy)) |"
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func cell(_ text: String) -> String { MarkdownReference.cell(text) }
}
