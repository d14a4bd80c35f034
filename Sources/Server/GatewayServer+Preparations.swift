internal import Config
internal import Crypto
internal import Files
internal import Gateway
internal import Glibc
internal import HTTP
internal import Store
internal import TLS
internal import Trust

/// What is decided and made before the first connection.
extension GatewayServer {
    static func checkSupported(_ configuration: Configuration) throws(StartFailure) {
        if configuration.gateway.mode == .remote {
            throw StartFailure(
                .servesElsewhere,
                "gateway.mode is \"remote\": this configuration only connects to a gateway elsewhere",
                hint: "set gateway: { mode: \"local\" } to serve here")
        }
    }

    static func trust(_ settings: GatewaySettings) throws(StartFailure) -> ProxyTrust {
        var proxies: [CIDR] = []
        for text in settings.trustedProxies {
            // The configuration has been checked; what both do not read alike must not get lost.
            guard let range = CIDR(text) else {
                throw StartFailure(
                    .proxyRange,
                    "gateway.trustedProxies: \"\(text)\" is no address and no range",
                    hint: "write an IP address, or a range such as 10.0.0.0/8")
            }
            proxies.append(range)
        }
        return ProxyTrust(proxies: proxies, allowRealIPFallback: settings.allowRealIPFallback)
    }

    static func check(
        _ written: [String], _ trust: ProxyTrust, against bridges: BridgeGateways
    ) throws(StartFailure) {
        guard let conflict = bridges.conflict(with: trust.proxies) else { return }
        throw BridgeGateways.refusal(written[conflict.index], conflict.lent)
    }

    /// What a connection from an address would be taken for, for dry runs.
    static func position(
        trust: ProxyTrust, _ host: HostAddresses
    ) -> @Sendable (DryRun.Position) -> TransportFacts {
        { position in
            let address = position.listener == .network ? IPAddress(position.from) : nil
            var source = ConnectionSource(
                peer: address.map(ConnectionSource.Peer.internet) ?? .unix,
                isProxyListener: position.listener == .unix, trust: trust)
            if let client = position.relayedFor, source.isTrustedProxy {
                source.take(relayedFor: IPAddress(client))
            }
            let mayNameUsers = source.mayNameUsers
            var fields = "GET / HTTP/1.0\r\n"
            if let forwarded = position.forwardedFor { fields += "X-Forwarded-For: \(forwarded)\r\n" }
            var parser = RequestHeadParser()
            let head = try? parser.parse(Array((fields + "\r\n").utf8).span)?.head
            let request = head.map { source.attribute($0, trust: trust) }
            let client = request?.client.address
            return TransportFacts(
                isDirectLocal: request?.isDirectLocal ?? false,
                hasForwardingHeaders: request?.hasForwardingHeaders ?? false,
                peerIsTrustedProxy: source.isTrustedProxy, peerIsLoopback: address?.isLoopback ?? false,
                peerIsThisHost: address.map { $0.isLoopback ? true : host.contains($0) } ?? false,
                headers: mayNameUsers ? position.headers : [:], isOwnerSocket: position.listener == .owner,
                isTLS: position.isTLS, peer: address == nil ? "unix" : position.from,
                clientAddress: client?.description,
                clientNetwork: client?.subscriber.description, origin: position.origin, host: position.host)
        }
    }

    static func preauthLimit(_ environment: [String: String]) throws(StartFailure) -> Int {
        let name = PreauthBudget.limitVariable
        guard let text = environment[name], !text.isEmpty else { return PreauthBudget.defaultLimit }
        guard let limit = Int(text), limit >= 1 else {
            throw StartFailure(
                .preauthLimit,
                "\(name) must be an integer of at least 1, not \"\(text)\"",
                hint: "unset it for the default, \(PreauthBudget.defaultLimit)")
        }
        return limit
    }

    static func checkIsPrivate(_ state: StateDirectory) throws(StartFailure) {
        for directory in [state.path, state.path + "/run"] where Files.exists(directory) && !Files.isPrivate(directory)
        {
            throw StartFailure(
                .stateShared,
                "the state directory \(directory) belongs to, or can be written by, other users",
                hint: "own it and take that away: chmod o-w \(directory), or choose another with --state-dir")
        }
    }

