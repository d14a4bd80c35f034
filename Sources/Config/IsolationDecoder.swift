internal import JSON

/// Reads `isolation`: one of the kinds by its name, or an object with `type` and options.
struct IsolationDecoder {
    /// That of the defaults, or of an agent.
    let parent: Section

    private var context: LoadContext { parent.context }
    private static let name = "isolation"

    /// - Parameter base: what holds where nothing is written. An object of an agent's stands for itself.
    func decode(over base: IsolationSettings) -> IsolationSettings {
        let path = parent.path(of: Self.name)
        guard let node = parent.node?[Self.name], node.members != nil else { return kind(over: base, path) }
        let section = parent.section(Self.name)
        var settings = IsolationSettings()
        settings.path = path
        settings.kind = section.choice("type", default: base.kind)
        settings.user = user(section)
        settings.gid = section.optionalInteger("gid", in: 0...0xFFFF_FFFE)
        settings.inheritedVariables = variables(section)
        settings.cwd = section.optionalPath("cwd")
        settings.umask = umask(section)
        let limits = section.section("rlimits")
        for resource in IsolationSettings.resources {
            settings.limits[resource] = limits.optionalInteger(resource, in: 0...(1 << 50))
        }
        limits.warnAboutUnknownKeys()
        settings.binds = binds(section)
        settings.hidden = paths(section, "hide")
        settings.image = section.optionalString("image")
        settings.engine = section.choice("engine", default: settings.engine)
        settings.network = section.string("network", default: settings.network)
        settings.executable = section.optionalPath("executable")
        section.warnAboutUnknownKeys()
        check(settings, section, node)
        return settings
    }

    /// The short form keeps the options of the defaults where it says the same as they do.
    private func kind(over base: IsolationSettings, _ path: String) -> IsolationSettings {
        let allowed =
            IsolationSettings.Kind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            + ", or an object with type"
        let shape = SettingShape.either(.choice(IsolationSettings.Kind.allCases.map(\.rawValue)), .object)
        let kind = parent.read(
            Self.name, as: shape, default: base.kind, show: { .string($0.rawValue) }
        ) { raw throws(Refusal) in
            guard let text = raw.node.string, let kind = IsolationSettings.Kind(rawValue: text) else {
                let nearest = raw.node.string.flatMap {
                    KeyAdvice.nearest(to: $0, among: IsolationSettings.Kind.allCases.map(\.rawValue))
                }
                throw Refusal(allowed: allowed, remedy: nearest.map { "did you mean \"\($0)\"?" })
            }
            return kind
        }
        guard let node = parent.node?[Self.name], kind != base.kind else { return base }
        var settings = IsolationSettings()
        settings.kind = kind
        settings.path = path
        check(settings, Section(path: path, node: nil, context: context), node)
        return settings
    }

    private func check(_ settings: IsolationSettings, _ section: Section, _ node: ConfigNode) {
        if settings.kind == .container, settings.image == nil, section.node?["image"] == nil {
            context.error(
                .incomplete, section.path, "\(section.path) is \"container\" and names no image", at: node.location,
                remedy: "write isolation: { type: \"container\", image: \"…\" }")
        }
        for bind in settings.binds where settings.kind == .container && bind.path.contains(":") {
            context.error(
                .invalidValue, section.path(of: "binds"),
                "\(section.path(of: "binds")): a container engine takes no path with a colon",
                at: node.location, remedy: "bind a directory with another name")
        }
    }

    private func user(_ section: Section) -> String? {
        section.read(
            "user", as: .either(.string, .integer(0...0xFFFF_FFFE)), default: nil,
            show: { $0.map { .string($0) } ?? .null }
        ) { raw throws(Refusal) in
            if let number = raw.json.integer, UInt32(exactly: number) != nil { return "\(number)" }
            guard let text = raw.node.string, !text.isEmpty, !text.contains(where: { $0.isWhitespace || $0 == ":" })
            else { throw Refusal(allowed: "the name or the number of a user") }
            return text
        }
    }

    private func variables(_ section: Section) -> [String]? {
        let show = { (names: [String]?) in names.map { JSON.array($0.map { .string($0) }) } ?? .null }
        return section.read("env", as: .list(.string), default: nil, show: show) { raw throws(Refusal) in
            try raw.strings(allowed: "names of environment variables") { !$0.contains("=") && !$0.isEmpty }
        }
    }

    /// Octal in a string, as it is always written; a number would be read as decimal.
    private func umask(_ section: Section) -> Int? {
        let show = { (mask: Int?) -> JSON in mask.map { .string("0" + String($0, radix: 8)) } ?? .null }
        return section.read("umask", as: .string, default: nil, show: show) { raw throws(Refusal) in
            let digits = raw.node.string.map { $0.hasPrefix("0") ? String($0.dropFirst()) : $0 }
            let value = digits.flatMap { $0.isEmpty ? 0 : Int($0, radix: 8) }
            guard let value, (0...0o777).contains(value) else {
                throw Refusal(allowed: "octal digits in a string, such as \"077\"")
            }
            return value
        }
    }

    /// `/path` or `/path:rw`; read-only unless it says otherwise.
    private func binds(_ section: Section) -> [IsolationSettings.Bind] {
        paths(section, "binds").map { text in
            for (suffix, isWritable) in [(":rw", true), (":ro", false)] where text.hasSuffix(suffix) {
                return IsolationSettings.Bind(path: String(text.dropLast(3)), isWritable: isWritable)
            }
            return IsolationSettings.Bind(path: text, isWritable: false)
        }
    }

    private func paths(_ section: Section, _ name: String) -> [String] {
        let home = context.variables.home
        let written = section.strings(name, allowed: "absolute paths") { text in
            PathText.expandingHome(text, home: home).hasPrefix("/")
        }
        return written.map { PathText.expandingHome($0, home: home) }
    }
}
