internal import Client
internal import Config
internal import Crypto
internal import Files
internal import JSON
internal import Server
internal import TLS
internal import Wire

/// Which gateway a command talks to, how it trusts it, and as whom it speaks.
struct Target {
    var options: ConnectOptions
    let state: StateDirectory
    /// `cli --url`, `env SALLYPORT_GATEWAY_URL`, `local gateway`, …
    let source: String
    /// A command of a worker, by its environment: what it knows of its run may have changed since it was started.
    var isOfWorker = false
    /// Of the local gateway, when no credential was named on the command line.
    var ownerSocket: String?

    private static let localSource = "local gateway"
    private static let workerSource = "env GATEWAY_URL"
    static let configurationSource = "configuration"

    /// The gateway of this machine's state directory.
    var isLocal: Bool { source == Self.localSource }

    /// - Parameters:
    ///   - scopes: least privilege for the command.
    ///   - createsIdentity: a command that only looks never makes an identity, and so never a pairing.
    static func resolve(
        _ invocation: Invocation, scopes: [String], createsIdentity: Bool = true
    ) throws -> Target {
        let arguments = invocation.arguments
        let environment = invocation.environment
        let timeout = try arguments.integer("timeout", in: 1...600_000) ?? 10_000
        let locations = try Locations.resolve(invocation)
        let state = StateDirectory(locations.stateDirectory)
        let transport = try TransportArguments(invocation)
        var trust = transport.trust
        var clientIdentity = transport.identity
        func variable(_ suffix: String) -> String? {
            ["SALLYPORT_", "OPENCLAW_"].lazy.compactMap { environment[$0 + suffix] }.first { !$0.isEmpty }
        }
        var url = arguments["url"]
        var source = "cli --url"
        var token = arguments["token"]
        var password = arguments["password"]
        var ownerSocket: String?
        let bootstrapToken = arguments["bootstrap-token"] ?? variable("BOOTSTRAP_TOKEN")
        if url != nil {
            guard token != nil || password != nil || bootstrapToken != nil else {
                throw CommandFailure(
                    .urlWithoutCredentials, "gateway url override requires explicit credentials",
                    hint: "pass --token (the gateway prints where its token is), --password, or --bootstrap-token")
            }
        } else if let named = variable("GATEWAY_URL") {
            (url, source) = (named, Self.workerSource)
            token = token ?? variable("GATEWAY_TOKEN")
            password = password ?? variable("GATEWAY_PASSWORD")
            // A worker's command: since it was started, its gateway may have got another certificate.
            if arguments["tls-fingerprint"] == nil, let pins = AnnouncedPins.read(stateDirectory: state.path) {
                trust = .pins(pins)
            }
        } else if let remote = RemoteGateway(locations, environment) {
            url = try remote.requireURL()
            source = RemoteGateway.source
            if token == nil, password == nil { (token, password) = (remote.token, remote.password) }
            token = token ?? variable("GATEWAY_TOKEN")
            trust = trust ?? remote.trust()
            clientIdentity = try clientIdentity ?? remote.identity()
        } else {
            let local = try LocalGateway.find(state)
            url = try local?.url ?? LocalGateway.configured(locations, environment)
            source = local == nil ? configurationSource : localSource
            if token == nil, password == nil { ownerSocket = local?.ownerSocket }
            trust = trust ?? local?.pins.flatMap { PinSet($0) }.map { .pins($0) }
            password = password ?? variable("GATEWAY_PASSWORD")
            token = token ?? variable("GATEWAY_TOKEN")
            if token == nil, password == nil {
                let secret = try LocalGateway.secret(state, locations, environment)
                (token, password) = (secret.token, secret.password)
            }
        }
        guard let url else {
            throw CommandFailure(
                .noGateway, "no gateway is running on \(state.path)", hint: "start one with: sallyport gateway run")
        }
        var options = ConnectOptions(url: url)
        if let trust { options.trust = trust }
        options.identity = clientIdentity
        options.proxies = ProxySettings(environment: environment)
        options.clientVersion = Main.version
        options.scopes = scopes
        options.token = token
        options.password = password
        options.bootstrapToken = bootstrapToken
        options.connectTimeout = .milliseconds(timeout)
        options.device = try identity(state, createsIdentity: createsIdentity)
        // A token that was named just now is meant; one from the environment is for the first time only.
        if token == nil, password == nil, arguments["bootstrap-token"] == nil, let device = options.device {
            options.deviceToken = DeviceAuth.token(state, deviceID: device.deviceId)
        }
        var target = Target(options: options, state: state, source: source, ownerSocket: ownerSocket)
        target.isOfWorker =
            environment["SALLYPORT_RUN_ID"] != nil && source == Self.workerSource && arguments["token"] == nil
            && arguments["tls-fingerprint"] == nil
        target.refresh()
        return target
    }

