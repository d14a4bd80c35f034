package import Sessions
package import Trust
package import Wire

/// What the core needs to know of configuration, identity and surroundings.
package struct CoreSettings: Sendable {
    /// The root key: derives gateway sessions and signs nothing else. Its device id is the gateway's id.
    package var root: SigningIdentity
    package var policy: AdmissionPolicy
    package var rateLimit = AuthLimiter.Settings()
    package var catalog: AgentCatalog
    package var mainKey = "main"
    package var sessionScope = "per-sender"
    package var conversation = ConversationSettings()
    /// How long archived transcripts are kept; nil: for good.
    package var archiveRetentionMs: Int64? = 30 * 86_400_000
    package var serverVersion: String
    package var hostName: String
    package var stateDirectory: String
    package var configPath: String?
    package var startedAtMs: Int64
    /// Conditions that every `status` repeats, such as a development switch that is on.
    package var warnings: [String] = []
    /// Settings that have changed since the start and wait for a restart.
    package var restartPaths: [String] = []
    package var cron = CronCoreSettings()
    package var connectionPolicy = HelloOK.Policy()
    /// Settings by their path, for explanations; secrets are masked.
    package var effective: [String: SettingFact] = [:]
    /// What a connection from an address would be taken for.
    package var position: @Sendable (DryRun.Position) -> TransportFacts = { position in
        TransportFacts(isDirectLocal: false, peer: position.from, clientAddress: position.from)
    }

    /// A setting's value, as it is written, and where it was set: `default`, a file and line, a variable, a flag.
    package struct SettingFact: Equatable, Sendable {
        package let value: String
        package let source: String

        package init(value: String, source: String) {
            self.value = value
            self.source = source
        }
    }

    package init(
        root: SigningIdentity, policy: AdmissionPolicy, catalog: AgentCatalog, serverVersion: String, hostName: String,
        stateDirectory: String, configPath: String?, startedAtMs: Int64
    ) {
        self.root = root
        self.policy = policy
        self.catalog = catalog
        self.serverVersion = serverVersion
        self.hostName = hostName
        self.stateDirectory = stateDirectory
        self.configPath = configPath
        self.startedAtMs = startedAtMs
    }

    package var defaultMainSessionKey: String {
        SessionKeySyntax.main(agentID: catalog.defaultAgentID, mainKey: mainKey)
    }
}
