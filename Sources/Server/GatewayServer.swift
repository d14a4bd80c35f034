internal import Agents
internal import Config
internal import Crypto
internal import EventLoop
internal import Files
internal import Gateway
internal import Glibc
internal import HTTP
internal import JSON
internal import Store
internal import TLS
internal import Trust
internal import Wire

/// The gateway as a process: listeners, reactors, store, workers and signals around one core.
package final class GatewayServer {
    /// How long a stop waits for close handshakes and workers.
    private static let drainTimeout = Duration.seconds(8)
    private static let coreInterval = Duration.milliseconds(200)
    private static let watchInterval = Duration.seconds(2)
    private static let ticketKeyInterval = Duration.seconds(2 * 3600)
    /// Descriptors kept for workers' pipes, the store and files.
    private static let reservedDescriptors = 256

    private let options: ServerOptions
    private let lock: FileLock
    private let logger: Logger
    private let control: Reactor
    private let listeners: [BoundListener]
    private let certificateFiles: CertificateFiles?
    private var certificate: ServerTLSContext?
    private var watch: CertificateWatch
    private let host: CoreHost
    private let store: SQLiteStore
    private let launcher: ProcessLauncher
    private let tokenFile: String?
    private var threads: [ReactorThread] = []
    private var addresses: [CoreHost.ReactorAddress] = []
    private let onReady: @Sendable ([String]) -> Void
    private var isStopping = false

    /// Runs a gateway until it is told to stop. Call it on the main thread, with signals blocked
    /// (`SignalSource.blockBeforeThreads()`).
    ///
    /// - Parameter onReady: gets one line for each listener once connections are answered.
    package static func run(
        _ options: ServerOptions, onReady: @escaping @Sendable ([String]) -> Void
    ) throws(StartFailure) {
        let server = try GatewayServer(options, onReady: onReady)
        try server.run()
    }

    private init(_ options: ServerOptions, onReady: @escaping @Sendable ([String]) -> Void) throws(StartFailure) {
        self.options = options
        self.onReady = onReady
        let state = options.state
        let configuration = options.configuration
        try Self.checkSupported(configuration)
        lock = try Self.lockState(state)
        let clock = GatewayClock()
        let nowMs = clock.nowMs
        do throws(EventLoopError) {
            logger = try Logger()
            control = try Reactor()
        } catch {
            throw .other("cannot start: \(error.description)")
        }
        let descriptors = DescriptorLimit.raiseToMaximum()
        try? ProcessTree.becomeSubreaper()
        let secret = try Self.secret(configuration, state)
        tokenFile = secret.generatedFile
        let root: SigningIdentity
        do throws(RootIdentity.Failure) {
            root = try RootIdentity.loadOrCreate(state.rootIdentity, nowMs: nowMs)
        } catch {
            throw .configuration(error.description)
        }
        let plan = try ListenPlan.make(configuration.gateway)
        listeners = try plan.listen()
        let files = CertificateFiles(configuration.gateway.tls, state)
        certificate = try files?.loadOrGenerate(
            names: ["localhost", Self.hostName()], addresses: plan.reachableAddresses)
        if let certificate { try files?.checkFingerprint(of: certificate) }
        certificateFiles = files
        watch = CertificateWatch(loaded: files?.stamps ?? [])
        do throws(StoreError) {
            store = try SQLiteStore(path: state.database)
        } catch {
            throw .configuration("cannot open the store: \(error)")
        }
        var settings = CoreSettings(
            root: root,
            policy: AdmissionPolicy(configuration, secret: secret.value, mode: secret.mode),
            catalog: .init(configuration), serverVersion: options.version, hostName: Self.hostName(),
            stateDirectory: state.path, configPath: options.configPath, startedAtMs: nowMs)
        settings.rateLimit = AuthLimiter.Settings(configuration.gateway.auth.rateLimit)
        settings.mainKey = configuration.session.mainKey
        settings.sessionScope = configuration.session.scope.rawValue
        settings.warnings = options.warnings + plan.warnings + Self.warnings(configuration)
        let core = GatewayCore(
            settings: settings, ids: Identifiers(uuid: { SecureRandom.uuid() }, token: { SecureRandom.token() }))
        host = CoreHost(
            core: core, store: store, logger: logger, clock: clock,
            maxConnections: max(descriptors - Self.reservedDescriptors, 64),
            preauthLimit: try Self.preauthLimit(options.environment))
        launcher = ProcessLauncher(
            template: try Self.template(
                options, root: root.deviceID, port: listeners[0].address.port, files: files,
                certificate: certificate, secret: secret.value),
            host: host, reactor: control.handle)
        for warning in settings.warnings { logger.log(.warn, "gateway", warning) }
    }

    // MARK: - Running

    private func run() throws(StartFailure) {
        let count = max(1, options.reactorCount ?? ProcessorCount.available())
        let facts = ListenerFacts(
            isTLS: certificate != nil,
            trustedProxies: options.configuration.gateway.trustedProxies.compactMap { CIDR($0) },
            allowRealIPFallback: options.configuration.gateway.allowRealIPFallback, echoPath: options.echoPath,
            handshakeTimeout: options.configuration.gateway.handshakeTimeout,
            compresses: options.configuration.gateway.compression.enabled)
        defer { tearDown() }
        do throws(EventLoopError) {
            let signals = try SignalSource(on: control) { [unowned self] signal, _ in take(signal) }
            defer { signals.cancel(in: control) }
            for index in 0..<count { try startReactor(index, of: count, facts) }
            control.run()
        } catch {
            throw .other("cannot start: \(error.description)")
        }
    }

    private func tearDown() {
        for thread in threads { thread.handle.stop() }
        for thread in threads { thread.join() }
        Files.remove(options.state.runFile)
        store.close()
        logger.close()
    }

    /// Starts a reactor's thread. Its context is made there and reports back to the control reactor; when all have, the
    /// gateway is ready.
    private func startReactor(_ index: Int, of count: Int, _ facts: ListenerFacts) throws(EventLoopError) {
        let host = host
        let sockets = listeners.map(\.socket)
        // Each reactor has a context of its own: OpenSSL locks what is shared.
        let tls = index == 0 ? certificate : (try? certificate?.makeSibling()) ?? certificate
        let report = control.handle
        let server = UnownedServer(self)
        threads.append(
            try Reactor.spawnThread(name: "reactor-\(index)") { reactor in
                let context = ReactorContext(
                    index: index, reactor: reactor, host: host, facts: facts, tls: tls, listeners: sockets)
                let address = CoreHost.ReactorAddress(handle: reactor.handle, context: context)
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
        watchCertificate()
        rotateTicketKeys()
        announce()
    }

    private func restore() {
        do throws(StoreError) {
            let snapshot = try store.load(nowMs: GatewayClock.systemMs())
            options.state.sweepChildren(keeping: Set(snapshot.runs.map(\.runId)))
            host.run { core, nowMs in core.restore(snapshot, nowMs: nowMs) }
        } catch {
            logger.log(.error, "store", "cannot load: \(error)")
        }
    }

    private func advanceCore() {
        host.run { core, nowMs in core.timeAdvanced(to: nowMs) }
        _ = control.schedule(after: Self.coreInterval) { [weak self] _ in
            guard let self, !self.isStopping else { return }
            self.advanceCore()
        }
    }

    private func announce() {
        let scheme = certificate == nil ? "ws" : "wss"
        let pin = certificate.map { " pin sha256:\($0.info.certificateSHA256Hex)" } ?? ""
        let lines = listeners.map { "listening \(scheme)://\($0.address)\(pin)" }
        writeRunFile(scheme: scheme)
        let gateway = options.configuration.gateway
        let port = listeners[0].address.port
        logger.log(.info, "gateway", "Gateway started on port \(port)")
        let exempt = gateway.pairing.loopbackExempt || options.configuration.security.skipForLoopback
        logger.log(.info, "gateway", "Loopback pairing exemption: \(exempt ? "enabled" : "disabled")")
        logger.log(
            .info, "gateway", "Internal spawn bypass: \(gateway.pairing.internalSpawnBypass ? "enabled" : "disabled")")
        if let info = certificate?.info {
            logger.log(
                .info, "gateway",
                "TLS certificate sha256:\(info.certificateSHA256Hex) spki sha256:\(info.spkiSHA256Hex)")
        }
        if let tokenFile { logger.log(.info, "gateway", "the gateway's token is in \(tokenFile)") }
        host.markReady()
        onReady(lines)
    }

    private func writeRunFile(scheme: String) {
        var file = JSONObject([
            ("pid", .integer(Int64(getpid()))), ("version", .string(options.version)),
            ("url", .string("\(scheme)://127.0.0.1:\(listeners[0].address.port)")),
            ("urls", .array(listeners.map { .string("\(scheme)://\($0.address)") })),
        ])
        file["certificateSHA256"] = (certificate?.info.certificateSHA256Hex).map { .string($0) }
        file["spkiSHA256"] = (certificate?.info.spkiSHA256Hex).map { .string($0) }
        file["configPath"] = options.configPath.map { .string($0) }
        do throws(FileError) {
            let text = JSON.object(file).prettyPrinted() + "\n"
            try Files.writeAtomically(options.state.runFile, Array(text.utf8))
        } catch {
            logger.log(.warn, "gateway", error.description)
        }
    }

    // MARK: - The certificate

    /// Looks at the files every two seconds; replacing them is a few steps, so they have to be at rest first.
    private func watchCertificate() {
        guard let certificateFiles, !isStopping else { return }
        if watch.shouldReload(certificateFiles.stamps) { reloadCertificate(because: "the files changed") }
        _ = control.schedule(after: Self.watchInterval) { [weak self] _ in self?.watchCertificate() }
    }

    /// New handshakes use the pair that is there now; connections stay. A bad pair changes nothing.
    private func reloadCertificate(because reason: String) {
        guard let certificateFiles, let current = certificate else {
            logger.log(.info, "gateway", "\(reason): TLS is off, there is no certificate to reload")
            return
        }
        watch = CertificateWatch(loaded: certificateFiles.stamps)
        do throws(StartFailure) {
            let next = try certificateFiles.reload()
            guard next.info != current.info else {
                logger.log(.info, "tls", "\(reason): the certificate is the same")
                return
            }
            try certificateFiles.checkFingerprint(of: next)
            use(next, from: certificateFiles)
            logger.log(
                .info, "tls",
                "\(reason): new connections get certificate sha256:\(next.info.certificateSHA256Hex) "
                    + "spki sha256:\(next.info.spkiSHA256Hex)")
        } catch {
            logger.log(
                .error, "tls",
                "\(reason): keeping the old certificate sha256:\(current.info.certificateSHA256Hex): \(error.message); "
                    + (error.hint ?? ""))
        }
    }

    private func use(_ next: ServerTLSContext, from files: CertificateFiles) {
        certificate = next
        for address in addresses {
            guard let sibling = address.context.index == 0 ? next : try? next.makeSibling() else { continue }
            address.handle.enqueue { _ in address.context.tls = sibling }
        }
        launcher.replacePin(next.info.certificateSHA256Hex)
        do throws(FileError) {
            try CABundle.write(to: options.state.caBundle, certificatePath: files.certificatePath)
        } catch {
            logger.log(.warn, "tls", "children will not find the new certificate: \(error.description)")
        }
        writeRunFile(scheme: "wss")
        // Whoever pins the old one has to learn of the new one while it is still connected.
        host.run { core, nowMs in
            core.announcePin(
                certificateSHA256: next.info.certificateSHA256Hex, spkiSHA256: next.info.spkiSHA256Hex, nowMs: nowMs)
        }
    }

    private func rotateTicketKeys() {
        _ = control.schedule(after: Self.ticketKeyInterval) { [weak self] _ in
            guard let self, !self.isStopping else { return }
            self.certificate?.rotateTicketKeys()
            self.rotateTicketKeys()
        }
    }

    // MARK: - Stopping

    private func take(_ signal: SignalSource.Signal) {
        switch signal {
        case .hangup: reloadCertificate(because: "SIGHUP")
        case .terminate, .interrupt: stop(because: signal == .terminate ? "SIGTERM" : "SIGINT")
        }
    }

    private func stop(because reason: String) {
        guard !isStopping else { return }
        isStopping = true
        logger.log(.info, "gateway", "stopping (\(reason))")
        host.markStopping()
        for address in addresses { address.handle.enqueue { _ in address.context.stopListening() } }
        host.run { core, nowMs in core.shutDown(reason: reason, nowMs: nowMs) }
        launcher.stopAll(in: control)
        waitForDrain(until: control.now + Self.drainTimeout)
    }

    private func waitForDrain(until deadline: MonotonicInstant) {
        if (host.connectionCount == 0 && launcher.isIdle) || control.now >= deadline {
            control.stop()
            return
        }
        _ = control.schedule(after: .milliseconds(20)) { [weak self] _ in self?.waitForDrain(until: deadline) }
    }
}

/// Lets a closure that runs on the control reactor's thread, where the server lives, carry the server.
private struct UnownedServer: @unchecked Sendable {
    unowned let value: GatewayServer

    init(_ value: GatewayServer) {
        self.value = value
    }
}
