internal import Config
internal import Files
internal import JSON

/// `config set` and `config unset`: comments, order and everything else stay as they are.
enum ConfigEditCommands {
    private static let options =
        ConfigCommands.fileOptions + [
            .init("dry-run", nil, "check the change and print the new text, without writing it")
        ]

    static let set = Command(
        "config set", aliases: ["gateway config set"], operands: "PATH VALUE",
        summary: "Sets a value; comments and everything else stay. A running gateway takes it up.",
        options: options + [
            .init("strict-json", nil, "the value has to be JSON"),
            .init("merge", nil, "the value is an object that is merged into the one that is there"),
            .init("replace", nil, "the value takes the place of what is there (the default)"),
        ],
        notes: [
            "A value that is not JSON5 is text. Earlier versions are kept beside the file as .bak, .bak.1, …",
            "  sallyport config set gateway.port 19000",
            "  sallyport config set gateway.trustedProxies '[\"10.0.0.2\"]'",
            "  sallyport config set gateway.auth '{ token: \"…\" }' --merge",
        ]
    ) { invocation in
        let path = try ConfigCommands.path(invocation)
        guard invocation.arguments.operands.count == 2 else {
            throw CommandFailure(
                .operands, "config set takes a path and a value", hint: "put a value with blanks in quotes")
        }
        guard !path.isRoot else {
            throw CommandFailure(.invalidPath, "config set needs the path of one value", hint: "such as gateway.port")
        }
        let value = try value(invocation.arguments.operands[1], path, isStrict: invocation.arguments.has("strict-json"))
        guard invocation.arguments.has("merge") else { return try edit(invocation, .set(path, value), path) }
        guard value.object != nil else {
            throw CommandFailure(.invalidJSON, "--merge needs an object", hint: "such as '{ token: \"…\" }'")
        }
        let patch = path.steps.reversed().reduce(JSON?.some(value)) { inner, step in
            guard let inner, case .name(let name) = step else { return nil }
            return .object(JSONObject([(name, inner)]))
        }
        guard let patch else {
            throw CommandFailure(
                .invalidPath, "--merge goes to objects, not to elements of arrays", hint: "set the element")
        }
        return try edit(invocation, .patch(patch, replacing: []), path)
    }

    static let unset = Command(
        "config unset", aliases: ["gateway config unset"], operands: "PATH",
        summary: "Removes a value; comments and everything else stay.", options: options
    ) { invocation in
        let path = try ConfigCommands.path(invocation)
        guard invocation.arguments.operands.count == 1, !path.isRoot else {
            throw CommandFailure(.operands, "config unset takes one path", hint: "such as gateway.port")
        }
        return try edit(invocation, .unset(path), path)
    }

    private static func value(_ text: String, _ path: JSONPath, isStrict: Bool) throws -> JSON {
        if isStrict {
            do throws(JSONError) {
                return try JSONParser.parse(text)
            } catch {
                throw CommandFailure(
                    .invalidJSON, "the value is not JSON: \(error)", hint: "text needs quotes: '\"text\"'")
            }
        }
        let shape = SettingCatalog.shared[path.description]?.shape
        guard let value = try? JSONParser.parse(text, dialect: .json5) else { return .string(text) }
        // A token of digits is a text all the same.
        if shape == .string || shape == .secret, value.string == nil, value.object == nil { return .string(text) }
        return value
    }

    // MARK: - Writing

