internal import Config
internal import JSON

/// `config …`: reading the configuration. All of it works without a gateway.
enum ConfigCommands {
    static let fileOptions: [Command.Option] = [
        .init("config", "FILE", "configuration file (default: openclaw.json in the state directory)"),
        .init("state-dir", "DIR", "state directory (default: SALLYPORT_STATE_DIR, OPENCLAW_STATE_DIR, ~/.sallyport)"),
        .init("json", nil, "print JSON"),
    ]

    static func reading(_ invocation: Invocation, replacing text: [UInt8]? = nil) throws -> ConfigSource.Reading {
        do throws(ConfigLocations.Failure) {
            return try Locations.source(invocation).read(replacing: text)
        } catch {
            throw CommandFailure(.location, error.description, hint: error.remedy)
        }
    }

    static func path(_ invocation: Invocation, _ index: Int = 0) throws -> JSONPath {
        let operands = invocation.arguments.operands
        guard operands.indices.contains(index) else {
            throw CommandFailure(
                .operands, "this needs a path such as gateway.port", hint: "see: sallyport config schema --help")
        }
        do throws(JSONPath.SyntaxError) {
            return try JSONPath(parsing: operands[index])
        } catch {
            throw CommandFailure(
                .invalidPath, "\(operands[index]) is no path: \(error.reason), at character \(error.offset + 1)",
                hint: "write it like agents.list[0].id or env[\"MY NAME\"]")
        }
    }

    // MARK: - file

    static let file = Command(
        "config file", aliases: ["gateway config file"], summary: "Prints which configuration file counts.",
        options: fileOptions
    ) { invocation in
        let locations = try Locations.resolve(invocation)
        let path = locations.configFile ?? locations.defaultConfigFile
        guard invocation.arguments.has("json") else {
            invocation.terminal.print(path)
            if locations.configFile == nil { invocation.terminal.note("there is none yet") }
            return 0
        }
        invocation.terminal.print(
            JSON.object(
                JSONObject([
                    ("path", .string(path)), ("exists", .bool(locations.configFile != nil)),
                    ("supplements", .array(locations.supplements.map { .string($0) })),
                    ("stateDir", .string(locations.stateDirectory)), ("readOnly", .bool(locations.isReadOnly)),
                ])
            ).prettyPrinted())
        return 0
    }

    // MARK: - get

    static let get = Command(
        "config get", aliases: ["gateway config get"], operands: "PATH",
        summary: "Prints the value at a path, as it is written, or the default.", options: fileOptions,
        notes: [
            "Secrets are masked. A path that is nothing is exit code 1.", "  sallyport config get agents.list[0].id",
        ]
    ) { invocation in
        let path = try path(invocation)
        let reading = try reading(invocation)
        if reading.result.configuration == nil, reading.main.map({ (try? JSONEditor($0.bytes)) == nil }) ?? true {
            throw CommandFailure.configuration(reading.result)
        }
        let written = ConfigRedaction.redacted(reading.merged)[path]
        let effective = reading.result.configuration?.effective.first { $0.path == path.description }
        guard let value = written ?? effective?.value else {
            throw CommandFailure(.settingNotSet, "\(path) is not set", hint: suggestion(for: path))
        }
        if written == nil, let effective { invocation.terminal.note("source: \(effective.source)") }
        switch value {
        case .string(let text) where !invocation.arguments.has("json"): invocation.terminal.print(text)
        default: invocation.terminal.print(value.prettyPrinted())
        }
        return 0
    }

    /// The key that was meant.
    static func suggestion(for path: JSONPath) -> String {
        guard let near = KeyGuess.nearest(to: path.description) else { return "see: sallyport config show --merged" }
        return near
    }

    // MARK: - schema

    static let schema = Command(
        "config schema", aliases: ["gateway config schema"], operands: "[PATH]",
        summary: "Prints the JSON Schema of the configuration, or what is known of one path.",
        options: fileOptions + [.init("markdown", nil, "print a table of all settings in Markdown")]
    ) { invocation in
        if invocation.arguments.has("markdown") {
            invocation.terminal.print(SettingCatalog.shared.table)
            return 0
        }
        guard !invocation.arguments.operands.isEmpty else {
            invocation.terminal.print(SettingCatalog.shared.schema.prettyPrinted())
            return 0
        }
        let path = try path(invocation)
        guard let found = SettingCatalog.shared.lookup(path.description) else {
            throw CommandFailure(.unknownSetting, "\(path) is no setting", hint: suggestion(for: path))
        }
        invocation.terminal.print(found.prettyPrinted())
        return 0
    }

