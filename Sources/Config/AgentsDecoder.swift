internal import JSON

/// Reads `agents.*`: the defaults, then `agents.list[]` and `agents.entries`.
struct AgentsDecoder {
    let section: Section
    let harnesses: HarnessSettings

    private var context: LoadContext { section.context }

    func defaults() -> AgentDefaults {
        let section = section.section("defaults")
        return AgentDefaults(
            exec: exec(section.section("exec")), cwd: section.optionalPath("cwd"),
            environment: section.environment("env"),
            isolation: IsolationDecoder(parent: section).decode(over: IsolationSettings()),
            subagents: SubagentDecoder(section: section.section("subagents")).decode(over: SubagentSettings()),
            pool: pool(section, default: nil))
    }

    /// The name of a pool, or "" for none where the defaults name one.
    private func pool(_ section: Section, default fallback: String?) -> String? {
        let name = section.read("pool", as: .string, default: fallback, show: { $0.map { .string($0) } ?? .null }) {
            raw throws(Refusal) -> String? in
            guard let text = raw.node.string, text.isEmpty || AgentSettings.isValidID(text) else {
                throw Refusal(allowed: "the name of a pool, [a-z0-9][a-z0-9_-]{0,63}, or \"\" for none")
            }
            return text
        }
        return name?.isEmpty == true ? nil : name
    }

    /// - Returns: The agents in the order written, the list before the entries, or an implied `main`.
    func agents(_ defaults: AgentDefaults) -> [AgentSettings] {
        var agents: [AgentSettings] = []
        var places: [String: SourceLocation] = [:]
        for (section, entryName) in agentSections() {
            guard let (agent, place) = agent(section, entryName: entryName, defaults: defaults) else { continue }
            if let first = places[agent.id] {
                context.error(
                    .duplicateAgent, section.path, "agent \"\(agent.id)\" is configured twice, first at \(first)",
                    at: place,
                    remedy: "give one of them another id")
                continue
            }
            if agent.isDefault, let earlier = agents.first(where: \.isDefault) {
                context.warn(
                    .conflict, section.path,
                    "agent \"\(agent.id)\" is also marked as default; \"\(earlier.id)\" is used",
                    at: place)
            }
            places[agent.id] = place
            agents.append(agent)
        }
        section.warnAboutUnknownKeys(ignoring: ["ownership"])
        if agents.isEmpty { agents = [implied("main", defaults, isDefault: true)] }
        for harness in harnesses.commands where AgentSettings.isValidID(harness.id) {
            guard !agents.contains(where: { $0.id == harness.id }) else { continue }
            let acp = ACPAgentSettings(
                command: harness.command, cwd: nil, permissionMode: harnesses.permissionMode)
            agents.append(implied(harness.id, defaults, acp: acp))
        }
        return agents
    }

    /// An agent that is not written among the agents.
    private func implied(
        _ id: String, _ defaults: AgentDefaults, isDefault: Bool = false, acp: ACPAgentSettings? = nil
    ) -> AgentSettings {
        AgentSettings(
            id: id, name: nil, isDefault: isDefault, exec: acp == nil ? defaults.exec : nil, cwd: defaults.cwd,
            workspace: nil, environment: defaults.environment, isolation: defaults.isolation,
            subagents: defaults.subagents, runtime: nil, acp: acp, isLocal: false, pool: defaults.pool)
    }

    // MARK: Where agents are written

    private func agentSections() -> [(Section, entryName: ConfigNode.Member?)] {
        var sections: [(Section, ConfigNode.Member?)] = []
        context.note("list", in: section.path)
        if let list = section.node?["list"] {
            let listPath = section.path(of: "list")
            if list.elements == nil { refuse(list, listPath, "an array of agents") }
            for (index, element) in (list.elements ?? []).enumerated() {
                let path = SourceMap.path(listPath, index: index)
                guard element.members != nil else {
                    refuse(element, path, "an object")
                    continue
                }
                sections.append((Section(path: path, node: element, context: context, recordsDefaults: false), nil))
            }
        }
        let entries = section.section("entries")
        for member in entries.node?.members ?? [] {
            let path = entries.path(of: member.name)
            guard member.value.members != nil else {
                refuse(member.value, path, "an object")
                continue
            }
            sections.append(
                (Section(path: path, node: member.value, context: context, recordsDefaults: false), member))
        }
        return sections
    }

    private func refuse(_ node: ConfigNode, _ path: String, _ allowed: String) {
        context.error(
            .invalidValue, path, "\(path) must be \(allowed), not \(Seen.describe(node.json))", at: node.location)
    }

    // MARK: One agent

    private func agent(
        _ section: Section, entryName: ConfigNode.Member?, defaults: AgentDefaults
    ) -> (AgentSettings, SourceLocation)? {
        let id = id(section, entryName: entryName)
        // Read in full even without an id, so that all problems are found.
        let exec = section.section("exec")
        let isLocal = isLocal(section)
        let agent = AgentSettings(
            id: id ?? "", name: section.optionalString("name"), isDefault: section.bool("default", default: false),
            exec: exec.isPresent ? self.exec(exec) : defaults.exec,
            cwd: section.optionalPath("cwd", default: defaults.cwd), workspace: section.optionalPath("workspace"),
            environment: defaults.environment.merging(section.environment("env")) { $1 },
            isolation: IsolationDecoder(parent: section).decode(over: defaults.isolation),
            subagents: SubagentDecoder(section: section.section("subagents")).decode(over: defaults.subagents),
            runtime: runtime(section), acp: acp(section, id: id), isLocal: isLocal,
            pool: isLocal ? ownPool(section) : pool(section, default: defaults.pool))
        section.warnAboutUnknownKeys(ignoring: [
            "agentDir", "contextLimits", "description", "embeddedHarness", "fastModeDefault", "groupChat", "heartbeat",
            "humanDelay", "identity", "memorySearch", "model", "models", "params", "reasoningDefault", "sandbox",
            "skills", "skillsLimits", "systemPromptOverride", "thinkingDefault", "tools", "tts", "verboseDefault",
        ])
        guard id != nil, let place = entryName?.keyLocation ?? section.node?.location else { return nil }
        return (agent, place)
    }

