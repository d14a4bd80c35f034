internal import JSON
internal import Text

/// Reads `subagents` of the defaults or of one agent.
struct SubagentDecoder {
    let section: Section

    private var context: LoadContext { section.context }

    /// - Parameter base: What holds where nothing is written.
    func decode(over base: SubagentSettings) -> SubagentSettings {
        let millisecond = Duration.milliseconds(1)
        var settings = SubagentSettings()
        settings.maxConcurrent = section.integer("maxConcurrent", default: base.maxConcurrent, in: 1...1000)
        settings.maxSpawnDepth = section.integer("maxSpawnDepth", default: base.maxSpawnDepth, in: 1...5)
        settings.maxChildrenPerAgent = section.integer(
            "maxChildrenPerAgent", default: base.maxChildrenPerAgent, in: 1...1000)
        settings.allowAgents = section.strings(
            "allowAgents", default: base.allowAgents, allowed: "agent ids, or [\"*\"]")
        settings.requireAgentID = section.bool("requireAgentId", default: base.requireAgentID)
        settings.allowSelf = section.bool("allowSelf", default: base.allowSelf)
        settings.archiveAfter = section.limit(
            "archiveAfterMinutes", unit: .seconds(60), default: base.archiveAfter, in: 0...5_256_000)
        settings.runTimeout = section.limit(
            "runTimeoutSeconds", unit: .seconds(1), default: base.runTimeout, in: 0...31_536_000)
        settings.announceTimeout = section.duration(
            "announceTimeoutMs", unit: millisecond, default: base.announceTimeout, in: 1...3_600_000)
        settings.spawnTimeout = section.duration(
            "spawnTimeoutMs", unit: millisecond, default: base.spawnTimeout, in: 1...3_600_000)
        settings.workerLease = section.duration(
            "workerLeaseMs", unit: millisecond, default: base.workerLease, in: 3000...3_600_000)
        settings.workerGrace = section.duration(
            "workerGraceMs", unit: millisecond, default: base.workerGrace, in: 1000...86_400_000)
        settings.onWorkerLost = section.choice("onWorkerLost", default: base.onWorkerLost)
        settings.maxRestarts = section.integer("maxRestarts", default: base.maxRestarts, in: 0...100)
        settings.gatewayURL = gatewayURL(base.gatewayURL)
        settings.credential = section.choice("credential", default: base.credential)
        settings.scopes = scopes(base.scopes)
        section.warnAboutUnknownKeys(ignoring: ["model", "thinking", "delegationMode"])
        warn(settings)
        return settings
    }

    private func gatewayURL(_ fallback: String?) -> String? {
        section.read("gatewayUrl", as: .string, default: fallback, show: { $0.map { .string($0) } ?? .null }) {
            raw throws(Refusal) in
            let text = try raw.string()
            let allowed = "a URL such as wss://172.18.0.2:18789"
            let parts = text.split(atFirst: "://")
            let scheme = parts[0].lowercased()
            let host = parts.count == 2 ? parts[1].prefix { $0 != "/" && $0 != "?" && $0 != "#" } : ""
            guard !text.contains("@") else { throw Refusal(allowed: allowed, seen: "a URL with credentials") }
            guard scheme == "ws" || scheme == "wss", !host.isEmpty, !host.hasPrefix(":"),
                !text.contains(where: \.isWhitespace)
            else { throw Refusal(allowed: allowed) }
            return text
        }
    }

    private func scopes(_ fallback: [String]?) -> [String]? {
        section.read(
            "scopes", as: .list(.string), default: fallback,
            show: { $0.map { .array($0.map { .string($0) }) } ?? .null }
        ) {
            raw throws(Refusal) in
            try raw.strings(allowed: "scopes such as operator.read", check: RawSetting.isScope)
        }
    }

    private func warn(_ settings: SubagentSettings) {
        let credential = section.path(of: "credential")
        if settings.credential == .inherit, context.isSet(credential) {
            context.warn(
                .exposed, credential,
                "\(credential) is \"inherit\": such a command can speak as the owner of the gateway",
                at: context.location(of: credential))
        }
        let allowAgents = section.path(of: "allowAgents")
        guard context.isSet(allowAgents) else { return }
        for id in settings.allowAgents where id != "*" && !AgentSettings.isValidID(id.lowercased()) {
            context.warn(
                .invalidValue, allowAgents,
                "\(allowAgents) holds \(Seen.describe(.string(id))), which no agent can be called",
                at: context.location(of: allowAgents))
        }
    }
}