    static func lockState(_ state: StateDirectory, _ handover: Handover) throws(StartFailure) -> FileLock {
        try checkIsPrivate(state)
        do throws(FileError) {
            try Files.makeDirectory(state.path + "/run")
            let lock: FileLock
            if let inherited = handover.lock {
                lock = try FileLock(adopting: inherited, of: state.lockFile)
            } else {
                lock = try FileLock(state.lockFile, holder: "process \(getpid())")
            }
            try state.prepare()
            return lock
        } catch {
            if case .locked(_, let holder) = error {
                throw StartFailure(
                    .stateInUse,
                    "Gateway failed to start: another gateway instance uses the state directory \(state.path) (\(holder))",
                    hint: "stop it, or choose another directory with --state-dir")
            }
            throw StartFailure(.stateUnusable, "cannot use the state directory: \(error.description)")
        }
    }

    struct SharedSecret {
        var mode: AdmissionPolicy.AuthMode
        var value: String?
        var generatedFile: String?
    }

    static func secret(
        _ configuration: Configuration, _ state: StateDirectory
    ) throws(StartFailure) -> SharedSecret {
        let auth = configuration.gateway.auth
        switch auth.mode {
        case .none: return SharedSecret(mode: .none)
        case .trustedProxy: return SharedSecret(mode: .trustedProxy, value: auth.password?.value)
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
                throw StartFailure(.tokenFile, "cannot keep the gateway's token: \(error.description)")
            }
        }
    }

    /// Nil when TLS is off.
    static func certificates(
        _ configuration: Configuration, _ state: StateDirectory, _ logger: Logger, _ plan: ListenPlan
    ) throws(StartFailure) -> CertificateKeeper? {
        guard let files = CertificateFiles(configuration.gateway.tls, state) else { return nil }
        return try CertificateKeeper(
            files, state, logger, names: ["localhost", hostName()], addresses: plan.reachableAddresses,
            wanted: configuration.gateway.tls)
    }

    static func template(
        _ options: ServerOptions, root: String, port: UInt16, pins: [String], secret: String?,
        _ directories: RunDirectories
    ) throws(StartFailure) -> ProcessLauncher.Template {
        guard let executable = Files.currentExecutable() else {
            throw StartFailure(.ownProgram, "cannot find our own program file")
        }
        return ProcessLauncher.Template(
            executable: executable, directories: directories, hidden: hidden(options), gatewayID: root,
            loopbackURL: "\(pins.isEmpty ? "ws" : "wss")://127.0.0.1:\(port)",
            pins: pins, sharedToken: secret,
            certificatePath: pins.isEmpty ? nil : options.state.ownCertificates,
            caBundlePath: pins.isEmpty ? nil : options.state.caBundle,
            environment: options.environment.filter { !Self.isSecretVariable($0.key) })
    }

    /// What isolated commands must not reach: keys, the store, the owner socket, and the secrets of the configuration.
    private static func hidden(_ options: ServerOptions) -> [String] {
        let tls = options.configuration.gateway.tls
        return [options.state.path] + (options.configPath.map { [$0] } ?? []) + options.configuration.files
            + [tls.keyPath].compactMap(\.self)
    }

    /// Without what it knows, a gateway would take its devices for strangers and its runs for ended.
    static func load(_ store: SQLiteStore) throws(StartFailure) -> StoreSnapshot {
        do throws(StoreError) {
            return try store.load(nowMs: GatewayClock.systemMs())
        } catch {
            throw StartFailure(.storeUnusable, "cannot read the store: \(error)")
        }
    }

    /// Secrets of the gateway, and what its service manager told it, that no child may inherit.
    private static func isSecretVariable(_ name: String) -> Bool {
        ["_GATEWAY_TOKEN", "_GATEWAY_PASSWORD"].contains { name.hasSuffix($0) }
            || ServiceNotifier.variables.contains(name)
    }

    static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        _ = unsafe gethostname(&buffer, buffer.count - 1)
        let name = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return name.isEmpty ? "localhost" : name
    }
}
