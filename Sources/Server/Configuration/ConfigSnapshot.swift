internal import Config
internal import JSON

/// The answer to `config.get`: what is there, without its secrets.
struct ConfigSnapshot {
    let path: String
    /// Of the file's bytes; nil when there is no file.
    let hash: String?
    let config: JSON
    let json: JSON

    init(_ reading: ConfigSource.Reading) {
        path = reading.locations.configFile ?? reading.locations.defaultConfigFile
        hash = reading.main.map { ConfigKeeper.hash($0.bytes) }
        let parsed = reading.main.flatMap { try? JSONParser.parse($0.bytes, dialect: .json5) }
        let shown = ConfigRedaction.redacted(parsed ?? .object(JSONObject()))
        config = shown
        var object = JSONObject([
            ("path", .string(path)), ("exists", .bool(reading.main != nil)),
            ("valid", .bool(reading.result.configuration != nil)), ("parsed", shown), ("config", shown),
            ("issues", .array(reading.result.errors.map { Self.issue($0) })),
            ("warnings", .array(reading.result.warnings.map { Self.issue($0) })), ("legacyIssues", []),
        ])
        // A text that cannot be read cannot be rid of its secrets either.
        let raw = reading.main.map { ConfigRedaction.redacted(text: $0.bytes) } ?? []
        object["raw"] = raw.map { .string(String(decoding: $0, as: UTF8.self)) } ?? .null
        object["hash"] = hash.map { .string($0) } ?? .null
        object["configRevisionHash"] = hash.map { .string($0) }
        json = .object(object)
    }

    static func issue(_ problem: ConfigProblem) -> JSON {
        var object = JSONObject([("path", .string(problem.path)), ("message", .string(problem.message))])
        if let location = problem.location {
            object["file"] = .string(location.path)
            object["line"] = .integer(Int64(location.line))
            object["column"] = .integer(Int64(location.column))
        }
        object["code"] = .string(problem.rule.rawValue)
        object["remedy"] = problem.remedy.map { .string($0) }
        return .object(object)
    }

    /// Of a valid configuration that this host cannot serve; the message names the setting.
    static func issue(_ failure: StartFailure) -> JSON {
        .object(
            JSONObject([
                ("path", ""), ("message", .string(failure.message)), ("code", .string(failure.rule.rawValue)),
                ("remedy", .string(failure.hint)),
            ]))
    }
}