    /// Takes up what a worker has been told since its command was started: the next run of the session, with a key and a
    /// token of its own, and the pins of the next certificate.
    mutating func refresh() {
        guard isOfWorker else { return }
        if let pins = AnnouncedPins.read(stateDirectory: state.path) { options.trust = .pins(pins) }
        let path = state.path + "/" + CurrentRun.fileName
        guard let bytes = try? Files.read(path, maxBytes: CurrentRun.maxBytes), let run = CurrentRun(bytes),
            let seed = Base64URL.decode(run.seed), let key = try? DeviceKey(seed: seed)
        else { return }
        options.device = key
        options.token = run.token
    }

    private static func identity(_ state: StateDirectory, createsIdentity: Bool) throws -> DeviceKey? {
        do {
            guard createsIdentity else { return try DeviceKeyFile.load(state.deviceIdentity) }
            try Files.makeDirectory(Files.parent(of: state.deviceIdentity))
            return try DeviceKeyFile.loadOrCreate(state.deviceIdentity)
        } catch {
            throw CommandFailure(
                .identity, "cannot use the device identity: \(error)",
                hint: "mend or move away \(state.deviceIdentity); a new identity needs pairing again")
        }
    }

    /// Connects, and keeps a device token that the gateway issued.
    func connect() throws(CommandFailure) -> GatewayClient {
        // Where an identity proxy stands for credentials, the gateway's own user has none to show.
        if options.token == nil, options.password == nil, options.deviceToken == nil, options.bootstrapToken == nil,
            let client = connectToOwnerSocket()
        {
            return client
        }
        do throws(ClientError) {
            return try dial()
        } catch {
            throw failure(error)
        }
    }

    /// The owner at the gateway's own machine is not kept out by the request that they came to approve: the gateway's
    /// own user is known on the owner's socket. Where there is none, or another user calls, the shared token is enough
    /// for a local command line that shows no device.
    func connectAsOwner() throws(CommandFailure) -> GatewayClient {
        if let client = connectToOwnerSocket() { return client }
        do throws(ClientError) {
            return try dial()
        } catch {
            guard isLocal, options.token != nil || options.password != nil, error.pairingRequestID != nil else {
                throw failure(error)
            }
            var deviceless = self
            deviceless.options.device = nil
            return try deviceless.connect()
        }
    }

    /// Like ``connectAsOwner()``, for those who want to look at the failure.
    func dialAsOwner() throws(ClientError) -> GatewayClient {
        if let client = connectToOwnerSocket() { return client }
        return try GatewayClient.connect(options)
    }

    private func connectToOwnerSocket() -> GatewayClient? {
        guard let ownerSocket else { return nil }
        var options = ConnectOptions(url: "ws://localhost")
        options.socketPath = ownerSocket
        options.clientVersion = self.options.clientVersion
        options.scopes = self.options.scopes
        options.connectTimeout = self.options.connectTimeout
        return try? GatewayClient.connect(options)
    }

    private func dial() throws(ClientError) -> GatewayClient {
        let client = try GatewayClient.connect(options)
        if let token = client.issuedDeviceToken, let device = options.device {
            DeviceAuth.store(state, deviceID: device.deviceId, token: token, scopes: client.grantedScopes)
        }
        return client
    }

    private func failure(_ error: ClientError) -> CommandFailure {
        if case .unreachable = error, source == Self.configurationSource {
            return CommandFailure(
                .noGateway, "no gateway is running on \(state.path): \(error)",
                hint: "start one with: sallyport gateway run")
        }
        return CommandFailure(error, details: ["Gateway target: \(options.url)", "Source: \(source)"])
    }
}

/// Where configuration and state of this invocation lie.
enum Locations {
    static func source(_ invocation: Invocation, flags: [String: String] = [:]) -> ConfigSource {
        var environment = invocation.environment
        // Children run elsewhere: a relative path would mean another place to them.
        for name in ["SALLYPORT_STATE_DIR", "OPENCLAW_STATE_DIR", "SALLYPORT_CONFIG_PATH", "OPENCLAW_CONFIG_PATH"] {
            if let path = environment[name], !path.isEmpty, !path.hasPrefix("~") {
                environment[name] = Files.absolute(path)
            }
        }
        return ConfigSource(
            stateDirectory: invocation.arguments["state-dir"].map(Files.absolute),
            configFile: invocation.arguments["config"].map(Files.absolute), environment: environment, flags: flags)
    }

    static func resolve(_ invocation: Invocation) throws(CommandFailure) -> ConfigLocations {
        do throws(ConfigLocations.Failure) {
            return try source(invocation).locate()
        } catch {
            throw CommandFailure(.location, error.description, hint: error.remedy)
        }
    }
}
