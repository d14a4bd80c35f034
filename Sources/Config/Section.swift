internal import JSON

/// One object of the configuration. Reading a setting checks it, notes its name and records where it came from.
///
/// A wrong value is reported once and the default is returned, so that reading goes on and finds the other problems.
struct Section {
    let path: String
    let context: LoadContext
    /// The object; `nil` when the configuration has none here.
    let node: ConfigNode?
    /// Overrides are listed only where they are written; their defaults are listed elsewhere.
    let recordsDefaults: Bool

    init(path: String, node: ConfigNode?, context: LoadContext, recordsDefaults: Bool = true) {
        self.path = path
        self.node = node
        self.context = context
        self.recordsDefaults = recordsDefaults
    }

    var isPresent: Bool { node != nil }

    func path(of name: String) -> String { SourceMap.path(path, name: name) }

    /// The object under `name`; reported and treated as absent when it is something else.
    func section(_ name: String) -> Section {
        context.note(name, in: path)
        let childPath = path(of: name)
        var child = node?[name]
        if let found = child, found.members == nil {
            let seen = Seen.describe(found.json)
            context.error(.invalidValue, childPath, "\(childPath) must be an object, not \(seen)", at: found.location)
            child = nil
        }
        return Section(path: childPath, node: child, context: context, recordsDefaults: recordsDefaults)
    }

    /// Reads one setting: flag over variable over file over default.
    func read<Value>(
        _ name: String, as shape: SettingShape, variable: Variables.Name? = nil, default fallback: Value,
        isSecret: Bool = false, show: (Value) -> JSON, identity: ((Value) -> JSON)? = nil,
        decode: (RawSetting) throws(Refusal) -> Value
    ) -> Value {
        context.note(name, in: path)
        context.noteFlag(path(of: name))
        context.describe(path(of: name), shape, default: show(fallback), variables: variable?.candidates ?? [])
        guard let raw = find(name, variable: variable) else {
            if recordsDefaults { context.record(path(of: name), show(fallback), .builtIn, at: nil) }
            return fallback
        }
        do {
            let value = try decode(raw)
            context.record(
                path(of: name), show(value), raw.source, at: raw.location, identity: identity.map { $0(value) })
            return value
        } catch {
            refuse(name, raw, error, isSecret: isSecret)
            return fallback
        }
    }

    private func find(_ name: String, variable: Variables.Name?) -> RawSetting? {
        if let text = context.flags[path(of: name)] {
            return textual(text, .flag(path(of: name)), at: nil)
        }
        if let variable, let found = context.setting(variable) {
            // A trailing newline or blank is an accident of the shell or of an env file.
            let text = RawSetting.trim(found.value)
            if !text.isEmpty { return textual(text, found.source, at: found.location) }
        }
        guard let written = node?[name] else { return nil }
        guard let node = substituted(written, path: path(of: name)) else { return nil }
        let source = SettingSource.file(path: written.location.path, line: written.location.line)
        let isText = node.string != nil && node.string != written.string
        return RawSetting(node: node, isText: isText, source: source, location: written.location)
    }

    private func textual(_ text: String, _ source: SettingSource, at location: SourceLocation?) -> RawSetting {
        let nowhere = SourceLocation(path: "", line: 0, column: 0)
        let node = ConfigNode(content: .scalar(.string(text)), location: location ?? nowhere)
        return RawSetting(node: node, isText: true, source: source, location: location)
    }

    /// The value with its variables filled in; `nil`, after a report, when one is missing.
    func substituted(_ node: ConfigNode, path: String) -> ConfigNode? {
        var node = node
        switch node.content {
        case .scalar(.string(let text)):
            do {
                node.content = .scalar(.string(try context.variables.substitute(text).text))
            } catch {
                context.error(
                    .unsetVariable, path, "\(path) refers to \(error.name), which is not set", at: node.location,
                    remedy: "set \(error.name) in the environment, or write $${\(error.name)} for a literal")
                return nil
            }
        case .scalar:
            break
        case .array(let elements):
            let replaced = elements.enumerated().map { substituted($1, path: SourceMap.path(path, index: $0)) }
            guard !replaced.contains(where: { $0 == nil }) else { return nil }
            node.content = .array(replaced.compactMap { $0 })
        case .object(let members):
            var replaced: [ConfigNode.Member] = []
            for member in members {
                let memberPath = SourceMap.path(path, name: member.name)
                guard let value = substituted(member.value, path: memberPath) else { continue }
                replaced.append(.init(name: member.name, keyLocation: member.keyLocation, value: value))
            }
            guard replaced.count == members.count else { return nil }
            node.content = .object(replaced)
        }
        return node
    }

    private func refuse(_ name: String, _ raw: RawSetting, _ refusal: Refusal, isSecret: Bool) {
        let path = path(of: name)
        let subject =
            switch raw.source {
            case .environment(let name): "\(name) (\(path))"
            case .flag: "\(path) on the command line"
            case .file, .builtIn: path
            }
        let seen = isSecret ? Seen.kind(of: raw.json) : refusal.seen ?? Seen.describe(raw.json)
        let location = refusal.location.flatMap { $0.line > 0 ? $0 : nil } ?? raw.location
        context.error(
            refusal.rule, path, "\(subject) must be \(refusal.allowed), not \(seen)", at: location,
            remedy: refusal.remedy)
        context.record(path, .null, raw.source, at: raw.location)
    }

    /// Warns about each member that nothing has asked for.
    ///
    /// - Parameter ignored: Members that exist upstream and mean nothing to us.
    func warnAboutUnknownKeys(ignoring ignored: Set<String> = []) {
        context.close(path, ignored)
        let known = context.names(in: path)
        for member in node?.members ?? [] where !ignored.contains(member.name) && !known.contains(member.name) {
            let memberPath = path(of: member.name)
            let message = "unknown key \(memberPath)"
            if let instead = KeyAdvice.inventedKeys[memberPath] {
                context.warn(
                    .unknownKey, memberPath, "\(message), which has no effect", at: member.keyLocation,
                    remedy: "use \(instead)")
            } else {
                let nearest = KeyAdvice.nearest(to: member.name, among: known + ignored.sorted())
                let remedy = nearest.map { "did you mean \(path(of: $0))?" }
                context.warn(
                    .unknownKey, memberPath, "\(message), which has no effect", at: member.keyLocation, remedy: remedy)
            }
        }
    }
}
