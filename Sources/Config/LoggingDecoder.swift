internal import JSON

/// Reads `logging.*`.
struct LoggingDecoder {
    let section: Section

    func decode() -> LoggingSettings {
        var settings = LoggingSettings()
        settings.level = level("level", default: settings.level)
        settings.consoleLevel = level("consoleLevel", default: settings.level)
        settings.consoleStyle = style("consoleStyle", default: settings.consoleStyle)
        settings.file = section.optionalPath("file")
        settings.fileStyle = style("fileStyle", default: settings.fileStyle)
        settings.maxFileBytes = section.integer(
            "maxFileBytes", default: settings.maxFileBytes, in: 4096...(1 << 40))
        settings.maxFiles = section.integer("maxFiles", default: settings.maxFiles, in: 0...1000)
        settings.subsystems = subsystems(section.section("subsystems"))
        section.warnAboutUnknownKeys(ignoring: ["redactSensitive", "redactPatterns"])
        return settings
    }

    /// `OPENCLAW_LOG_LEVEL` says both.
    private func level(
        _ name: String, default fallback: LoggingSettings.Level
    ) -> LoggingSettings.Level {
        section.read(
            name, as: .choice(LoggingSettings.Level.allCases.map(\.rawValue) + ["trace", "fatal"]),
            variable: .init("LOG_LEVEL"), default: fallback, show: { .string($0.rawValue) }
        ) { raw throws(Refusal) in
            // OpenClaw has finer ones, of which there is nothing to say here.
            switch raw.node.string {
            case "trace": .debug
            case "fatal": .error
            default: try raw.choice(LoggingSettings.Level.self)
            }
        }
    }

    private func style(_ name: String, default fallback: LoggingSettings.Style) -> LoggingSettings.Style {
        section.read(
            name, as: .choice(LoggingSettings.Style.allCases.map(\.rawValue) + ["compact"]), default: fallback,
            show: { .string($0.rawValue) }
        ) { raw throws(Refusal) in
            raw.node.string == "compact" ? .pretty : try raw.choice(LoggingSettings.Style.self)
        }
    }

    private func subsystems(_ section: Section) -> [String: LoggingSettings.Level] {
        var levels: [String: LoggingSettings.Level] = [:]
        for member in section.node?.members ?? [] {
            levels[member.name] = section.choice(member.name, default: .info)
        }
        return levels
    }
}
