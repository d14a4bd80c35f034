internal import Config
internal import Gateway
internal import Sessions
internal import Trust

extension CoreUpdate {
    /// Takes over what of a configuration needs no restart; the rest stays as the process was started.
    mutating func follow(
        _ reloaded: ReloadedConfiguration, secret: GatewayServer.SharedSecret, started: Configuration
    ) {
        let next = reloaded.configuration
        let old = policy
        policy = AdmissionPolicy(next, secret: secret.value, mode: secret.mode)
        policy.allowHostHeaderOrigin = old.allowHostHeaderOrigin
        policy.allowInsecureControlUI = old.allowInsecureControlUI
        policy.disableControlUIDeviceAuth = old.disableControlUIDeviceAuth
        policy.identity.hasTrustedProxies = !next.gateway.trustedProxies.isEmpty || started.gateway.hasProxySocket
        policy.identity.allowTailscale = next.gateway.auth.allowTailscale ?? (started.gateway.tailscale == .serve)
        rateLimit = AuthLimiter.Settings(next.gateway.auth.rateLimit)
        catalog = AgentCatalog(next, isolations: reloaded.preparations.isolations)
        mainKey = next.session.mainKey
        sessionScope = next.session.scope.rawValue
        conversation = ConversationSettings(next)
        archiveRetentionMs = next.session.maintenance.archiveRetentionMs
        let databasePath = cron.databasePath
        cron = CronCoreSettings(next)
        cron.databasePath = databasePath
        let running = effective
        effective = next.facts
        for path in reloaded.plan.restart { effective[path] = running[path] }
    }
}

extension MaintenanceSettings {
    /// Nil: for good.
    var archiveRetentionMs: Int64? { archiveRetention.map { Int64(($0 / .milliseconds(1)).rounded()) } }
}

extension Configuration {
    /// For explanations; secrets are masked.
    var facts: [String: CoreSettings.SettingFact] {
        Dictionary(
            effective.map { setting in
                (setting.path, CoreSettings.SettingFact(value: "\(setting.value)", source: "\(setting.source)"))
            }, uniquingKeysWith: { _, last in last })
    }
}

extension ReloadPlan {
    /// For every status, while something waits.
    var notice: [String] {
        restart.isEmpty
            ? [] : ["restart needed for: \(restart.joined(separator: ", "))\n  hint: sallyport gateway restart"]
    }
}