    private static func edit(_ invocation: Invocation, _ edit: ConfigEdit, _ path: JSONPath) throws -> Int32 {
        let before = try ConfigCommands.reading(invocation)
        let locations = before.locations
        let file = locations.configFile ?? locations.defaultConfigFile
        guard !locations.isReadOnly else {
            throw CommandFailure(
                .foreignConfiguration, "\(file) is the configuration of an OpenClaw installation, which is not written",
                hint: "copy it to \(locations.defaultConfigFile), or name it: --config \(file)")
        }
        let text: [UInt8]
        do throws(ConfigEdit.Failure) {
            text = try edit.apply(to: before.main, path: file) {
                try? Files.read($0, maxBytes: ConfigFiles.maxFileBytes)
            }
        } catch {
            if case .absent = error {
                throw CommandFailure(.settingNotSet, error.description, hint: KeyGuess.nearest(to: "\(path)"))
            }
            throw CommandFailure(.configurationEdit, error.description, hint: error.remedy)
        }
        let after = try ConfigCommands.reading(invocation, replacing: text)
        // What was wrong before may be mended step by step.
        let old = Set(before.main == nil ? [] : before.result.errors.map { $0.path + $0.message })
        let new = after.result.errors.filter { !old.contains($0.path + $0.message) }
        guard new.isEmpty else {
            throw CommandFailure(new, "nothing was written, for the configuration would have errors")
        }
        if case .unset = edit {} else if let unknown = unknownKey(after, before, path) { throw unknown }
        if invocation.arguments.has("dry-run") {
            return try report(invocation, file, before, after, path, wrote: false, text: text)
        }
        if text != before.main?.bytes { try write(file, text, before) }
        return try report(invocation, file, before, after, path, wrote: text != before.main?.bytes, text: nil)
    }

    /// A key that nobody reads is a slip, most of the time.
    private static func unknownKey(
        _ after: ConfigSource.Reading, _ before: ConfigSource.Reading, _ path: JSONPath
    ) -> CommandFailure? {
        let old = Set(before.result.warnings.map(\.message))
        let new = after.result.warnings.first { warning in
            warning.message.hasPrefix("unknown key ") && !old.contains(warning.message)
                && ("\(path)".hasPrefix(warning.path) || warning.path.hasPrefix("\(path)"))
        }
        return new.map { CommandFailure([$0], "nothing was written") }
    }

    private static func write(_ file: String, _ text: [UInt8], _ before: ConfigSource.Reading) throws {
        do throws(ConfigFileWriter.Failure) {
            try ConfigFileWriter.write(file, text, before: before.main?.bytes)
        } catch {
            throw CommandFailure(.configurationWrite, "nothing was written: \(error)", hint: error.remedy)
        }
    }

    /// - Parameter text: of a dry run.
    private static func report(
        _ invocation: Invocation, _ file: String, _ before: ConfigSource.Reading, _ after: ConfigSource.Reading,
        _ path: JSONPath, wrote: Bool, text: [UInt8]?
    ) throws -> Int32 {
        var restart: [String] = []
        var applied: [String] = []
        if let old = before.result.configuration, let new = after.result.configuration {
            let plan = ReloadPlan(started: old, applied: old, next: new)
            (restart, applied) = (plan.restart, plan.applied)
        }
        let effective = after.result.configuration?.effective.first { $0.path == path.description }
        let terminal = invocation.terminal
        if invocation.arguments.has("json") {
            var object = JSONObject([
                ("ok", true), ("path", .string(file)), ("written", .bool(wrote)), ("dryRun", .bool(text != nil)),
                ("applied", .array(applied.map { .string($0) })),
                ("restartRequired", .array(restart.map { .string($0) })),
                ("warnings", .array(after.result.warnings.map(\.json))),
                ("issues", .array(after.result.errors.map(\.json))),
            ])
            object["source"] = effective.map { .string($0.source.description) }
            terminal.print(JSON.object(object).prettyPrinted())
            return 0
        }
        if let text {
            terminal.printRaw(String(decoding: ConfigRedaction.redacted(text: text) ?? [], as: UTF8.self))
        } else {
            terminal.print(wrote ? "Wrote \(file)" : "\(file) says so already")
        }
        for problem in after.result.errors + after.result.warnings where problem.path.hasPrefix(path.description) {
            terminal.note(problem.description)
        }
        if let effective {
            switch effective.source {
            case .environment, .flag: terminal.note("note: \(path) is set by \(effective.source), which wins")
            case .file(let other, _) where other != file: terminal.note("note: \(path) is set in \(other), which wins")
            case .file, .builtIn: break
            }
        }
        if !after.result.errors.isEmpty {
            terminal.note("\(after.result.errors.count) errors remain; see: sallyport config validate")
        } else if !restart.isEmpty {
            terminal.note(
                "restart needed for: \(restart.joined(separator: ", "))\n  hint: sallyport gateway restart")
        } else if before.main == nil {
            terminal.note("a new file: mode local and TLS stay as they were without one")
        }
        return 0
    }
}
