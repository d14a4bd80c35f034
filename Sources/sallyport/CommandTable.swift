internal import JSON

/// All commands. Help, suggestions and dispatch come from here.
enum CommandTable {
    static let clientOptions: [Command.Option] = [
        .init(
            "url", "URL", "gateway to talk to; needs --token or --password (or all as SALLYPORT_GATEWAY_URL, _TOKEN)"),
        .init("token", "TOKEN", "the gateway's shared token"),
        .init("password", "TEXT", "its password, with gateway.auth.mode password"),
        .init("bootstrap-token", "TOKEN", "enrolment token: pairs this device (or SALLYPORT_BOOTSTRAP_TOKEN)"),
        .init("tls-fingerprint", "SHA256", "pin of the gateway's certificate, or of its public key; several: A,B"),
        .init("tls-ca", "FILE", "authorities of the gateway's certificate, in PEM (default: the system's)"),
        .init("client-cert", "FILE", "certificate for a gateway that asks its clients for one"),
        .init("client-key", "FILE", "its private key (default: in the same file)"),
        .init("state-dir", "DIR", "state directory (default: SALLYPORT_STATE_DIR, OPENCLAW_STATE_DIR, ~/.sallyport)"),
        .init("config", "FILE", "configuration file (default: openclaw.json in the state directory)"),
        .init("timeout", "MS", "how long to wait for the gateway (default 10000)"),
        .init("json", nil, "print JSON"),
    ]

    static let all: [Command] = [
        GatewayCommands.run, ServiceCommands.start, ServiceCommands.stop, ServiceCommands.restart,
        ServiceCommands.install, ServiceCommands.uninstall, Supervisor.command, GatewayCommands.status,
        HealthCommand.command, ProbeCommand.command, CallCommand.command,
        DoctorCommand.command, LogsCommand.command, SpawnCommand.command, SessionsCommands.list,
        SendCommand.command, HistoryCommands.history, HistoryCommands.tail,
        SessionsCommands.kill, AgentsCommand.list, PairingCommand.list, DevicesCommands.list, DevicesCommands.approve,
        DevicesCommands.reject,
        DevicesCommands.remove, DevicesCommands.clear, DeviceTokenCommands.rotate, DeviceTokenCommands.revoke,
        EnrolCommand.command, SetupCodeCommand.command, AuthCommands.lockouts, AuthCommands.unlock,
        ApprovalsCommands.list, ApprovalsCommands.resolve,
        CronCommands.list, CronCommands.status, CronCommands.show, CronAddCommand.command, CronCommands.run,
        CronCommands.runs, CronCommands.enable, CronCommands.disable, CronCommands.remove,
        ConfigCommands.show, ConfigCommands.get, ConfigEditCommands.set, ConfigEditCommands.unset,
        ConfigCommands.validate, ConfigCommands.schema, ConfigCommands.file,
        ExplainCommand.command, ExplainSpawnCommand.command, ExplainErrorCommand.command, BackupCommand.command,
        ImportCommand.command,
        TLSCommands.fingerprint, TLSCommands.show,
        TLSCommands.export,
        TLSCommands.rotate,
        MCPCommand.command, ACPCommand.command, WorkerCommand.command, WorkersCommands.list, WorkersCommands.drain,
        ConfineCommand.command,
        CompletionsCommand.command, ManCommand.command, versionCommand,
    ]

    static let exitCodes: [(code: String, meaning: String)] = [
        ("0", "done"), ("1", "refused or failed"), ("2", "wrong usage"),
        ("7", "agent not allowed (sessions_spawn)"), ("65", "too many children or ACP sessions (sessions_spawn)"),
        ("78", "configuration, state directory or port unusable"),
    ]

    private static let versionCommand = Command(
        "version", summary: "Prints the version.", options: [.init("json", nil, "print JSON")]
    ) { invocation in
        let isJSON = invocation.arguments.has("json")
        invocation.terminal.print(
            isJSON ? JSON.object(JSONObject([("version", .string(Main.version))])).prettyPrinted() : Main.version)
        return 0
    }

