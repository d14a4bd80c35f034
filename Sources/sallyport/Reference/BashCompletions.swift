enum BashCompletions {
    static func script(_ tree: CompletionTree) -> String {
        func pattern(_ names: [String]) -> String { names.map { "--\($0)" }.joined(separator: " | ") }
        func quoted(_ words: [String]) -> String { "'\(words.joined(separator: " "))'" }
        var lines = [
            "# bash completion for sallyport, made by: sallyport completions bash",
            "_sallyport() {",
            "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path='' words='' index",
            "    COMPREPLY=()",
            "    for ((index = 1; index < COMP_CWORD; index++)); do",
            "        case ${COMP_WORDS[index]} in",
            "            -*) break ;;",
            "            *) path+=\"${path:+ }${COMP_WORDS[index]}\" ;;",
            "        esac",
            "    done",
            "    case $previous in",
        ]
        let kinds = [
            (CompletionTree.Value.file, "mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); return"),
            (.directory, "mapfile -t COMPREPLY < <(compgen -d -- \"$current\"); return"), (.other, "return"),
        ]
        for (kind, action) in kinds {
            let names = tree.names(of: kind)
            if !names.isEmpty { lines.append("        \(pattern(names))) \(action) ;;") }
        }
        lines += ["    esac", "    case $path in", "        '') words=\(quoted(tree.first.map(\.text))) ;;"]
        for (first, words) in tree.second { lines.append("        \(first)) words=\(quoted(words.map(\.text))) ;;") }
        lines += ["    esac", "    if [[ $current == -* ]]; then", "        case $path in"]
        // The longest come first: `sessions` would take what belongs to `sessions send`.
        for (path, options) in tree.options.sorted(by: { ($0.path.count, $1.path) > ($1.path.count, $0.path) }) {
            lines.append(
                "            '\(path)' | '\(path) '*) words=\(quoted(options.map { "--\($0.name)" })) ;;")
        }
        lines += [
            "        esac", "    fi", "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")", "}",
            "complete -F _sallyport sallyport", "",
        ]
        return lines.joined(separator: "\n")
    }
}