    private func id(_ section: Section, entryName: ConfigNode.Member?) -> String? {
        let allowed = "an agent id, [a-z0-9][a-z0-9_-]{0,63}"
        let decode = { (raw: RawSetting) throws(Refusal) -> String? in
            guard let text = raw.node.string, AgentSettings.isValidID(text) else {
                throw Refusal(
                    allowed: allowed, remedy: raw.node.string.flatMap(Self.similarID).map { "write \"\($0)\"" })
            }
            return text
        }
        let written = section.read(
            "id", as: .string, default: nil, show: { $0.map { .string($0) } ?? .null }, decode: decode)
        guard let entryName else {
            if written == nil, !context.isSet(section.path(of: "id")), section.node?["id"] == nil {
                context.error(
                    .incomplete, section.path(of: "id"), "\(section.path) has no id", at: section.node?.location)
            }
            return written
        }
        guard AgentSettings.isValidID(entryName.name) else {
            let seen = Seen.describe(.string(entryName.name))
            context.error(
                .invalidValue, section.path, "the name of an entry in agents.entries must be \(allowed), not \(seen)",
                at: entryName.keyLocation, remedy: Self.similarID(to: entryName.name).map { "write \($0)" })
            return nil
        }
        if let written, written != entryName.name {
            context.error(
                .conflict, section.path(of: "id"),
                "\(section.path(of: "id")) is \"\(written)\", other than the name of the entry",
                at: context.location(of: section.path(of: "id")), remedy: "remove the id")
        }
        return entryName.name
    }

    /// The text in lower case with a dash for whatever an id cannot hold.
    private static func similarID(to text: String) -> String? {
        let dashed = text.lowercased().map { character in
            AgentSettings.isValidID("a\(character)") ? String(character) : "-"
        }
        let id = dashed.joined()
        return AgentSettings.isValidID(id) ? id : nil
    }

    private func exec(_ section: Section) -> ExecSettings? {
        guard section.isPresent else { return nil }
        let command = section.command("command")
        let standardInput = section.choice("stdin", default: ExecSettings.StandardInput.task)
        section.warnAboutUnknownKeys()
        if command.isEmpty {
            if section.node?["command"] == nil {
                context.error(
                    .incomplete, section.path(of: "command"), "\(section.path) has no command",
                    at: section.node?.location,
                    remedy: "add command: [\"/path/to/program\"]")
            }
            return nil
        }
        return ExecSettings(command: command, standardInput: standardInput)
    }

    private func runtime(_ section: Section) -> JSON? {
        section.read("runtime", as: .object, default: nil, show: { $0 ?? .null }) { raw throws(Refusal) in
            let allowed = "an object such as {type: \"acp\", acp: {…}} or {type: \"local\"}"
            guard raw.node.members != nil, raw.node["type"]?.string != nil else { throw Refusal(allowed: allowed) }
            if let acp = raw.node["acp"], acp.members == nil {
                throw Refusal(allowed: allowed, seen: "\(Seen.describe(acp.json)) for acp", location: acp.location)
            }
            return raw.json
        }
    }

    /// Whether its command runs under the gateway itself.
    private func isLocal(_ section: Section) -> Bool {
        guard let written = section.node?["runtime"], written["type"]?.string == "local" else { return false }
        let runtime = section.section("runtime")
        _ = runtime.optionalString("type")
        runtime.warnAboutUnknownKeys()
        return true
    }

    /// What a local agent may say of pools: nothing but that it is in none.
    private func ownPool(_ section: Section) -> String? {
        if let pool = pool(section, default: nil) {
            context.error(
                .conflict, section.path(of: "pool"),
                "an agent whose runtime is \"local\" runs under the gateway, and not in pool \"\(pool)\"",
                at: section.node?["pool"]?.location,
                remedy: "remove the pool, or the runtime")
        }
        return nil
    }

    /// The command of an agent of type `acp`: its own, or that of the harness that it names.
    private func acp(_ section: Section, id: String?) -> ACPAgentSettings? {
        guard let written = section.node?["runtime"], written.members != nil, written["type"]?.string == "acp" else {
            return nil
        }
        let runtime = section.section("runtime")
        _ = runtime.optionalString("type")
        let acp = runtime.section("acp")
        let harness = acp.optionalString("agent") ?? id ?? ""
        let own = acp.command("command")
        let settings = ACPAgentSettings(
            command: own.isEmpty ? harnesses[harness] ?? [] : own, cwd: acp.optionalPath("cwd"),
            permissionMode: acp.choice("permissionMode", default: harnesses.permissionMode))
        acp.warnAboutUnknownKeys(ignoring: ["backend", "mode"])
        runtime.warnAboutUnknownKeys()
        guard !settings.command.isEmpty else {
            if acp.node?["command"] == nil {
                let path = acp.path(of: "command")
                context.warn(
                    .incomplete, path,
                    "agent \"\(id ?? "")\" has no command to run: nothing says how to start \"\(harness)\"",
                    at: written.location,
                    remedy: "set \(path), or plugins.entries.acpx.config.agents.\(harness).command")
            }
            return nil
        }
        return settings
    }
}
