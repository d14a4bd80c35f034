internal import Text

enum ZshCompletions {
    static func script(_ tree: CompletionTree) -> String {
        /// `'name:what it is'`; a colon within would end the name.
        func entry(_ name: String, _ summary: String) -> String {
            "'\(name.replacing(":", with: "\\:")):\(quotable(summary))'"
        }
        func list(_ entries: [String]) -> String {
            "candidates=(\n" + entries.map { "            \($0)\n" }.joined() + "        )"
        }
        var lines = [
            "#compdef sallyport", "# made by: sallyport completions zsh", "_sallyport() {",
            "    local -a candidates", "    local given='' word", "    for word in \"${(@)words[2,CURRENT-1]}\"; do",
            "        [[ $word == -* ]] && break", "        given+=\"${given:+ }$word\"", "    done",
            "    case ${words[CURRENT-1]} in",
        ]
        for (kind, action) in [(CompletionTree.Value.file, "_files"), (.directory, "_files -/"), (.other, "true")] {
            let names = tree.names(of: kind)
            if !names.isEmpty {
                lines.append("        (\(names.map { "--\($0)" }.joined(separator: "|"))) \(action); return ;;")
            }
        }
        lines += ["    esac", "    if [[ $PREFIX == -* ]]; then", "        case $given in"]
        for (path, options) in tree.options.sorted(by: { ($0.path.count, $1.path) > ($1.path.count, $0.path) }) {
            lines.append("        ('\(path)'|'\(path) '*) \(list(options.map { entry("--\($0.name)", $0.help) })) ;;")
        }
        lines += [
            "        esac", "        _describe -o option candidates", "        return", "    fi", "    case $given in",
        ]
        lines.append("        ('') \(list(tree.first.map { entry($0.text, $0.summary) })) ;;")
        for (first, words) in tree.second {
            lines.append("        ('\(first)') \(list(words.map { entry($0.text, $0.summary) })) ;;")
        }
        lines += [
            "        (*) _files; return ;;", "    esac", "    _describe command candidates", "}", "_sallyport \"$@\"",
            "",
        ]
        return lines.joined(separator: "\n")
    }

    private static func quotable(_ text: String) -> String { text.replacing("'", with: "'\\''") }
}
