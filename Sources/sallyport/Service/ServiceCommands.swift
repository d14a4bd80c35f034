internal import Agents
internal import Client
internal import Config
internal import Files
internal import Glibc
internal import JSON
internal import Server

/// `gateway start`, `stop`, `restart`, `install`, `uninstall`.
enum ServiceCommands {
    private static let common: [Command.Option] = [
        .init("state-dir", "DIR", "state directory (default: SALLYPORT_STATE_DIR, OPENCLAW_STATE_DIR, ~/.sallyport)"),
        .init("config", "FILE", "configuration file (default: openclaw.json in the state directory)"),
        .init("wait", "TIME", "how long to wait until it is done (default 30s)"),
        .init("json", nil, "print JSON"),
    ]

    static let all = [start, stop, restart, install, uninstall]

    // MARK: - start

    static let start = Command(
        "gateway start", summary: "Starts the gateway as a service, or in the background where there is none.",
        options: common + [
            .init("background", nil, "in the background, supervised, although systemd is there")
        ],
        notes: [
            "With the unit of sallyport gateway install systemd starts it. Else a supervisor of ours runs it, starts it again",
            "after a crash, and writes to logs/gateway.log in the state directory. To stay in the foreground: gateway run",
        ]
    ) { invocation in
        let service = try Service(invocation)
        let report = Report(invocation)
        if let running = try service.gateway() {
            return report.done("already running (process \(running.pid)) at \(running.url)", running)
        }
        try check(service)
        let since = Report.nowMs
        if let systemd = service.installed {
            try systemd.require("start", SystemdUnit.name)
        } else if Systemd.isRunning, !invocation.arguments.has("background") {
            throw CommandFailure(
                .noService, "the gateway is not installed as a service",
                hint: "sallyport gateway install, then start; or sallyport gateway start --background; "
                    + "or sallyport gateway run to stay in the foreground")
        } else {
            try startSupervisor(service)
        }
        return try settle(service, since: since, report, done: "started")
    }

    /// Before anything is started or stopped for it.
    private static func check(_ service: Service) throws(CommandFailure) {
        let result = ConfigFiles.load(service.locations, environment: service.environment)
        guard result.configuration != nil else { throw .configuration(result) }
    }