    // MARK: - validate

    static let validate = Command(
        "config validate", aliases: ["gateway config validate"],
        summary: "Says what is wrong with the configuration, all at once.", options: fileOptions,
        notes: ["Exit codes: 0 usable, perhaps with warnings, 78 not."]
    ) { invocation in
        let reading = try reading(invocation)
        let (errors, warnings) = (reading.result.errors, reading.result.warnings)
        let path = reading.locations.configFile ?? reading.locations.defaultConfigFile
        if invocation.arguments.has("json") {
            invocation.terminal.print(
                JSON.object(
                    JSONObject([
                        ("valid", .bool(errors.isEmpty)), ("path", .string(path)),
                        ("exists", .bool(reading.main != nil)), ("issues", .array(errors.map { $0.json })),
                        ("warnings", .array(warnings.map { $0.json })),
                    ])
                ).prettyPrinted())
        } else {
            for problem in errors + warnings { invocation.terminal.note(problem.description) }
            let count = { (number: Int, word: String) in "\(number) \(word)\(number == 1 ? "" : "s")" }
            let what = reading.main == nil ? "no configuration file; the defaults" : path
            invocation.terminal.print(
                errors.isEmpty
                    ? "\(what): valid" + (warnings.isEmpty ? "" : ", " + count(warnings.count, "warning"))
                    : "\(what): \(count(errors.count, "error")), \(count(warnings.count, "warning"))")
        }
        return errors.isEmpty ? 0 : 78
    }

    // MARK: - show

    static let show = Command(
        "config show", aliases: ["gateway config show", "gateway config", "config"], operands: "[PREFIX]",
        summary: "Prints every setting with its value and where it was set.",
        options: fileOptions + [.init("merged", nil, "with what the environment says; without it the files alone")],
        notes: [
            "Secrets are masked.", "  sallyport config show gateway.pairing --merged",
        ]
    ) { invocation in
        var source = Locations.source(invocation)
        if !invocation.arguments.has("merged") {
            source.settingVariables = false
        }
        let reading: ConfigSource.Reading
        do throws(ConfigLocations.Failure) {
            reading = try source.read()
        } catch {
            throw CommandFailure(.location, error.description, hint: error.remedy)
        }
        guard let configuration = reading.result.configuration else {
            throw CommandFailure.configuration(reading.result)
        }
        let prefix = invocation.arguments.operands.first ?? ""
        let shown = configuration.effective.filter { setting in
            prefix.isEmpty || setting.path == prefix || setting.path.hasPrefix(prefix + ".")
                || setting.path.hasPrefix(prefix + "[")
        }
        guard !shown.isEmpty else {
            throw CommandFailure(
                .unknownSetting, "no setting begins with \(prefix)",
                hint: KeyGuess.nearest(to: prefix) ?? "see: sallyport config show")
        }
        if invocation.arguments.has("json") {
            let settings = shown.map { setting in
                JSON.object(
                    JSONObject([
                        ("path", .string(setting.path)), ("value", setting.value),
                        ("source", .string(setting.source.description)),
                        ("reload", .string(ReloadKind(of: setting.path).rawValue)),
                    ]))
            }
            invocation.terminal.print(JSON.object(JSONObject([("settings", .array(settings))])).prettyPrinted())
        } else {
            let rows = shown.map { [$0.path, "\($0.value)", $0.source.description] }
            invocation.terminal.print(Terminal.table([["SETTING", "VALUE", "SOURCE"]] + rows))
        }
        for warning in reading.result.warnings { invocation.terminal.note(warning.description) }
        return 0
    }
}

extension ConfigProblem {
    var json: JSON {
        var object = JSONObject([
            ("severity", .string(severity.rawValue)), ("code", .string(rule.rawValue)), ("path", .string(path)),
            ("message", .string(message)),
        ])
        if let location {
            object["file"] = .string(location.path)
            object["line"] = .integer(Int64(location.line))
            object["column"] = .integer(Int64(location.column))
        }
        object["remedy"] = remedy.map { .string($0) }
        return .object(object)
    }
}
