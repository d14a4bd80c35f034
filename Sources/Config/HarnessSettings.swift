/// `plugins.entries.acpx.config`: where OpenClaw's configurations name ACP agents.
struct HarnessSettings {
    /// By their ids, in the order written.
    var commands: [(id: String, command: [String])] = []
    var permissionMode = ACPAgentSettings.PermissionMode.approveReads

    init(_ plugins: Section) {
        let plugin = plugins.section("entries").section("acpx")
        let config = plugin.section("config")
        permissionMode = config.choice("permissionMode", default: permissionMode)
        guard plugin.bool("enabled", default: true) else { return }
        let agents = config.section("agents")
        for member in agents.node?.members ?? [] {
            let agent = agents.section(member.name)
            guard agent.isPresent else { continue }
            let command = agent.command("command", allowsText: true) + agent.words("args")
            if !command.isEmpty { commands.append((member.name, command)) }
            agent.warnAboutUnknownKeys(ignoring: ["env", "cwd"])
        }
    }

    subscript(id: String) -> [String]? { commands.first { $0.id == id }?.command }
}
