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
    /// Descriptors kept for workers' pipes, the store and files.
    private static let reservedDescriptors = 256

    private let options: ServerOptions
    private let lock: FileLock
    private let logger: Logger
    private let control: Reactor
    private let listeners: [BoundListener]
    private let certificate: ServerTLSContext?
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
        certificate = try Self.certificate(configuration.gateway.tls, state, plan)
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
        settings.mainKey = configuration.session.mainKey
        settings.sessionScope = configuration.session.scope.rawValue
        settings.warnings = options.warnings + plan.warnings + Self.warnings(configuration)
        let core = GatewayCore(
            settings: settings, ids: Identifiers(uuid: { SecureRandom.uuid() }, token: { SecureRandom.token() }))
        host = CoreHost(
            core: core, store: store, logger: logger, clock: clock,
            maxConnections: max(descriptors - Self.reservedDescriptors, 64))
        launcher = ProcessLauncher(
            template: try Self.template(
                options, root: root.deviceID, port: listeners[0].address.port, certificate: certificate,
                secret: secret.value),
            host: host, reactor: control.handle)
        for warning in settings.warnings { logger.log(.warn, "gateway", warning) }
    }

    // MARK: - Preparations

    private static func checkSupported(_ configuration: Configuration) throws(StartFailure) {
        if configuration.gateway.mode == .remote {
            throw .configuration(
                "gateway.mode is \"remote\": this configuration only connects to a gateway elsewhere",
                hint: "set gateway: { mode: \"local\" } to serve here")
        }
        if configuration.gateway.auth.mode == .trustedProxy {
            throw .configuration(
                "gateway.auth.mode \"trusted-proxy\" is not available in this version",
                hint: "use gateway.auth.mode: \"token\"")
        }
    }

    private static func lockState(_ state: StateDirectory) throws(StartFailure) -> FileLock {
        do throws(FileError) {
            try Files.makeDirectory(state.path + "/run")
            let lock = try FileLock(state.lockFile, holder: "process \(getpid())")
            try state.prepare()
            return lock
        } catch {
            if case .locked(_, let holder) = error {
                throw .configuration(
                    "Gateway failed to start: another gateway instance uses the state directory \(state.path) (\(holder))",
                    hint: "stop it, or choose another directory with --state-dir")
            }
            throw .configuration("cannot use the state directory: \(error.description)", hint: "check its permissions")
        }
    }

    private struct SharedSecret {
        var mode: AdmissionPolicy.AuthMode
        var value: String?
        var generatedFile: String?
    }

    private static func secret(
        _ configuration: Configuration, _ state: StateDirectory
    ) throws(StartFailure) -> SharedSecret {
        let auth = configuration.gateway.auth
        switch auth.mode {
        case .none, .trustedProxy: return SharedSecret(mode: .none)
        case .password: return SharedSecret(mode: .password, value: auth.password?.value)
        case .token:
            if let token = auth.token { return SharedSecret(mode: .token, value: token.value) }
            do throws(FileError) {
                if Files.exists(state.tokenFile) {
                    let bytes = try Files.read(state.tokenFile, maxBytes: 4096)
                    let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first
                    if let text {
                        return SharedSecret(mode: .token, value: String(text), generatedFile: state.tokenFile)
                    }
                }
                let token = SecureRandom.token()
                try Files.writeAtomically(state.tokenFile, Array((token + "\n").utf8))
                return SharedSecret(mode: .token, value: token, generatedFile: state.tokenFile)
            } catch {
                throw .configuration("cannot keep the gateway's token: \(error.description)")
            }
        }
    }

    private static func certificate(
        _ tls: TLSSettings, _ state: StateDirectory, _ plan: ListenPlan
    ) throws(StartFailure) -> ServerTLSContext? {
        guard tls.enabled else { return nil }
        let certificatePath = tls.certPath ?? state.certificate
        let keyPath = tls.keyPath ?? state.privateKey
        let context: ServerTLSContext
        do throws(TLSError) {
            let certificatePEM: String
            let keyPEM: String
            if tls.autoGenerate {
                let pair = try TLSFiles.loadOrGenerate(
                    certificatePath: certificatePath, keyPath: keyPath, dnsNames: ["localhost", hostName()],
                    ipAddresses: plan.reachableAddresses, now: GatewayClock.systemMs() / 1000)
                (certificatePEM, keyPEM) = (pair.certificatePEM, pair.privateKeyPEM)
            } else {
                let pair = try TLSFiles.load(certificatePath: certificatePath, keyPath: keyPath)
                (certificatePEM, keyPEM) = (pair.certificatePEM, pair.privateKeyPEM)
            }
            context = try ServerTLSContext(certificatePEM: certificatePEM, privateKeyPEM: keyPEM)
        } catch {
            throw .configuration(
                "gateway tls: failed to load cert (\(error))",
                hint: "check \(certificatePath) and \(keyPath), or gateway.tls.certPath and gateway.tls.keyPath")
        }
        let actual = context.info.certificateSHA256Hex
        if let expected = tls.fingerprint, expected != actual {
            throw .configuration(
                "gateway.tls.fingerprint does not match the certificate: configured sha256:\(expected), "
                    + "\(certificatePath) has sha256:\(actual)",
                hint: "set gateway.tls.fingerprint to the second value if that certificate is yours, "
                    + "or put the certificate back that it belongs to")
        }
        return context
    }

    private static func template(
        _ options: ServerOptions, root: String, port: UInt16, certificate: ServerTLSContext?, secret: String?
    ) throws(StartFailure) -> ProcessLauncher.Template {
        guard let executable = Files.currentExecutable() else { throw .other("cannot find our own program file") }
        let tls = options.configuration.gateway.tls
        var bundle: String?
        let certificatePath = certificate == nil ? nil : Files.absolute(tls.certPath ?? options.state.certificate)
        if let certificatePath {
            bundle = options.state.caBundle
            do throws(FileError) {
                try CABundle.write(to: options.state.caBundle, certificatePath: certificatePath)
            } catch {
                throw .other("cannot write the certificate bundle for children: \(error.description)")
            }
        }
        return ProcessLauncher.Template(
            executable: executable, state: options.state, gatewayID: root,
            loopbackURL: "\(certificate == nil ? "ws" : "wss")://127.0.0.1:\(port)",
            pin: certificate?.info.certificateSHA256Hex, sharedToken: secret, certificatePath: certificatePath,
            caBundlePath: bundle, environment: options.environment.filter { !Self.isSecretVariable($0.key) })
    }

    /// Secrets of the gateway that no child may inherit.
    private static func isSecretVariable(_ name: String) -> Bool {
        ["_GATEWAY_TOKEN", "_GATEWAY_PASSWORD"].contains { name.hasSuffix($0) }
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        _ = unsafe gethostname(&buffer, buffer.count - 1)
        let name = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return name.isEmpty ? "localhost" : name
    }

    private static func warnings(_ configuration: Configuration) -> [String] {
        var warnings: [String] = []
        let gateway = configuration.gateway
        if !gateway.enforcePairing {
            warnings.append(
                "gateway.security.enforcePairing is false: any device with the shared secret is let in; "
                    + "for development only")
        }
        if !configuration.security.requireForExternal {
            warnings.append(
                "security.devicePairing.requireForExternal is false: remote devices with the shared secret need no pairing"
            )
        }
        if gateway.auth.mode == .none {
            warnings.append("gateway.auth.mode is \"none\": everybody on this host is let in")
        }
        return warnings
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

    // MARK: - Stopping

    private func take(_ signal: SignalSource.Signal) {
        switch signal {
        case .hangup: logger.log(.info, "gateway", "SIGHUP: nothing to reload yet; restart to apply changes")
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
