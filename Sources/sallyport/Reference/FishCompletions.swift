internal import Text

enum FishCompletions {
    static func script(_ tree: CompletionTree) -> String {
        func quoted(_ text: String) -> String {
            "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
        }
        var lines = [
            """
            # fish completion for sallyport, made by: sallyport completions fish
            function __sallyport_path
                set -l path
                for word in (commandline -opc)[2..-1]
                    string match -q -- '-*' $word; and break
                    set -a path $word
                end
                string join ' ' -- $path
            end
            function __sallyport_at
                test (__sallyport_path | string collect -a) = "$argv"
            end
            function __sallyport_in
                string match -q -r -- "^$argv( |\\$)" (__sallyport_path | string collect -a)
            end
            complete -c sallyport -f
            """
        ]
        for word in tree.first {
            lines.append("complete -c sallyport -n \"__sallyport_at ''\" -a \(word.text) -d \(quoted(word.summary))")
        }
        for (first, words) in tree.second {
            for word in words {
                lines.append(
                    "complete -c sallyport -n '__sallyport_at \(first)' -a \(word.text) -d \(quoted(word.summary))")
            }
        }
        for (path, options) in tree.options {
            // `sessions` alone is `sessions list`, and no prefix of `sessions send`.
            let condition = path.contains(" ") ? "__sallyport_in" : "__sallyport_at"
            for option in options {
                let value =
                    switch CompletionTree.Value(option) {
                    case .file: " -r -F"
                    case .directory: " -x -a '(__fish_complete_directories)'"
                    case .other: " -x"
                    case nil: ""
                    }
                lines.append(
                    "complete -c sallyport -n '\(condition) \(path)' -l \(option.name)\(value) -d \(quoted(option.help))"
                )
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
