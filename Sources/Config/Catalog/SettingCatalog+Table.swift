internal import JSON

extension SettingCatalog {
    /// The settings as a table in Markdown, for docs/configuration.md. What agents have in common with the defaults, or
    /// lists with entries, stands there once.
    package var table: String {
        var lines = ["| Setting | Default | Change | What it is for |", "| --- | --- | --- | --- |"]
        for setting in settings where !Self.isRepeated(setting.path) {
            let change =
                switch setting.reload {
                case .hot: "at once"
                case .restart: "restart"
                case .none: "–"
                }
            let variable = setting.variables.last { $0.hasPrefix("OPENCLAW_") }.map { " (`\($0)`)" } ?? ""
            lines.append(
                "| `\(setting.path)` | \(Self.show(setting)) | \(change) | \(setting.note)\(variable); "
                    + "\(setting.shape.summary) |")
        }
        return lines.joined(separator: "\n")
    }

    private static func isRepeated(_ path: String) -> Bool {
        path.hasPrefix("agents.entries.*.") || path.hasPrefix("agents.list[].subagents.")
            || path.hasPrefix("agents.list[].exec.") || path.hasPrefix("agents.list[].isolation")
    }

    private static func show(_ setting: SettingDescription) -> String {
        switch setting.defaultValue {
        case .null, .string(""): "–"
        case let value where value == [] || value == .object(JSONObject()): "–"
        default: "`\(setting.defaultValue)`"
        }
    }
}
