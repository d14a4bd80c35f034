internal import Files

/// `man`: manual pages and the reference in `docs/`, made of the command table.
enum ManCommand {
    static let command = Command(
        "man", operands: "[COMMAND]", summary: "Prints the manual page of a command, or of all of them.",
        options: [
            .init("dir", "DIR", "write all pages there instead, each into a file"),
            .init("markdown", nil, "print docs/cli.md"),
        ],
        notes: ["example: sallyport man sessions send | man -l -"]
    ) { invocation in
        let (arguments, terminal) = (invocation.arguments, invocation.terminal)
        if arguments.has("markdown") {
            terminal.printRaw(MarkdownReference.page(CommandTable.visible))
            return 0
        }
        if let directory = arguments["dir"] {
            try write(into: directory)
            terminal.print("Wrote \(CommandTable.visible.count + 1) pages into \(directory)")
            return 0
        }
        guard !arguments.operands.isEmpty else {
            terminal.printRaw(ManPage.overview(CommandTable.visible))
            return 0
        }
        guard let (command, rest) = try CommandTable.find(arguments.operands), rest.isEmpty, !command.isHidden else {
            throw CommandTable.unknown(arguments.operands)
        }
        terminal.printRaw(ManPage.page(command))
        return 0
    }

    private static func write(into directory: String) throws {
        do throws(FileError) {
            try Files.makeDirectory(directory, mode: 0o755)
            var pages = [("sallyport.1", ManPage.overview(CommandTable.visible))]
            pages += CommandTable.visible.map { ("\(ManPage.name($0)).1", ManPage.page($0)) }
            for (name, text) in pages {
                try Files.writeAtomically("\(directory)/\(name)", Array(text.utf8), mode: 0o644)
            }
        } catch {
            throw CommandFailure(
                .outputFile, "cannot write the pages: \(error)", hint: "choose another directory with --dir")
        }
    }
}
