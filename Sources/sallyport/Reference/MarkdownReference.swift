internal import Text

/// `docs/cli.md`, held against the table by a test.
enum MarkdownReference {
    static func page(_ commands: [Command]) -> String {
        var lines = [
            "# Command line", "",
            "Made of the command table by `sallyport man --markdown`; do not edit. `sallyport COMMAND --help` says the same,",
            "`sallyport man` prints manual pages, `sallyport completions` scripts for bash, zsh and fish.", "",
            "| Exit code | |", "| --- | --- |",
        ]
        lines += CommandTable.exitCodes.map { "| \($0.code) | \(cell($0.meaning)) |" }
        lines += [
            "",
            "With `--json` standard output is JSON only, failures too: `{\"ok\": false, \"error\": {\"type\", \"message\", \"rule\"?,",
            "\"hint\"?, \"code\"?, \"details\"?, \"notes\"?}, \"exitCode\"}`, `type` one of "
                + CommandFailure.Kind.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ") + ".",
            "`rule`, or `code` where the gateway said no, is in the [catalogue of errors](errors.md).", "",
            "| Command | |", "| --- | --- |",
        ]
        lines += commands.map { "| [`\($0.name)`](#\(anchor($0))) | \(cell($0.summary)) |" }
        for command in commands { lines += [""] + section(command) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func section(_ command: Command) -> [String] {
        var lines = ["## `\(command.name)`", "", command.summary]
        let usage =
            "sallyport \(command.name)\(command.options.isEmpty ? "" : " [options]")"
            + (command.operands.isEmpty ? "" : " \(command.operands)")
        lines += ["", "```", usage, "```"]
        if !command.aliases.isEmpty {
            lines += [
                "",
                "Same as: " + command.aliases.map { "`\($0.joined(separator: " "))`" }.joined(separator: ", ") + ".",
            ]
        }
        let own = command.options.filter { option in !CommandTable.clientOptions.contains { $0.name == option.name } }
        let talks = own.count < command.options.count && command.options.contains { $0.name == "tls-fingerprint" }
        let listed = talks ? own : command.options
        if !listed.isEmpty {
            lines += ["", "| Option | |", "| --- | --- |"]
            lines += listed.map { "| `--\($0.name)\($0.value.map { " \($0)" } ?? "")` | \(cell($0.help)) |" }
        }
        if talks {
            let names = command.options.filter { option in own.allSatisfy { $0.name != option.name } }.map {
                "`--\($0.name)`"
            }
            lines += ["", "And of the gateway: " + names.joined(separator: " ")]
        }
        let notes = command.notes.filter { !$0.isEmpty }
        if !notes.isEmpty { lines += ["", "```"] + notes + ["```"] }
        return lines
    }

    private static func anchor(_ command: Command) -> String { command.words.joined(separator: "-") }

    static func cell(_ text: String) -> String { text.replacing("|", with: "\\|").replacing("<", with: "&lt;") }
}
