internal import Client
internal import Config
internal import Files
internal import JSON
internal import Server

enum GatewayCommands {
    // MARK: - gateway run

    static let run = Command(
        "gateway run", aliases: ["gateway"], summary: "Runs the gateway in the foreground.",
        options: [
            .init("config", "FILE", "configuration file (default: openclaw.json in the state directory)"),
            .init(
                "state-dir", "DIR", "state directory (default: SALLYPORT_STATE_DIR, OPENCLAW_STATE_DIR, ~/.sallyport)"),
            .init("port", "N", "port; 0 takes a free one (default: gateway.port, or 18789)"),
            .init("bind", "MODE", "loopback, lan, tailnet, auto or custom (default: gateway.bind, or loopback)"),
            .init("token", "TOKEN", "shared token; better kept in the configuration or in SALLYPORT_GATEWAY_TOKEN"),
            .init(
                "no-tls", nil,
                "plain ws:// instead of wss:// (default: gateway.tls.enabled; on without a configuration)"),
            .init("echo-path", "PATH", "serve a plain WebSocket echo there, for conformance suites and benchmarks"),
            .init("reactors", "N", "threads that serve connections (default: one for each processor)"),
        ], handlesSignals: true
    ) { invocation in
        let locations = try Locations.resolve(invocation)
        let arguments = invocation.arguments
        var flags: [String: String] = [:]
        flags["gateway.port"] = arguments["port"]
        flags["gateway.bind"] = arguments["bind"]
        flags["gateway.auth.token"] = arguments["token"]
        if arguments.has("no-tls") { flags["gateway.tls.enabled"] = "false" }
        let source = Locations.source(invocation, flags: flags)
        let result = ConfigFiles.load(locations, environment: source.environment, flags: flags)
        guard let configuration = result.configuration else {
            throw CommandFailure.configuration(result, details: Self.codes(Set(result.errors.map(\.rule.rawValue))))
        }
        if let path = arguments["echo-path"], !path.hasPrefix("/") {
            throw CommandFailure(.invalidName, "--echo-path must begin with /, not \"\(path)\"")
        }
        var options = ServerOptions(
            configuration: configuration, configPath: locations.configFile,
            state: StateDirectory(locations.stateDirectory),
            environment: invocation.environment, version: Main.version)
        options.echoPath = arguments["echo-path"]
        options.reactorCount = try arguments.integer("reactors", in: 1...256).map(Int.init)
        options.warnings = result.warnings.map(\.description)
        options.arguments = Array(CommandLine.arguments.dropFirst())
        let environment = source.environment
        let given = flags
        options.checkConfiguration = {
            let result = ConfigFiles.load(locations, environment: environment, flags: given)
            return result.configuration == nil ? result.errors.map(\.description).joined(separator: "; ") : nil
        }
        options.configSource = source
        let terminal = invocation.terminal
        do throws(StartFailure) {
            try GatewayServer.run(options) { lines in for line in lines { terminal.print(line) } }
        } catch {
            throw CommandFailure(error, details: Self.codes([error.rule.rawValue]))
        }
        return 0
    }

    /// In words that a service manager's log can be searched for.
    private static func codes(_ rules: Set<String>) -> [String] { rules.sorted().map { "rule=\($0)" } }

    // MARK: - gateway status

    /// The pins that are good now; the gateway's own answer where its files are not ours to read.
    private static func pins(_ local: LocalGateway?, _ detail: JSON?) -> [String] {
        let tls = detail?["tls"]
        guard let pin = local?.pin ?? tls?["certificateSHA256"]?.string else { return [] }
        var lines = ["Pin:       sha256:\(pin)"]
        if let next = local?.nextCertificateSHA256 ?? tls?["next"]?["certificateSHA256"]?.string {
            let time = local?.nextEffectiveAtMs ?? tls?["next"]?["effectiveAtMs"]?.integer
            lines.append("Next pin:  sha256:\(next) from \(Timestamp.text(time)) UTC on")
        }
        return lines
    }

    static let status = Command(
        "gateway status", summary: "Says whether a gateway runs, where, and how it is.",
        options: CommandTable.clientOptions + [
            .init("no-probe", nil, "look at processes and files of this host only, without connecting"),
            .init("deep", nil, "also try every address that the gateway of this host listens on"),
            .init("require-rpc", nil, "fail unless the gateway's status can be read"),
        ],
        notes: [
            "Nothing is created: no identity, no pairing request. Exit code 1: it does not run, or does not answer."
        ]
    ) { invocation in
        if invocation.arguments.has("no-probe") { return try StatusWithoutProbe.run(invocation) }
        let target = try Target.resolve(invocation, scopes: ["operator.read"], createsIdentity: false)
        let client = try target.connectAsOwner()
        let status = try client.request("health")
        let local = target.isLocal ? try LocalGateway.find(target.state) : nil
        let detail = try readableStatus(client, invocation)
        client.close()
        let tried = invocation.arguments.has("deep") ? GatewayChecks.reachability(try Subject(invocation)) : []
        let isReached = tried.allSatisfy { $0.severity == .ok }
        if invocation.arguments.has("json") {
            var object = JSONObject([("ok", true), ("url", .string(target.options.url)), ("health", status)])
            object["status"] = detail
            if invocation.arguments.has("deep") { object["deep"] = .array(tried.map(\.json)) }
            object["pid"] = local.map { .integer(Int64($0.pid)) }
            if target.isLocal { object["service"] = try? Service(invocation).json }
            object["ok"] = .bool(isReached)
            invocation.terminal.print(JSON.object(object).prettyPrinted())
            return isReached ? 0 : 1
        }
        var lines = ["Gateway:   running at \(target.options.url)"]
        if let local {
            lines.append("Process:   \(local.pid)")
            lines += local.urls.map { "Listening: \($0)" }
        }
        if target.isLocal, let service = try? Service(invocation) { lines.append("Service:   \(service.sentence)") }
        lines += pins(local, detail)
        lines.append("Version:   \(client.hello["server"]?["version"]?.string ?? "unknown")")
        if let detail {
            lines.append("Sessions:  \(detail["sessions"]?["count"]?.integer ?? 0)")
            lines.append("Runs:      \(detail["runs"]?["active"]?.integer ?? 0) active")
            for warning in detail["warnings"]?.array ?? [] { lines.append("Warning:   \(warning.string ?? "")") }
        }
        lines += tried.map { "\($0.severity == .ok ? "Reached:  " : "Failed:   ") \($0.message)" }
        invocation.terminal.print(lines.joined(separator: "\n"))
        return isReached ? 0 : 1
    }

    /// Nil where the caller may not read it, unless it has to be read.
    private static func readableStatus(_ client: GatewayClient, _ invocation: Invocation) throws -> JSON? {
        do throws(ClientError) {
            return try client.request("status")
        } catch {
            guard invocation.arguments.has("require-rpc") else { return nil }
            throw CommandFailure(error, details: ["The gateway is reached, and its status cannot be read."])
        }
    }
}