    private static func startSupervisor(_ service: Service) throws {
        guard let executable = Files.currentExecutable() else {
            throw CommandFailure(.ownProgram, "our own program is not known")
        }
        let log = service.state.serviceLog
        try Files.makeDirectory(Files.parent(of: log))
        let descriptor = unsafe open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(.outputFile, "cannot write \(log)", hint: "check its permissions")
        }
        defer { close(descriptor) }
        var arguments = ["gateway", "supervise", "--state-dir", service.state.path]
        if let config = service.locations.configFile { arguments += ["--", "--config", config] }
        _ = try ChildProcess.spawn(
            ProcessSpec(
                executable: executable, arguments: arguments, environment: service.environment, workingDirectory: "/",
                newSession: true, standardOutput: .descriptor(descriptor), standardError: .descriptor(descriptor)))
    }

    private static func settle(
        _ service: Service, since: Int64, _ report: Report, done: String
    ) throws -> Int32 {
        var hasSupervisor = false
        let isReady = try Service.wait(report.patience) { () throws(CommandFailure) in
            if try service.isReady(since: since) { return true }
            if service.installed != nil { return false }
            // It writes its number at once, and ends when the gateway cannot start.
            if service.supervisor != nil { hasSupervisor = true }
            guard !hasSupervisor || service.supervisor != nil else {
                throw CommandFailure(
                    .didNotStart, "the gateway did not start", hint: "see the end of \(service.state.serviceLog)",
                    details: LogFile.end(service.state.serviceLog))
            }
            return false
        }
        guard isReady, let gateway = try service.gateway() else {
            throw CommandFailure(
                .stillStarting, "still starting after \(report.patience)",
                hint: "see: sallyport gateway status, \(service.state.serviceLog)")
        }
        return report.done("\(done) (process \(gateway.pid)) at \(gateway.url)", gateway)
    }

    // MARK: - stop

    static let stop = Command(
        "gateway stop", summary: "Stops the gateway of this host; that none runs is success.",
        options: common + [
            .init("force", nil, "kill what has not stopped in time"),
            .init("disable", nil, "with systemd: do not start it at boot any more"),
        ]
    ) { invocation in
        let service = try Service(invocation)
        let report = Report(invocation)
        if let systemd = service.installed {
            if invocation.arguments.has("disable") { try systemd.require("disable", SystemdUnit.name) }
            if systemd.isActive { try systemd.require("stop", SystemdUnit.name) }
        }
        guard try service.isThere else {
            return report.done("not running", nil)
        }
        for pid in [service.supervisor, try service.gateway()?.pid].compactMap({ $0 }).prefix(1) {
            try signal(pid, SIGTERM)
        }
        let isGone = { () throws(CommandFailure) in !(try service.isThere) }
        if try Service.wait(report.patience, until: isGone) { return report.done("stopped", nil) }
        guard invocation.arguments.has("force") else {
            throw CommandFailure(
                .stillRunning, "it has not stopped within \(report.patience)", hint: "sallyport gateway stop --force")
        }
        for pid in [service.supervisor, try service.gateway()?.pid].compactMap({ $0 }) { try signal(pid, SIGKILL) }
        guard try Service.wait(.seconds(5), until: isGone) else {
            throw CommandFailure(.stillRunning, "it cannot be killed")
        }
        return report.done("killed", nil)
    }

    private static func signal(_ pid: Int32, _ signal: Int32) throws(CommandFailure) {
        guard kill(pid, signal) == 0 || errno == ESRCH else {
            throw CommandFailure(
                .signalRefused, "process \(pid) is not ours to signal",
                hint: "run this as the user that the gateway runs as")
        }
    }

    // MARK: - restart

    static let restart = Command(
        "gateway restart", summary: "Restarts the gateway in place: nobody who connects meanwhile is refused.",
        options: common + [
            .init("safe", nil, "wait until nothing runs, and restart then"),
            .init("drain-timeout", "TIME", "with --safe: how long runs get to end (default 5m)"),
        ],
        notes: [
            "The gateway tells its clients, lets them go (1012), and replaces its program. Its listening sockets stay open,",
            "and workers go on and come back. A configuration with errors is refused before anything stops.",
            "Exit code 2: still starting.",
        ]
    ) { invocation in
        let service = try Service(invocation)
        let report = Report(invocation)
        let patience = try drainTime(invocation.arguments)
        try check(service)
        guard let gateway = try service.gateway() else { return try start.run(invocation) }
        guard let before = gateway.startedAtMs else {
            throw CommandFailure(
                .restartInPlace, "the gateway that runs cannot restart in place", hint: "stop it, and start it again")
        }
        if invocation.arguments.has("safe") { try waitForRuns(invocation, seconds: patience) }
        try signal(gateway.pid, SIGUSR1)
        return try settle(service, since: before, report, done: "restarted")
    }

    /// As upstream: what runs is waited for, but not for ever.
    private static let drainSeconds: Int64 = 300

    private static func drainTime(_ arguments: Arguments) throws(CommandFailure) -> Int64 {
        guard let text = arguments["drain-timeout"] else { return drainSeconds }
        guard arguments.has("safe") else {
            throw CommandFailure(
                .missingOption, "--drain-timeout goes with --safe", hint: "without it no run is waited for")
        }
        guard let seconds = DurationText.seconds(text, limit: 86_400) else {
            throw CommandFailure(
                .invalidTime, "--drain-timeout must be a time such as 30s or 10m, at most 24h, not \"\(text)\"")
        }
        return seconds
    }

    private static func waitForRuns(_ invocation: Invocation, seconds: Int64) throws {
        let target = try Target.resolve(invocation, scopes: ["operator.read"], createsIdentity: false)
        let client = try target.connectAsOwner()
        defer { client.close() }
        var active: Int64 = 0
        let isIdle = try Service.wait(.seconds(seconds)) { () throws(CommandFailure) in
            do throws(ClientError) {
                active = try client.request("status")["runs"]?["active"]?.integer ?? 0
            } catch {
                throw CommandFailure(error)
            }
            return active == 0
        }
        if !isIdle {
            let time = DurationText.text(seconds)
            invocation.terminal.note("\(active) runs have not ended within \(time); they go on over the restart")
        }
    }

    // MARK: - install, uninstall

    static let install = Command(
        "gateway install", summary: "Makes the gateway a service of systemd: of this user, or as root of the system.",
        options: common.filter { $0.name != "wait" } + [
            .init("port", "N", "port (default: gateway.port, or 18789)"),
            .init("bind", "MODE", "loopback, lan, tailnet, auto or custom (default: gateway.bind, or loopback)"),
            .init("force", nil, "write the unit although there is another one"),
            .init("print", nil, "print the unit, and do nothing"),
        ],
        notes: ["A user's services end with the last session, unless: loginctl enable-linger"]
    ) { invocation in
        let (service, arguments) = (try Service(invocation), invocation.arguments)
        let report = Report(invocation)
        guard let systemd = service.systemd, let executable = Files.currentExecutable() else {
            throw CommandFailure(.location, "no home directory is known", hint: "set HOME")
        }
        var options: [String] = []
        if let config = arguments["config"] { options += ["--config", Files.absolute(config)] }
        for name in ["port", "bind"] {
            if let value = arguments[name] { options += ["--\(name)", value] }
        }
        let unit = SystemdUnit(
            isSystem: systemd.isSystem, executable: executable, arguments: options,
            environment: ["SALLYPORT_STATE_DIR": service.state.path])
        if arguments.has("print") {
            invocation.terminal.printRaw(unit.text)
            return 0
        }
        guard Systemd.isRunning else {
            throw CommandFailure(
                .noServiceManager, "systemd does not run here",
                hint: "sallyport gateway start runs the gateway in the background; --print shows the unit")
        }
        try check(service)
        if systemd.isInstalled, !arguments.has("force"), Self.text(systemd.unitPath) != unit.text {
            throw CommandFailure(
                .otherUnit, "there is another \(systemd.unitPath)", hint: "sallyport gateway install --force")
        }
        try Files.makeDirectory(Files.parent(of: systemd.unitPath), mode: 0o755)
        try Files.writeAtomically(systemd.unitPath, Array(unit.text.utf8), mode: 0o644)
        try systemd.require("daemon-reload")
        try systemd.require("enable", SystemdUnit.name)
        return report.done("installed \(systemd.unitPath); start it with: sallyport gateway start", nil)
    }

    private static func text(_ path: String) -> String? {
        (try? Files.read(path, maxBytes: 64 * 1024)).map { String(decoding: $0, as: UTF8.self) }
    }

    static let uninstall = Command(
        "gateway uninstall", summary: "Stops the service and removes its unit; the state stays.",
        options: common.filter { $0.name != "wait" }
    ) { invocation in
        let service = try Service(invocation)
        let report = Report(invocation)
        guard let systemd = service.installed else { return report.done("not installed", nil) }
        if Systemd.isRunning { try systemd.require("disable", "--now", SystemdUnit.name) }
        Files.remove(systemd.unitPath)
        if Systemd.isRunning { try systemd.require("daemon-reload") }
        return report.done("removed \(systemd.unitPath)", nil)
    }
}

