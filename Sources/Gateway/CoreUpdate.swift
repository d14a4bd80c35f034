package import Sessions
package import Trust

/// What a changed configuration changes in a running core.
package struct CoreUpdate: Sendable {
    package var policy: AdmissionPolicy
    package var rateLimit: AuthLimiter.Settings
    package var catalog: AgentCatalog
    package var mainKey: String
    package var sessionScope: String
    package var conversation: ConversationSettings
    package var archiveRetentionMs: Int64?
    package var warnings: [String]
    package var cron: CronCoreSettings
    package var effective: [String: CoreSettings.SettingFact]
    package var position: @Sendable (DryRun.Position) -> TransportFacts
    /// What `status` says of settings that wait for a restart.
    package var restartPaths: [String]
    /// What was applied, for `config.changed`.
    package var changedPaths: [String]

    /// Everything as it is.
    package init(_ settings: CoreSettings) {
        policy = settings.policy
        rateLimit = settings.rateLimit
        catalog = settings.catalog
        mainKey = settings.mainKey
        sessionScope = settings.sessionScope
        conversation = settings.conversation
        archiveRetentionMs = settings.archiveRetentionMs
        warnings = settings.warnings
        cron = settings.cron
        effective = settings.effective
        position = settings.position
        restartPaths = []
        changedPaths = []
    }
}

extension CoreSettings {
    package mutating func take(_ update: CoreUpdate) {
        policy = update.policy
        rateLimit = update.rateLimit
        catalog = update.catalog
        mainKey = update.mainKey
        sessionScope = update.sessionScope
        conversation = update.conversation
        archiveRetentionMs = update.archiveRetentionMs
        warnings = update.warnings
        // The host's zone is no setting.
        let hostZone = cron.hostZone
        cron = update.cron
        cron.hostZone = hostZone
        effective = update.effective
        position = update.position
        restartPaths = update.restartPaths
    }
}
