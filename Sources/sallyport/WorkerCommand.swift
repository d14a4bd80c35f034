internal import Client
internal import Config
internal import Files
internal import Glibc
internal import Server
internal import Worker

/// `worker`: takes runs of a pool from a gateway elsewhere. Without `--pool`, what the gateway itself starts for one run.
enum WorkerCommand {
    static let command = Command(
        "worker", summary: "Runs agents for a gateway elsewhere, as a worker of one of its pools.",
        options: [
            .init("pool", "NAME", "the pool, as agents.list[].pool of the gateway names it"),
            .init("url", "URL", "the gateway, as it is reached from here: wss://…"),
            .init("tls-fingerprint", "SHA256", "pin of the gateway's certificate, or of its public key; several: A,B"),
            .init("tls-ca", "FILE", "authorities of the gateway's certificate, in PEM (default: the system's)"),
            .init("client-cert", "FILE", "certificate for a gateway that asks its clients for one"),
            .init("client-key", "FILE", "its private key (default: in the same file)"),
            .init("enrol", "TOKEN", "enrolment token, for the first start (or SALLYPORT_BOOTSTRAP_TOKEN)"),
            .init("capacity", "N", "how many runs at a time (default: one for each processor)"),
            .init("name", "TEXT", "what lists call it (default: this host's name)"),
            .init("drain-timeout", "TIME", "how long runs get to end after SIGTERM (default 30s)"),
            .init(
                "state-dir", "DIR", "state directory (default: SALLYPORT_STATE_DIR, OPENCLAW_STATE_DIR, ~/.sallyport)"),
        ],
        notes: [
            "On the gateway's host: sallyport devices enroll --pool NAME prints the token. The worker keeps the device",
            "token that it gets for it, and needs no other later. docs/workers.md has the whole of it.",
        ], handlesSignals: true
    ) { invocation in
        if invocation.arguments["pool"] != nil { return try runPool(invocation) }
        do throws(Worker.Failure) {
            return try Worker.run(environment: invocation.environment)
        } catch {
            switch error {
            case .bootstrap(let why):
                throw CommandFailure(.notByHand, why, hint: "with --pool NAME --url URL it takes runs of a pool")
            }
        }
    }

    private static func runPool(_ invocation: Invocation) throws -> Int32 {
        let arguments = invocation.arguments
        guard let pool = arguments["pool"], isName(pool) else {
            throw CommandFailure(.invalidName, "--pool must be a name, [a-z0-9][a-z0-9_-]{0,63}")
        }
        guard let url = arguments["url"] else {
            throw CommandFailure(
                .missingOption, "worker --pool needs --url", hint: "for instance: --url wss://172.18.0.2:18789")
        }
        let capacity =
            try arguments.integer("capacity", in: 1...10_000) ?? Int64(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let state = StateDirectory(try Locations.resolve(invocation).stateDirectory)
        // Another worker with this identity would take our place at the gateway; a gateway would take our runs for leftovers.
        let lock = try own(state, state.path + "/run/worker.lock")
        defer { _ = lock }
        let gatewaysLock = try own(state, state.lockFile)
        defer { _ = gatewaysLock }
        var options = ConnectOptions(url: url)
        let transport = try TransportArguments(invocation)
        if let trust = transport.trust { options.trust = trust }
        options.identity = transport.identity
        options.clientId = "gateway-client"
        options.clientMode = "backend"
        options.clientVersion = Main.version
        options.scopes = ["pool:" + pool]
        options.device = try identity(state)
        options.bootstrapToken = arguments["enrol"] ?? invocation.environment["SALLYPORT_BOOTSTRAP_TOKEN"]
        // What was kept comes first: a worker that is enrolled is not enrolled again each time that it starts.
        if let device = options.device {
            options.deviceToken = DeviceAuth.token(state, deviceID: device.deviceId)
        }
        guard options.deviceToken != nil || options.bootstrapToken != nil else {
            throw CommandFailure(
                .notEnrolled, "this worker is not enrolled yet",
                hint:
                    "make a token on the gateway's host (sallyport devices enroll --pool \(pool)), and pass it as --enrol"
            )
        }
        let name = arguments["name"] ?? hostName()
        options.displayName = name
        let deviceID = options.device?.deviceId ?? ""
        var settings = PoolSettings(
            pool: pool, capacity: Int(capacity), name: name, version: Main.version, options: options,
            stateDirectory: Files.absolute(state.path), drainTime: try drainTime(arguments),
            environment: invocation.environment
        ) { token, scopes in
            DeviceAuth.store(state, deviceID: deviceID, token: token, scopes: scopes)
        }
        settings.authoritiesPath = arguments["tls-ca"].map(Files.absolute)
        settings.clientCertificatePath = arguments["client-cert"].map(Files.absolute)
        settings.clientKeyPath = arguments["client-key"].map(Files.absolute)
        return try PoolSupervisor.run(settings)
    }

    private static func own(_ state: StateDirectory, _ file: String) throws -> FileLock {
        do {
            try Files.makeDirectory(state.path)
            try Files.makeDirectory(state.path + "/run")
            return try FileLock(file, holder: "pid \(getpid())\n")
        } catch {
            throw CommandFailure(
                .stateDirectory, "the state directory cannot be used: \(error)",
                hint: "give each worker a --state-dir of its own, and none that is a gateway's")
        }
    }

    private static func identity(_ state: StateDirectory) throws -> DeviceKey {
        do {
            try Files.makeDirectory(Files.parent(of: state.deviceIdentity))
            return try DeviceKeyFile.loadOrCreate(state.deviceIdentity)
        } catch {
            throw CommandFailure(
                .identity, "cannot use the device identity: \(error)",
                hint: "mend or move away \(state.deviceIdentity); a new identity has to be enrolled again")
        }
    }

    private static func drainTime(_ arguments: Arguments) throws -> Duration {
        guard let text = arguments["drain-timeout"] else { return .seconds(30) }
        guard let seconds = DurationText.seconds(text, limit: 86_400) else {
            throw CommandFailure(
                .invalidTime, "--drain-timeout must be a time such as 30s or 10m, at most 24h, not \"\(text)\"")
        }
        return .seconds(seconds)
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "_") else { return false }
        return text.utf8.count <= 64
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: "_")
            }
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        _ = unsafe gethostname(&buffer, buffer.count - 1)
        let name = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return name.isEmpty ? "worker" : name
    }
}
