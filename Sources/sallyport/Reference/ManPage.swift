internal import Text

/// Manual pages (man(7)), section 1.
enum ManPage {
    static func name(_ command: Command) -> String { (["sallyport"] + command.words).joined(separator: "-") }

    static func page(_ command: Command) -> String {
        var lines = heading(name(command))
        lines += [".SH NAME", "\(escaped(name(command))) \\- \(escaped(sentence(command.summary)))", ".SH SYNOPSIS"]
        var synopsis = ".B sallyport \(escaped(command.name))"
        if !command.options.isEmpty { synopsis += "\n[\\fIoptions\\fR]" }
        if !command.operands.isEmpty { synopsis += "\n\(escaped(command.operands))" }
        lines += [synopsis, ".SH DESCRIPTION", escaped(command.summary)]
        if !command.aliases.isEmpty {
            let names = command.aliases.map { "sallyport " + $0.joined(separator: " ") }
            lines += [".PP", "Same as: \(escaped(names.joined(separator: ", ")))."]
        }
        if !command.options.isEmpty {
            lines.append(".SH OPTIONS")
            for option in command.options {
                lines += [
                    ".TP",
                    "\\fB\\-\\-\(escaped(option.name))\\fR" + (option.value.map { " \\fI\(escaped($0))\\fR" } ?? ""),
                    escaped(option.help),
                ]
            }
        }
        if !command.notes.isEmpty { lines += [".SH NOTES", ".nf"] + command.notes.map(escaped) + [".fi"] }
        return (lines + [".SH SEE ALSO", ".BR sallyport (1)", ""]).joined(separator: "\n")
    }

    static func overview(_ commands: [Command]) -> String {
        var lines = heading("sallyport")
        lines += [
            ".SH NAME", "sallyport \\- gateway for AI agents", ".SH SYNOPSIS", ".B sallyport",
            "\\fICOMMAND\\fR [\\fIoptions\\fR]",
            ".SH DESCRIPTION", "A TLS-terminating WebSocket gateway for AI agents, and its command line.",
            ".SH COMMANDS",
        ]
        for command in commands {
            lines += [".TP", "\\fB\(escaped(command.name))\\fR", escaped(command.summary)]
        }
        lines.append(".SH EXIT STATUS")
        for (code, meaning) in CommandTable.exitCodes { lines += [".TP", code, escaped(meaning)] }
        lines += [
            ".SH ENVIRONMENT", ".TP", "\\fBSALLYPORT_STATE_DIR\\fR, \\fBOPENCLAW_STATE_DIR\\fR", "state directory",
            ".TP",
            "\\fBSALLYPORT_GATEWAY_URL\\fR, \\fB_TOKEN\\fR, \\fB_PASSWORD\\fR", "gateway to talk to, and how", ".TP",
            "\\fBNO_COLOR\\fR", "no colour, whatever the terminal can do",
        ]
        return (lines + [""]).joined(separator: "\n")
    }

    private static func heading(_ name: String) -> [String] {
        [".TH \(escaped(name.uppercased())) 1 \"\" \"Sallyport \(Main.version)\" \"Sallyport\""]
    }

    /// Without its full stop, as NAME lines are.
    private static func sentence(_ text: String) -> String { text.hasSuffix(".") ? String(text.dropLast()) : text }

    private static func escaped(_ text: String) -> String {
        let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
    }
}
