internal import JSON

/// Turns file contents, environment and flags into a ``Configuration``. Pure but for `readFile`.
package enum ConfigLoader {
    /// Runs a program that gives secrets.
    package typealias CommandRunner = (SecretCommand) -> Result<[UInt8], SecretFailure>

    package static func noCommands(_ command: SecretCommand) -> Result<[UInt8], SecretFailure> {
        .failure(SecretFailure("is not run here"))
    }

    /// - Parameters:
    ///   - input: Files lowest precedence first. Later files are laid over earlier ones: objects merge, of other values
    ///     (arrays too) the later wins.
    ///   - readFile: Gives the contents of an included file or of a `{source: "file"}` secret, `nil` when it cannot be
    ///     read. Paths are resolved against the file that names them.
    ///   - runCommand: Runs programs of `secrets.providers`, and the login shell of `env.shellEnv`.
    package static func load(
        _ input: ConfigInput, readFile: @escaping (String) -> [UInt8]? = { _ in nil },
        runCommand: @escaping CommandRunner = noCommands
    ) -> ConfigResult {
        var reader = DocumentReader(readFile: readFile)
        var root: ConfigNode?
        var mainFile: SourceLocation?
        for file in input.files {
            guard let document = reader.document(file) else { continue }
            if !file.isSupplement, mainFile == nil {
                mainFile = SourceLocation(path: document.location.path, line: 1, column: 1)
            }
            root = root?.merged(with: document, arrays: .replace) ?? document
        }
        // With a file missing from the picture, further findings would mislead.
        guard reader.problems.isEmpty else { return ConfigResult(configuration: nil, problems: reader.problems) }

        let variables = Variables(environment: input.environment, block: root?["env"])
        let context = LoadContext(
            variables: variables, flags: input.flags, readFile: readFile, runCommand: runCommand)
        context.readsSettingVariables = input.readsSettingVariables
        let document = root?.json ?? .null
        root?.moveAliases(reporting: context)
        let configuration = decode(root, context, hasFiles: !input.files.isEmpty, mainFile, files: reader.filesRead)
        let hasErrors = context.problems.contains { $0.severity == .error }
        return ConfigResult(
            configuration: hasErrors ? nil : configuration, problems: context.problems, document: document)
    }

    /// Reads a document for the sake of what the decoder asks for.
    static func describe(_ text: String) -> LoadContext {
        var reader = DocumentReader { _ in nil }
        let root = reader.document(ConfigInput.File(path: "/catalogue.json", bytes: Array(text.utf8)))
        let context = LoadContext(variables: Variables(environment: [:], block: nil), flags: [:]) { _ in nil }
        _ = decode(root, context, hasFiles: true, nil, files: [])
        return context
    }

    private static func decode(
        _ root: ConfigNode?, _ context: LoadContext, hasFiles: Bool, _ mainFile: SourceLocation?, files: [String]
    ) -> Configuration {
        let top = Section(path: "", node: root, context: context)
        // What others refer to comes first.
        let shell = ShellEnvironment.read(top.section("env").section("shellEnv"), context: context)
        context.variables = context.variables.falling(backOn: shell)
        readSecretProviders(top.section("secrets").section("providers"), context)
        let gateway = GatewayDecoder(section: top.section("gateway"), hasFiles: hasFiles, mainFile: mainFile).decode()
        let security = security(top.section("security"))
        let acp = acp(top.section("acp"))
        let session = session(top.section("session"))
        let cron = cron(top.section("cron"))
        let messages = messages(top.section("messages"))
        let tools = tools(top.section("tools"))
        let logging = LoggingDecoder(section: top.section("logging")).decode()
        let agentsDecoder = AgentsDecoder(
            section: top.section("agents"), harnesses: HarnessSettings(top.section("plugins")))
        let defaults = agentsDecoder.defaults()
        let agents = agentsDecoder.agents(defaults)
        top.warnAboutUnknownKeys(ignoring: KeyAdvice.families)
        for (name, instead) in KeyAdvice.inventedVariables where context.variables.find(name) != nil {
            context.warn(.noEffect, name, "\(name) has no effect", remedy: "use \(instead)")
        }
        context.reportUnknownFlags()
        let defaultAgent = agents.first { $0.isDefault } ?? agents.first
        return Configuration(
            gateway: gateway, security: security, acp: acp, session: session, cron: cron, messages: messages,
            tools: tools, logging: logging,
            agentDefaults: defaults, agents: agents,
            defaultAgentID: defaultAgent?.id ?? "main", effective: context.effective,
            identities: SettingIdentities(context.identities), files: files)
    }

    private static func readSecretProviders(_ section: Section, _ context: LoadContext) {
        for member in section.node?.members ?? [] {
            let provider = section.section(member.name)
            guard provider.isPresent else { continue }
            context.secretProviders[member.name] = SecretProvider(
                member.name, provider, environment: context.variables.environment)
        }
    }

    private static func security(_ section: Section) -> SecuritySettings {
        let pairing = section.section("devicePairing")
        let settings = SecuritySettings(
            requireForExternal: pairing.bool("requireForExternal", default: true),
            skipForLoopback: pairing.bool("skipForLoopback", default: false))
        if !settings.requireForExternal {
            let path = pairing.path(of: "requireForExternal")
            section.context.warn(
                .exposed, path, "\(path) is false: unknown remote devices are let in without approval",
                at: section.context.location(of: path))
        }
        pairing.warnAboutUnknownKeys()
        section.warnAboutUnknownKeys(ignoring: ["audit", "installPolicy"])
        return settings
    }

    private static func acp(_ section: Section) -> ACPSettings {
        let settings = ACPSettings(
            enabled: section.bool("enabled", default: true), allowedAgents: section.strings("allowedAgents"),
            maxConcurrentSessions: section.optionalInteger("maxConcurrentSessions", in: 1...100_000),
            defaultAgent: section.optionalString("defaultAgent"),
            idleTime: idleTime(section.section("runtime")))
        section.warnAboutUnknownKeys(ignoring: ["dispatch", "backend", "fallbacks", "sessionLane", "stream"])
        return settings
    }

    private static func idleTime(_ section: Section) -> Duration? {
        let minutes = section.integer("ttlMinutes", default: 10, in: 0...10_080)
        section.warnAboutUnknownKeys(ignoring: ["installCommand"])
        return minutes == 0 ? nil : .seconds(minutes * 60)
    }

    private static func session(_ section: Section) -> SessionSettings {
        let agentToAgent = section.section("agentToAgent")
        let settings = SessionSettings(
            mainKey: section.string("mainKey", default: "main"), scope: section.choice("scope", default: .perSender),
            maxPingPongTurns: agentToAgent.integer("maxPingPongTurns", default: 0, in: 0...5),
            maintenance: maintenance(section.section("maintenance")))
        agentToAgent.warnAboutUnknownKeys()
        section.warnAboutUnknownKeys(ignoring: [
            "dmScope", "groupScope", "identityLinks", "reset", "resetByType", "resetByChannel", "resetTriggers",
            "idleMinutes", "heartbeatIdleMinutes", "store", "sendPolicy", "threadBindings",
            "sharing", "notifyOnCreate", "typingMode", "typingIntervalSeconds", "writeLock",
            "parentForkMaxTokens",
        ])
        return settings
    }

    private static func cron(_ section: Section) -> CronSettings {
        let runLog = section.section("runLog")
        let settings = CronSettings(
            isEnabled: section.bool("enabled", default: true),
            isSkipped: section.context.setting(Variables.Name("SKIP_CRON")).map { $0.value != "0" } ?? false,
            maxConcurrentRuns: section.integer("maxConcurrentRuns", default: 1, in: 1...100),
            skipMissedJobs: section.bool("skipMissedJobs", default: false),
            sessionRetention: section.retention("sessionRetention", default: .seconds(24 * 3600)),
            keepLines: runLog.integer("keepLines", default: 2000, in: 1...100_000))
        runLog.warnAboutUnknownKeys(ignoring: ["maxBytes"])
        section.warnAboutUnknownKeys(ignoring: [
            "store", "webhook", "webhookToken", "webhookSsrfPolicy", "triggers", "failureAlert", "retry",
        ])
        return settings
    }

    /// What else stands there is for channels, models and tools that are not here.
    private static func messages(_ section: Section) -> MessagesSettings {
        let queue = section.section("queue")
        return MessagesSettings(
            queueMode: queue.choice("mode", default: .queue), queueCap: queue.integer("cap", default: 20, in: 1...1000))
    }

    private static func tools(_ section: Section) -> ToolsSettings {
        let agentToAgent = section.section("agentToAgent")
        return ToolsSettings(
            visibility: section.section("sessions").choice("visibility", default: .all),
            agentToAgentEnabled: agentToAgent.bool("enabled", default: true),
            agentToAgentAllow: agentToAgent.strings("allow"),
            attachments: attachments(section.section("sessions_spawn").section("attachments")))
    }

    private static func attachments(_ section: Section) -> AttachmentSettings {
        let settings = AttachmentSettings(
            isEnabled: section.bool("enabled", default: false),
            maxFiles: section.integer("maxFiles", default: 50, in: 1...1000),
            maxFileBytes: section.integer("maxFileBytes", default: 1_048_576, in: 1...10_485_760),
            maxTotalBytes: section.integer("maxTotalBytes", default: 5_242_880, in: 1...15_728_640),
            isRetained: section.bool("retainOnSessionKeep", default: false))
        section.warnAboutUnknownKeys()
        return settings
    }

    private static func maintenance(_ section: Section) -> MaintenanceSettings {
        var settings = MaintenanceSettings()
        settings.mode = section.choice("mode", default: settings.mode)
        settings.maxEntries = section.integer("maxEntries", default: settings.maxEntries, in: 1...1_000_000)
        settings.pruneAfter = section.period("pruneAfter", default: settings.pruneAfter)
        settings.resetArchiveRetention = section.optionalPeriod("resetArchiveRetention", default: settings.pruneAfter)
        section.warnAboutUnknownKeys(ignoring: ["maxDiskBytes", "highWaterBytes", "rotateBytes"])
        return settings
    }
}
