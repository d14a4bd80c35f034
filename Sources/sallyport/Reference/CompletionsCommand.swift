/// `completions`: a shell's completion script, made of the command table.
enum CompletionsCommand {
    static let command = Command(
        "completions", operands: "SHELL", summary: "Prints the completion script of bash, zsh or fish.",
        notes: [
            "bash: sallyport completions bash > ~/.local/share/bash-completion/completions/sallyport",
            "zsh:  sallyport completions zsh > \"${fpath[1]}/_sallyport\"",
            "fish: sallyport completions fish > ~/.config/fish/completions/sallyport.fish",
        ]
    ) { invocation in
        let operands = invocation.arguments.operands
        guard operands.count == 1, let shell = Shell(rawValue: operands[0]) else {
            throw CommandFailure(
                .invalidChoice,
                "completions takes one shell: \(Shell.allCases.map(\.rawValue).joined(separator: ", "))",
                hint: "for instance: sallyport completions bash")
        }
        invocation.terminal.printRaw(shell.script(CompletionTree(CommandTable.visible)))
        return 0
    }

    enum Shell: String, CaseIterable {
        case bash, zsh, fish

        func script(_ tree: CompletionTree) -> String {
            switch self {
            case .bash: BashCompletions.script(tree)
            case .zsh: ZshCompletions.script(tree)
            case .fish: FishCompletions.script(tree)
            }
        }
    }
}