/// How a command of the service tells that it is done.
private struct Report {
    let patience: Duration
    private let invocation: Invocation

    init(_ invocation: Invocation) {
        self.invocation = invocation
        let seconds = invocation.arguments["wait"].flatMap { DurationText.seconds($0, limit: 3600) }
        patience = .seconds(seconds ?? 30)
    }

    static var nowMs: Int64 {
        var now = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000 - 1
    }

    func done(_ text: String, _ gateway: LocalGateway?) -> Int32 {
        guard invocation.arguments.has("json") else {
            invocation.terminal.print("Gateway: \(text)")
            return 0
        }
        var object = JSONObject([("ok", true), ("result", .string(text))])
        object["pid"] = gateway.map { .integer(Int64($0.pid)) }
        object["url"] = gateway.map { .string($0.url) }
        invocation.terminal.print(JSON.object(object).prettyPrinted())
        return 0
    }
}

/// The end of a log that a failed start left.
enum LogFile {
    static func end(_ path: String, lines: Int = 5, maxBytes: Int = 8192) -> [String] {
        guard let bytes = try? Files.read(path, maxBytes: 1 << 30) else { return [] }
        return String(decoding: bytes.suffix(maxBytes), as: UTF8.self).split(separator: "\n").suffix(lines).map(
            String.init)
    }
}