    static let visible: [Command] = all.filter { !$0.isHidden }

    /// The command with the most words at the front of `words`, and what follows it.
    static func find(_ words: [String]) throws(CommandFailure) -> (Command, [String])? {
        var best: (Command, Int)?
        for command in all {
            for form in [command.words] + command.aliases where words.starts(with: form) {
                if form.count > best?.1 ?? 0 { best = (command, form.count) }
            }
        }
        guard let (command, count) = best else { return nil }
        // `sessions` alone is short for one command of its group: another word after it is a slip, no operand.
        if count < command.words.count, words.count > count, !words[count].hasPrefix("-") {
            throw unknown(words)
        }
        return (command, Array(words.dropFirst(count)))
    }

    /// Commands that begin with this word.
    static func group(_ word: String) -> [Command] {
        visible.filter { $0.words.count > 1 && $0.words[0] == word }
    }

    static func unknown(_ words: [String]) -> CommandFailure {
        let typed = words.prefix { !$0.hasPrefix("-") }
        guard let first = typed.first else {
            return CommandFailure(
                .unknownCommand, "a command comes before \(words.first ?? "options")",
                hint: "sallyport --help lists all commands")
        }
        let members = group(first).map { "sallyport \($0.name)" }
        if typed.count == 1, !members.isEmpty {
            return CommandFailure(.unknownCommand, "\(first) needs another word", hint: members.joined(separator: ", "))
        }
        // Words after the command's are its operands.
        for count in members.isEmpty ? [2, 1] : [2] {
            guard let near = nearest(to: typed.prefix(count).joined(separator: " ")) else { continue }
            let name = typed.prefix(count).joined(separator: " ")
            return CommandFailure(.unknownCommand, "unknown command: \(name)", hint: "did you mean: sallyport \(near)?")
        }
        return CommandFailure(
            .unknownCommand, "unknown command: \(typed.prefix(2).joined(separator: " "))",
            hint: members.isEmpty
                ? "sallyport --help lists all commands" : "these exist: " + members.joined(separator: ", "))
    }

    private static func nearest(to typed: String) -> String? {
        EditDistance.nearest(
            to: typed, among: visible.flatMap { [$0.name] + $0.aliases.map { $0.joined(separator: " ") } })
    }

    /// What `--help` or `help` says about these words, which are a command, the first word of several, or nothing.
    static func help(_ words: [String]) throws(CommandFailure) -> String {
        guard let first = words.first else { return overview }
        if words.count == 1, group(first).count > 1 {
            let short = visible.first { $0.aliases.contains([first]) }
            return
                ([
                    "usage: sallyport \(first) COMMAND [options]", "", list(group(first)), "",
                    "sallyport \(first) COMMAND --help explains a command.",
                ] + (short.map { ["sallyport \(first) alone is short for sallyport \($0.name)."] } ?? []))
                .joined(separator: "\n")
        }
        if words.count == 1, let only = group(first).first, !visible.contains(where: { $0.words == [first] }) {
            return only.help
        }
        guard let (command, _) = try find(words) else { throw unknown(words) }
        return command.help
    }

    private static func list(_ commands: [Command]) -> String {
        let width = commands.map(\.name.count).max() ?? 0
        return commands.map { command in
            "  " + command.name + String(repeating: " ", count: width - command.name.count + 2) + command.summary
        }.joined(separator: "\n")
    }

    static var overview: String {
        """
        usage: sallyport COMMAND [options]

        A TLS-terminating WebSocket gateway for AI agents.

        \(list(visible))

        sallyport COMMAND --help explains a command. Every command takes --profile NAME and --dev: another state directory,
        ~/.sallyport-NAME or ~/.sallyport-dev (and port 19001).
        Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 78 configuration, state directory or port unusable.
        """
    }
}
