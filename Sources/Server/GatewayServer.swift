internal import Agents
internal import Config
internal import Crypto
internal import EventLoop
internal import Files
internal import Gateway
internal import Glibc
internal import HTTP
internal import JSON
internal import Sessions
internal import Store
internal import TLS
internal import Trust
internal import Wire

/// The gateway as a process: listeners, reactors, store, workers and signals around one core.
package final class GatewayServer {
    /// How long a stop waits for close handshakes and workers.
    private static let drainTimeout = Duration.seconds(8)
    /// The same for a restart, during which whoever connects has to wait.
    private static let handoverTimeout = Duration.seconds(3)
    private static let coreInterval = Duration.milliseconds(200)
    /// Descriptors kept for workers' pipes, the store and files.
    private static let reservedDescriptors = 256

    let options: ServerOptions
    let lock: FileLock
    let logger: Logger
    let control: Reactor
    let listeners: [BoundListener]
    var trust: ProxyTrust
    private let bridgeGateways: Set<IPAddress>
    let hostAddresses = HostAddresses()
    /// Nil without TLS.
    private let certificates: CertificateKeeper?
    let host: CoreHost
    private let store: SQLiteStore
    private let zones: ZoneDirectory
    let launcher: ProcessLauncher
    private let directories: RunDirectories
    private let tokenFile: String?
    var secret: SharedSecret
    /// What the core was last given.
    var settings: CoreSettings
    /// Warnings that do not come from the configuration.
    let surroundings: [String]
    let configuration: ConfigKeeper?
    private var threads: [ReactorThread] = []
    private(set) var addresses: [CoreHost.ReactorAddress] = []
    private let startedAtMs: Int64
    private let onReady: @Sendable ([String]) -> Void
    var isStopping = false
    /// Whether a successor takes our place in the same process.
    private var isRestarting = false
    let notifier: ServiceNotifier
    let metrics: ServerMetrics
    /// What the store held at the start, until the core has it.
    private var snapshot: StoreSnapshot?

    /// Runs a gateway until it is told to stop. Call it on the main thread, with signals blocked
    /// (`SignalSource.blockBeforeThreads()`).
    ///
    /// - Parameter onReady: gets one line for each listener once connections are answered.
    package static func run(
        _ options: ServerOptions, onReady: @escaping @Sendable ([String]) -> Void
    ) throws(StartFailure) {
        let server = try GatewayServer(options, onReady: onReady)
        try server.run()
        if server.isRestarting { throw server.succeed(server.launcher.release()) }
    }

    private init(_ options: ServerOptions, onReady: @escaping @Sendable ([String]) -> Void) throws(StartFailure) {
        self.options = options
        self.onReady = onReady
        let state = options.state
        let configuration = options.configuration
        try Self.checkSupported(configuration)
        let handover = Handover(environment: options.environment)
        let inherited = InheritedSockets(environment: options.environment, handover: handover)
        metrics = ServerMetrics(
            reactors: max(1, options.reactorCount ?? ProcessorCount.available()),
            isPublic: configuration.gateway.metricsAccess == .anybody)
        notifier = ServiceNotifier(environment: options.environment)
        lock = try Self.lockState(state, handover)
        let clock = GatewayClock()
        let nowMs = clock.nowMs
        startedAtMs = nowMs
        logger = try Logger(configuration.logging)
        do throws(EventLoopError) {
            control = try Reactor()
        } catch {
            throw StartFailure(.hostResources, "cannot start: \(error.description)")
        }
        let isolation = try IsolationPlan(configuration, environment: options.environment)
        let descriptors = DescriptorLimit.raiseToMaximum()
        try? ProcessTree.becomeSubreaper()
        secret = try Self.secret(configuration, state)
        tokenFile = secret.generatedFile
        if let text = secret.value { logger.hide(Secret(text)) }
        let root: SigningIdentity
        do throws(RootIdentity.Failure) {
            root = try RootIdentity.loadOrCreate(state.rootIdentity, nowMs: nowMs)
        } catch {
            throw StartFailure(.gatewayIdentity, error.description)
        }
        trust = try Self.trust(configuration.gateway)
        let bridges = NetworkPosition.bridgeGateways()
        try Self.check(configuration.gateway.trustedProxies, trust, against: bridges)
        bridgeGateways = bridges.addresses
        hostAddresses.refresh()
        let plan = try ListenPlan.make(configuration.gateway, ownerSocket: state.ownerSocket)
        var leftOut: [String] = []
        listeners = try plan.listen(inherited) { leftOut.append($0) }
        leftOut += inherited.closeRest()
        certificates = try Self.certificates(configuration, state, logger, plan)
        do throws(StoreError) {
            store = try SQLiteStore(path: state.database)
        } catch {
            throw StartFailure(.storeUnusable, "cannot open the store: \(error)")
        }
        directories = RunDirectories(state, gatewayID: root.deviceID, environment: options.environment)
        if isolation.needsSharedDirectory { try directories.prepareShared() }
        var settings = CoreSettings(
            root: root,
            policy: AdmissionPolicy(configuration, secret: secret.value, mode: secret.mode),
            catalog: .init(configuration, isolations: isolation.isolations), serverVersion: options.version,
            hostName: Self.hostName(),
            stateDirectory: state.path, configPath: options.configPath, startedAtMs: nowMs)
        settings.rateLimit = AuthLimiter.Settings(configuration.gateway.auth.rateLimit)
        settings.effective = configuration.facts
        settings.position = Self.position(trust: trust, hostAddresses)
        settings.mainKey = configuration.session.mainKey
        settings.archiveRetentionMs = configuration.session.maintenance.archiveRetentionMs
        settings.sessionScope = configuration.session.scope.rawValue
        zones = ZoneDirectory(environment: options.environment)
        let hostZone = zones.host()
        settings.cron = CronCoreSettings(configuration)
        settings.cron.databasePath = state.database
        settings.cron.hostZone = hostZone.rules
        settings.conversation = ConversationSettings(configuration)
        let notices = PolicyNotice.notices(configuration)
        surroundings = plan.warnings + leftOut + (certificates?.warning.map { [$0] } ?? [])
        settings.warnings =
            options.warnings + notices.filter { $0.weight == .warning }.map(\.text) + surroundings
            + isolation.warnings(configuration, state)
        self.settings = settings
        let core = GatewayCore(
            settings: settings, ids: Identifiers(uuid: { SecureRandom.uuid() }, token: { SecureRandom.token() }))
        host = CoreHost(
            core: core, store: store, logger: logger, clock: clock, zones: zones,
            maxConnections: max(descriptors - Self.reservedDescriptors, 64),
            preauthLimit: try Self.preauthLimit(options.environment), metrics: metrics)
        launcher = ProcessLauncher(
            template: try Self.template(
                options, root: root.deviceID, port: listeners[0].address.port, pins: certificates?.pins ?? [],
                secret: secret.value, directories),
            host: host, reactor: control.handle)
        launcher.adopt(handover.workers)
        let server = control.handle
        let unowned = ServerReference()
        let log = logger
        let prepare = Self.preparing(options.environment, state, directories)
        self.configuration = options.configSource.map { source in
            ConfigKeeper(source, started: configuration, logger: log, prepare: prepare) { reloaded, done in
                server.enqueue { _ in
                    unowned.value?.take(reloaded)
                    done()
                }
            }
        }
        unowned.value = self
        certificates?.delegate = self
        if let why = hostZone.why { logger.log(.warn, "cron", "\(why): jobs without a time zone follow UTC") }
        for warning in settings.warnings { logger.log(.warn, "gateway", warning) }
        for line in isolation.facts(configuration) { logger.log(.info, "gateway", line) }
        for notice in notices where notice.weight == .information { logger.log(.info, "gateway", notice.text) }
    }

    // MARK: - Running

    private func run() throws(StartFailure) {
        let count = metrics.reactors.count
        var facts = ListenerFacts(
            trust: trust, bridgeGateways: bridgeGateways,
            basePath: options.configuration.gateway.controlUI.basePath, echoPath: options.echoPath,
            handshakeTimeout: options.configuration.gateway.handshakeTimeout,
            compresses: options.configuration.gateway.compression.enabled,
            requiresClientCertificate: options.configuration.gateway.tls.requiresClientCertificate)
        facts.hostAddresses = hostAddresses
        facts.requiresAttribution = options.configuration.gateway.auth.mode == .trustedProxy
        let listenerFacts = facts.following(settings.policy.identity, options.environment)
        defer { tearDown() }
        snapshot = try Self.load(store)
        do throws(EventLoopError) {
            let signals = try SignalSource(on: control) { [unowned self] signal, _ in take(signal) }
            defer { signals.cancel(in: control) }
            for index in 0..<count { try startReactor(index, of: count, listenerFacts) }
            control.run()
        } catch {
            throw StartFailure(.hostResources, "cannot start: \(error.description)")
        }
    }

    private func tearDown() {
        configuration?.stop()
        for thread in threads { thread.handle.stop() }
        for thread in threads { thread.join() }
        if !isRestarting {
            Files.remove(options.state.runFile)
            ListenPlan.remove(listeners)
        }
        host.streamLogs.close()
        store.close()
        logger.close()
    }

    /// Starts a reactor's thread. Its context is made there and reports back to the control reactor; when all have, the
    /// gateway is ready.
    private func startReactor(_ index: Int, of count: Int, _ facts: ListenerFacts) throws(EventLoopError) {
        let host = host
        let listeners = listeners
        // Each reactor has a context of its own: OpenSSL locks what is shared.
        let certificate = certificates?.current
        let tls = index == 0 ? certificate : (try? certificate?.makeSibling()) ?? certificate
        let report = control.handle
        let server = UnownedServer(self)
        threads.append(
            try Reactor.spawnThread(name: "reactor-\(index)") { reactor in
                let context = ReactorContext(
                    index: index, reactor: reactor, host: host, facts: facts, tls: tls, listeners: listeners)
                let address = CoreHost.ReactorAddress(
                    handle: reactor.handle, context: context, inbox: context.inbox)
                report.enqueue { _ in server.value.reactorStarted(address, of: count) }
            })
    }

    private func reactorStarted(_ address: CoreHost.ReactorAddress, of count: Int) {
        addresses.append(address)
        guard addresses.count == count else { return }
        addresses.sort { $0.context.index < $1.context.index }
        host.attach(addresses, launcher: launcher)
        restore()
        for address in addresses {
            let host = host
            address.handle.enqueue { _ in
                do throws(EventLoopError) {
                    try address.context.start()
                } catch {
                    host.logger.log(.error, "gateway", "cannot listen: \(error.description)")
                }
            }
        }
        advanceCore()
        watchHostAddresses()
        certificates?.start(in: control)
        startConfiguration()
        announce()
        watchReactors()
    }

    private func restore() {
        guard let snapshot else { return }
        self.snapshot = nil
        var rules: [String: TimeZoneRules] = [:]
        for name in Set(snapshot.cronJobs.compactMap(\.timeZone)) {
            switch zones.read(name) {
            case .success(let found): rules[name] = found
            case .failure(let failure): logger.log(.error, "cron", "\(failure.message): \(failure.remedy)")
            }
        }
        let known = rules
        host.run { core, nowMs in core.restore(snapshot, zones: known, nowMs: nowMs) }
    }

    private func advanceCore() {
        host.run { core, nowMs in core.timeAdvanced(to: nowMs) }
        _ = control.schedule(after: Self.coreInterval) { [weak self] _ in
            guard let self, !self.isStopping else { return }
            self.advanceCore()
        }
    }

    private func watchHostAddresses() {
        _ = control.schedule(after: HostAddresses.refreshInterval) { [weak self] _ in
            guard let self, !self.isStopping else { return }
            self.hostAddresses.refresh()
            self.listenOnTailnetOnceThere()
            self.watchHostAddresses()
        }
    }

    /// A daemon that starts with us, in a container beside us or at the boot, has its address only after a while.
    private func listenOnTailnetOnceThere() {
        let isMissing = !listeners.contains { ListenPlan.isTailnet($0.address) }
        guard options.configuration.gateway.bind == .tailnet, isMissing, ListenPlan.hasTailnetAddress,
            refusesRestart() == nil
        else { return }
        logger.log(.info, "gateway", "an interface has a tailnet address now: restarting to listen on it")
        stop(because: "restart", restarts: true)
    }

    private func announce() {
        let info = certificates?.current.info
        let pin = info.map { " pin sha256:\($0.certificateSHA256Hex)" } ?? ""
        let lines = publicListeners.map { listener in
            "listening \(listener.url)\(listener.traits.isTLS ? pin : "")"
                + (listener.traits.requiresProxyHeader ? " proxy-protocol=required" : "")
        }
        writeRunFile()
        let gateway = options.configuration.gateway
        let port = listeners[0].address.port
        logger.log(.info, "gateway", "Gateway started on port \(port)")
        let exempt = gateway.pairing.loopbackExempt || options.configuration.security.skipForLoopback
        logger.log(.info, "gateway", "Loopback pairing exemption: \(exempt ? "enabled" : "disabled")")
        logger.log(
            .info, "gateway", "Internal spawn bypass: \(gateway.pairing.internalSpawnBypass ? "enabled" : "disabled")")
        if let info {
            logger.log(
                .info, "gateway",
                "TLS certificate sha256:\(info.certificateSHA256Hex) spki sha256:\(info.spkiSHA256Hex)")
        }
        if let tokenFile { logger.log(.info, "gateway", "the gateway's token is in \(tokenFile)") }
        StartupCode.release()
        host.markReady()
        notifier.ready(lines.joined(separator: ", "))
        onReady(lines)
    }

    private var publicListeners: [BoundListener] { listeners.filter { $0.traits.kind != .ownerSocket } }

    private func writeRunFile() {
        let scheme = certificates == nil ? "ws" : "wss"
        var file = JSONObject([
            ("pid", .integer(Int64(getpid()))), ("version", .string(options.version)),
            ("url", .string("\(scheme)://127.0.0.1:\(listeners[0].address.port)")),
            ("urls", .array(publicListeners.map { .string($0.url) })), ("startedAtMs", .integer(startedAtMs)),
        ])
        if let served = certificates?.served {
            file["certificateSHA256"] = .string(served.current.certificateSHA256)
            file["spkiSHA256"] = .string(served.current.spkiSHA256)
            file["nextCertificateSHA256"] = (served.next?.certificateSHA256).map { .string($0) }
            file["nextSpkiSHA256"] = (served.next?.spkiSHA256).map { .string($0) }
            file["nextEffectiveAtMs"] = served.effectiveAtMs.map { .integer($0) }
        }
        file["ownerSocket"] = listeners.first { $0.traits.kind == .ownerSocket }?.address.path.map { .string($0) }
        file["configPath"] = options.configPath.map { .string($0) }
        do throws(FileError) {
            let text = JSON.object(file).prettyPrinted() + "\n"
            try Files.writeAtomically(options.state.runFile, Array(text.utf8))
        } catch {
            logger.log(.warn, "gateway", error.description)
        }
    }

    // MARK: - Stopping

    private func take(_ signal: SignalSource.Signal) {
        switch signal {
        case .hangup:
            notifier.reloading()
            logger.reopen()
            defer { notifier.ready("Reloaded") }
            configuration?.look(because: "SIGHUP")
            guard let certificates else {
                logger.log(.info, "gateway", "SIGHUP: TLS is off, there is no certificate to reload")
                return
            }
            certificates.look(because: "SIGHUP")
        case .terminate, .interrupt: stop(because: signal == .terminate ? "SIGTERM" : "SIGINT")
        case .user1:
            if let why = refusesRestart() {
                logger.log(.error, "gateway", "restart refused, this gateway goes on: \(why)")
            } else {
                stop(because: "restart", restarts: true)
            }
        }
    }

    /// - Parameter restarts: whoever connects from now on waits for the successor, and workers go on without us.
    private func stop(because reason: String, restarts: Bool = false) {
        guard !isStopping else { return }
        isStopping = true
        isRestarting = restarts
        logger.log(.info, "gateway", restarts ? "restarting" : "stopping (\(reason))")
        if restarts { notifier.reloading() } else { notifier.stopping() }
        host.markStopping()
        // Whoever comes now is told at once that nobody is there.
        if !restarts { ListenPlan.remove(listeners) }
        for address in addresses { address.handle.enqueue { _ in address.context.stopListening() } }
        host.run { core, nowMs in core.shutDown(reason: reason, restarts: restarts, nowMs: nowMs) }
        if restarts { launcher.startNoMore() } else { launcher.stopAll(in: control) }
        waitForDrain(until: control.now + (restarts ? Self.handoverTimeout : Self.drainTimeout))
    }

    private func waitForDrain(until deadline: MonotonicInstant) {
        if (host.connectionCount == 0 && (launcher.isIdle || isRestarting)) || control.now >= deadline {
            control.stop()
            return
        }
        _ = control.schedule(after: .milliseconds(20)) { [weak self] _ in self?.waitForDrain(until: deadline) }
    }
}

extension GatewayServer: CertificateKeeperDelegate {
    var reactorCount: Int { addresses.count }

    func install(_ contexts: [ServerTLSContext]) {
        for (address, context) in zip(addresses, contexts) {
            address.handle.enqueue { _ in address.context.tls = context }
        }
    }

    func certificateChanged(_ served: ServedCertificate) {
        launcher.replacePins(certificates?.pins ?? [])
        // Before that, the file would say that we answer.
        if host.isReady { writeRunFile() }
        // Whoever pins the old one has to learn of the new one while it is still connected.
        host.run { core, nowMs in core.certificateChanged(served, nowMs: nowMs) }
    }
}

/// Lets a closure carry the server before that is made. Touched on the control reactor's thread only.
private final class ServerReference: @unchecked Sendable {
    weak var value: GatewayServer?
}

/// Lets a closure that runs on the control reactor's thread, where the server lives, carry the server.
private struct UnownedServer: @unchecked Sendable {
    unowned let value: GatewayServer

    init(_ value: GatewayServer) {
        self.value = value
    }
}
