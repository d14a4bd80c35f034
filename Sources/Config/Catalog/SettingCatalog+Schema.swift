package import JSON
internal import Text

/// The catalogue as JSON Schema (draft 2020-12).
extension SettingCatalog {
    package var schema: JSON {
        let root = SchemaNode(settings)
        guard var object = root.schema(at: "", closed: closedSections).object else { return .null }
        let body = object
        object = JSONObject([
            ("$schema", "https://json-schema.org/draft/2020-12/schema"), ("title", "Sallyport configuration"),
            (
                "description",
                "openclaw.json, as the gateway reads it. The file is JSON5; names that are not here may be OpenClaw's."
            ),
        ])
        for (name, value) in body { object[name] = value }
        object["$defs"] = [
            "variable": [
                "description": "text in which ${NAME} stands for a variable", "type": "string",
                "pattern": #"\$\{[A-Z_][A-Z0-9_]*\}"#,
            ],
            "include": [
                "description": "a file that takes the place of the object, or several that are merged",
                "anyOf": [["type": "string"], ["type": "array", "items": ["type": "string"]]],
            ],
            "secretReference": [
                "type": "object",
                "properties": [
                    "source": ["enum": ["env", "file", "exec"]], "provider": ["type": "string"],
                    "id": ["type": "string"],
                ],
                "required": ["source", "id"],
            ],
        ]
        return .object(object)
    }

    /// By pattern: what a form may say about a setting.
    package var hints: JSON {
        var hints = JSONObject()
        for setting in settings {
            var hint = JSONObject([("help", .string(setting.note))])
            if setting.isSecret { hint["sensitive"] = true }
            hints[setting.path] = .object(hint)
        }
        return .object(hints)
    }

    /// What is known of one path: of a setting, or of a section with its members.
    package func lookup(_ path: String) -> JSON? {
        let pattern = Self.pattern(path)
        guard let node = SchemaNode(settings).node(at: pattern) else { return nil }
        let children = node.children.map { name, child -> JSON in
            let place = Self.join(pattern, name)
            var entry = JSONObject([
                ("key", .string(name)), ("path", .string(place)), ("hasChildren", .bool(!child.children.isEmpty)),
                ("reloadKind", .string(ReloadKind(of: place).rawValue)),
            ])
            if let setting = child.setting { entry["hint"] = ["help": .string(setting.note)] }
            return .object(entry)
        }
        var answer = JSONObject([
            ("path", .string(path)), ("schema", node.schema(at: pattern, closed: closedSections)),
            ("reloadKind", .string(ReloadKind(of: pattern).rawValue)), ("children", .array(children)),
        ])
        if let setting = node.setting {
            var hint = JSONObject([("help", .string(setting.note))])
            if setting.isSecret { hint["sensitive"] = true }
            answer["hint"] = .object(hint)
            answer["hintPath"] = .string(setting.path)
        }
        return .object(answer)
    }

    /// The names that stand in a section.
    package func names(in section: String) -> [String] {
        SchemaNode(settings).node(at: Self.pattern(section))?.children.map(\.name) ?? []
    }

    fileprivate static func join(_ path: String, _ name: String) -> String {
        switch name {
        case "[]": path + "[]"
        case "*": path + ".*"
        default: SourceMap.path(path, name: name)
        }
    }
}

/// The settings as a tree. `[]` and `*` are names of its own.
private struct SchemaNode {
    var setting: SettingDescription?
    var children: [(name: String, node: SchemaNode)] = []

    init(_ settings: [SettingDescription]) {
        for setting in settings { insert(setting, at: Self.steps(setting.path)[...]) }
    }

    private init() {}

    private mutating func insert(_ setting: SettingDescription, at steps: ArraySlice<String>) {
        guard let first = steps.first else {
            self.setting = setting
            return
        }
        if let index = children.firstIndex(where: { $0.name == first }) {
            children[index].node.insert(setting, at: steps.dropFirst())
        } else {
            var child = SchemaNode()
            child.insert(setting, at: steps.dropFirst())
            children.append((first, child))
        }
    }

    func node(at pattern: String) -> SchemaNode? {
        var node = self
        for step in Self.steps(pattern) {
            guard let child = node.children.first(where: { $0.name == step || $0.name == "*" }) else { return nil }
            node = child.node
        }
        return node
    }

    /// `agents.list[].id` → `agents`, `list`, `[]`, `id`
    private static func steps(_ pattern: String) -> [String] {
        pattern.split(separator: ".").flatMap { part -> [String] in
            part.hasSuffix("[]") ? [String(part.dropLast(2)), "[]"] : [String(part)]
        }
    }

    func schema(at path: String, closed: [String: Set<String>]) -> JSON {
        if children.isEmpty, let setting { return described(setting.shape.schema, setting) }
        if let element = children.first(where: { $0.name == "[]" }) {
            let items = element.node.schema(at: path + "[]", closed: closed)
            return ["anyOf": [["type": "array", "items": items], Self.include]]
        }
        if let setting, case .either(let word, .object) = setting.shape {
            var inner = self
            inner.setting = nil
            let either = inner.schema(at: path, closed: closed)
            return described(["anyOf": [word.schema, either]], setting)
        }
        var object = JSONObject([("type", "object")])
        if let setting { object["description"] = .string(setting.note) }
        var properties = JSONObject([("$include", ["$ref": "#/$defs/include"])])
        for (name, child) in children where name != "*" {
            properties[name] = child.schema(at: SettingCatalog.join(path, name), closed: closed)
        }
        if path.isEmpty {
            properties["$schema"] = ["type": "string"]
            // Names of variables are the owner's, but for those of its sections.
            var env = properties["env"]?.object ?? JSONObject([("type", "object")])
            env["description"] = "variables, for ${NAME} and secrets"
            properties["env"] = .object(env)
        }
        for name in (closed[path] ?? []).sorted() where !path.isEmpty {
            properties[name] = ["description": "OpenClaw's; it has no effect here"]
        }
        object["properties"] = .object(properties)
        if let any = children.first(where: { $0.name == "*" }) {
            object["additionalProperties"] = any.node.schema(at: path + ".*", closed: closed)
        } else if closed[path] != nil, !path.isEmpty {
            object["additionalProperties"] = false
        }
        return .object(object)
    }

    private static let include: JSON = [
        "type": "object", "properties": ["$include": ["$ref": "#/$defs/include"]], "required": ["$include"],
    ]

    private func described(_ schema: JSON, _ setting: SettingDescription) -> JSON {
        guard var object = schema.object else { return schema }
        object["description"] = .string(setting.note)
        if !setting.defaultValue.isNull, !setting.path.contains("[]"), !setting.path.contains("*") {
            object["default"] = setting.defaultValue
        }
        return .object(object)
    }
}
