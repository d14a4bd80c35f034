internal import Config
internal import Crypto
internal import Gateway
internal import Sessions
internal import Trust
internal import Wire

extension AdmissionPolicy {
    init(_ configuration: Configuration, secret: String?, mode: AuthMode) {
        self.init(authMode: mode, secretDigest: secret.map { SHA256.digest(Array($0.utf8)) })
        let gateway = configuration.gateway
        autoApproveLocal = gateway.nodePairing.autoApproveLocal
        loopbackExempt = gateway.pairing.loopbackExempt || configuration.security.skipForLoopback
        internalSpawnBypass = gateway.pairing.internalSpawnBypass
        enforcePairing = gateway.enforcePairing
        requireForExternal = configuration.security.requireForExternal
        allowedOrigins = gateway.controlUI.allowedOrigins
        allowHostHeaderOrigin = gateway.controlUI.dangerouslyAllowHostHeaderOriginFallback
        allowInsecureControlUI = gateway.controlUI.allowInsecureAuth
        disableControlUIDeviceAuth = gateway.controlUI.dangerouslyDisableDeviceAuth
        secretGeneration = secret.map { SHA256.digest(Array("\(mode.rawValue)\u{0}\($0)".utf8)) }.map { digest in
            digest.prefix(8).reduce(0) { $0 << 8 | Int64($1) } & .max
        }
        let proxy = gateway.auth.trustedProxy
        identity = ProxyIdentityPolicy(
            userHeader: mode == .trustedProxy ? proxy.userHeader?.lowercased() : nil,
            requiredHeaders: mode == .trustedProxy ? proxy.requiredHeaders.map { $0.lowercased() } : [],
            allowUsers: proxy.allowUsers, allowLoopback: proxy.allowLoopback,
            // Whoever opens a Unix socket for proxies trusts them.
            hasTrustedProxies: !gateway.trustedProxies.isEmpty || gateway.hasProxySocket,
            allowTailscale: gateway.auth.allowTailscale ?? (gateway.tailscale == .serve),
            identityScopes: IdentityScopes(gateway.auth.identityScopes),
            autoApproveScopes: mode == .trustedProxy ? proxy.deviceAutoApprove.map { ScopeSet($0) } : nil)
        onRotate = gateway.auth.onRotate == .continue ? .continue : .close
        maxSpawnDepth = configuration.agentDefaults.subagents.maxSpawnDepth
    }
}

extension AuthLimiter.Settings {
    init(_ settings: GatewayAuthSettings.RateLimit) {
        func milliseconds(_ duration: Duration) -> Int64 {
            duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        }
        self.init(
            maxAttempts: settings.maxAttempts, windowMs: milliseconds(settings.window),
            lockoutMs: milliseconds(settings.lockout), exemptsLoopback: settings.exemptLoopback)
    }
}

extension AgentCatalog {
    /// - Parameter isolations: of the agents by their ids.
    init(_ configuration: Configuration, isolations: [String: Isolation]) {
        self.init(
            agents: configuration.agents.map { AgentDefinition($0, isolations[$0.id] ?? Isolation()) },
            defaultAgentID: configuration.defaultAgentID,
            fallbackLimits: SpawnLimits(configuration.agentDefaults.subagents), acp: ACPPolicy(configuration.acp))
    }
}

extension ACPPolicy {
    fileprivate init(_ settings: ACPSettings) {
        self.init()
        isEnabled = settings.enabled
        allowedAgents = settings.allowedAgents
        defaultAgent = settings.defaultAgent
        maxConcurrentSessions = settings.maxConcurrentSessions
        idleMs = (settings.idleTime?.components.seconds ?? 0) * 1000
    }
}

extension AgentDefinition {
    fileprivate init(_ agent: AgentSettings, _ isolation: Isolation) {
        self.init(
            id: agent.id, name: agent.name,
            exec: agent.exec.map { exec in
                Exec(command: exec.command, stdin: exec.standardInput == .task ? .task : .none)
            },
            acp: agent.acp.map { acp in
                ACP(command: acp.command, workingDirectory: acp.cwd, permissionMode: acp.permissionMode.rawValue)
            },
            workingDirectory: agent.cwd ?? agent.workspace, environment: agent.environment,
            isolation: isolation, limits: SpawnLimits(agent.subagents), pool: agent.pool, isLocal: agent.isLocal)
    }
}

extension SpawnLimits {
    fileprivate init(_ settings: SubagentSettings) {
        self.init()
        maxConcurrent = settings.maxConcurrent
        maxSpawnDepth = settings.maxSpawnDepth
        maxChildrenPerAgent = settings.maxChildrenPerAgent
        allowAgents = settings.allowAgents
        requireAgentID = settings.requireAgentID
        allowSelf = settings.allowSelf
        archiveAfterMinutes = settings.archiveAfter.map { Int($0.components.seconds / 60) } ?? 0
        runTimeoutSeconds = settings.runTimeout.map { Int($0.components.seconds) } ?? 0
        func milliseconds(_ duration: Duration) -> Int64 {
            duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        }
        spawnTimeoutMs = milliseconds(settings.spawnTimeout)
        workerLeaseMs = milliseconds(settings.workerLease)
        workerGraceMs = milliseconds(settings.workerGrace)
        recovery =
            switch settings.onWorkerLost {
            case .end: .end
            case .restart: .restart
            case .resume: .resume
            }
        maxRestarts = settings.maxRestarts
        announceTimeoutSeconds = Int(max(1, settings.announceTimeout.components.seconds))
        gatewayURL = settings.gatewayURL
        credential = settings.credential == .inherit ? .inherit : .runToken
        scopes = settings.scopes
    }
}

extension CronCoreSettings {
    init(_ configuration: Configuration) {
        self.init()
        let cron = configuration.cron
        table.isEnabled = cron.isEnabled && !cron.isSkipped
        table.maxConcurrentRuns = cron.maxConcurrentRuns
        table.skipMissedJobs = cron.skipMissedJobs
        sessionRetentionMs = cron.sessionRetention.map { $0.components.seconds * 1000 }
        keepRuns = cron.keepLines
    }
}

extension ConversationSettings {
    init(_ configuration: Configuration) {
        self.init()
        whenBusy =
            switch configuration.messages.queueMode {
            case .queue, .followup, .collect, .steer, .steerBacklog: .queue
            case .interrupt: .interrupt
            case .reject: .reject
            }
        maxQueued = configuration.messages.queueCap
        visibility =
            switch configuration.tools.visibility {
            case .ownSession: .ownSession
            case .tree: .tree
            case .agent: .agent
            case .all: .all
            }
        agentToAgent.isEnabled = configuration.tools.agentToAgentEnabled
        agentToAgent.allow = configuration.tools.agentToAgentAllow
        agentToAgent.maxPingPongTurns = configuration.session.maxPingPongTurns
        attachments.isEnabled = configuration.tools.attachments.isEnabled
        attachments.maxFiles = configuration.tools.attachments.maxFiles
        attachments.maxFileBytes = configuration.tools.attachments.maxFileBytes
        attachments.maxTotalBytes = configuration.tools.attachments.maxTotalBytes
        attachments.isRetained = configuration.tools.attachments.isRetained
        maxSessions = configuration.session.maintenance.maxEntries
        archivesOldest = configuration.session.maintenance.mode == .enforce
    }
}
