internal import JSON

/// Everything the decoder reads: found by letting it read a document that has one of each.
package struct SettingCatalog: Sendable {
    /// In the order of the sections.
    package let settings: [SettingDescription]
    /// Sections in which an unknown name is a slip, with the names that only OpenClaw has a use for.
    let closedSections: [String: Set<String>]

    package static let shared = SettingCatalog()

    private init() {
        // What may be a word or an object is written both ways.
        let contexts = ["\"none\"", "{}"].map { Self.read(isolation: $0) }
        var settings: [SettingDescription] = []
        var seen: Set<String> = []
        for found in contexts.flatMap(\.descriptions) {
            let path = Self.pattern(found.path)
            guard seen.insert(path).inserted else { continue }
            settings.append(
                SettingDescription(
                    path: path, shape: found.shape, defaultValue: found.fallback, variables: found.variables,
                    reload: ReloadKind(of: path), note: SettingNotes.note(path) ?? ""))
        }
        self.settings = settings
        closedSections = Dictionary(
            contexts.flatMap { $0.closedSections.map { (Self.pattern($0), $1) } },
            uniquingKeysWith: { first, _ in first })
    }

    private static func read(isolation: String) -> LoadContext {
        let agent = "exec: {}, runtime: { type: \"acp\", acp: {} }, isolation: \(isolation)"
        return ConfigLoader.describe(
            """
            {
              gateway: { mode: "local", listeners: [{}] },
              agents: { list: [{ id: "x", \(agent) }], entries: { x: { \(agent) } },
                defaults: { exec: {}, isolation: \(isolation) } },
              plugins: { entries: { acpx: { config: { agents: { x: {} } } } } },
              secrets: { providers: { x: {} } },
              logging: { subsystems: { x: "info" } },
            }
            """)
    }

    /// The setting at a path, which may also be a real one: `agents.list[0].id`.
    package subscript(_ path: String) -> SettingDescription? {
        let pattern = Self.pattern(path)
        return settings.first { $0.path == pattern }
    }

    /// What to use instead of a key that people invent; nil for other keys.
    package static func meant(by path: String) -> String? { KeyAdvice.inventedKeys[path] }

    /// Positions become `[]`, names of the owner's `*`.
    package static func pattern(_ path: String) -> String {
        guard let steps = (try? JSONPath(parsing: path.replacingBrackets))?.steps else { return path }
        var pattern = ""
        for (depth, step) in steps.enumerated() {
            switch step {
            case .index: pattern += "[]"
            case .name(let name):
                let isOwners = ownersNames.contains(pattern) && depth > 0 && !(pattern == "env" && name == "shellEnv")
                pattern = isOwners ? pattern + ".*" : SourceMap.path(pattern, name: name)
            }
        }
        return pattern
    }

    /// Sections whose names are the owner's.
    private static let ownersNames: Set<String> = [
        "agents.entries", "plugins.entries.acpx.config.agents", "logging.subsystems", "env", "env.vars",
        "secrets.providers",
    ]
}

extension String {
    /// `[]` of a pattern as a position, so that both are read alike.
    fileprivate var replacingBrackets: String {
        var result = ""
        for character in self {
            if character == "]", result.hasSuffix("[") { result += "0" }
            result.append(character)
        }
        return result
    }
}
