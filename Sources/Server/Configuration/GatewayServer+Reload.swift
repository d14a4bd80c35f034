internal import Config
internal import EventLoop
internal import Gateway
internal import Trust

/// A configuration that changes while the gateway runs.
extension GatewayServer {
    func startConfiguration() {
        guard let configuration else { return }
        do throws(EventLoopError) {
            try configuration.start()
            host.attach(configuration)
        } catch {
            logger.log(.error, "config", "the configuration is not watched: \(error)")
        }
    }

    /// Looks for what a start would be refused for, too. It may run programs: on the configuration's thread.
    static func preparing(
        _ environment: [String: String], _ state: StateDirectory, _ directories: RunDirectories
    ) -> ConfigKeeper.Prepare {
        { configuration in
            do throws(StartFailure) {
                let trust = try GatewayServer.trust(configuration.gateway)
                try GatewayServer.check(
                    configuration.gateway.trustedProxies, trust, against: NetworkPosition.bridgeGateways())
                let plan = try IsolationPlan(configuration, environment: environment)
                if plan.needsSharedDirectory { try directories.prepareShared() }
                return .success(
                    ReloadPreparations(
                        trust: trust, isolations: plan.isolations, warnings: plan.warnings(configuration, state)))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Makes it the running one, as far as the plan says. On the control reactor's thread.
    func take(_ reloaded: ReloadedConfiguration) {
        guard !isStopping else { return }
        let next = reloaded.configuration
        do throws(StartFailure) {
            let secret =
                reloaded.plan.restart.contains("gateway.auth.mode") ? secret : try Self.secret(next, options.state)
            if next.gateway.reload.mode != .restart { (trust, self.secret) = (reloaded.preparations.trust, secret) }
        } catch {
            return logger.log(.error, "config", "config reload skipped", error)
        }
        var update = CoreUpdate(settings)
        if next.gateway.reload.mode != .restart {
            update.follow(reloaded, secret: secret, started: options.configuration)
            update.position = Self.position(trust: trust, hostAddresses)
        }
        let notices = PolicyNotice.notices(next)
        update.changedPaths = reloaded.plan.applied
        update.restartPaths = reloaded.plan.restart
        update.warnings =
            reloaded.warnings + notices.filter { $0.weight == .warning }.map(\.text) + surroundings
            + reloaded.preparations.warnings + reloaded.plan.notice
        for notice in notices where !PolicyNotice.notices(options.configuration).contains(notice) {
            logger.log(notice.weight == .warning ? .warn : .info, "gateway", notice.text)
        }
        settings.take(update)
        if let text = secret.value { logger.hide(Secret(text)) }
        launcher.replaceSecret(secret.value)
        updateReactors()
        let change = update
        host.run { core, nowMs in core.reconfigure(change, nowMs: nowMs) }
    }

    private func updateReactors() {
        let (trust, identity, environment) = (trust, settings.policy.identity, options.environment)
        for address in addresses {
            address.handle.enqueue { _ in
                address.context.facts.trust = trust
                address.context.facts = address.context.facts.following(identity, environment)
            }
        }
    }
}
