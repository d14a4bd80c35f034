/// The whole configuration: typed, defaulted, and with the origin of each setting.
package struct Configuration: Equatable, Sendable {
    package let gateway: GatewaySettings
    package let security: SecuritySettings
    package let acp: ACPSettings
    package let session: SessionSettings
    package let cron: CronSettings
    package let messages: MessagesSettings
    package let tools: ToolsSettings
    package let logging: LoggingSettings
    package let agentDefaults: AgentDefaults
    /// Never empty: without any configured agent there is `main`, which has nothing to run.
    package let agents: [AgentSettings]
    package let defaultAgentID: String
    /// Every setting in the order of the sections, secrets masked.
    package let effective: [EffectiveSetting]
    package let identities: SettingIdentities
    /// Every file that was read, includes among them, lowest precedence first; what a watcher has to watch.
    package let files: [String]

    /// Where the setting at a path such as `gateway.port` came from; `builtIn` also for a path that is no setting.
    package func source(of path: String) -> SettingSource {
        effective.first { $0.path == path }?.source ?? .builtIn
    }

    package func agent(_ id: String) -> AgentSettings? { agents.first { $0.id == id } }

    package var defaultAgent: AgentSettings? { agent(defaultAgentID) }
}
