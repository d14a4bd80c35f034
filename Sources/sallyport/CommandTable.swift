/// All commands. Help, suggestions and dispatch come from here.
enum CommandTable {
    static let clientOptions: [Command.Option] = [
        .init("url", "URL", "gateway to talk to (needs --token)"),
        .init("token", "TOKEN", "the gateway's shared token"),
        .init("tls-fingerprint", "SHA256", "pin of the gateway's certificate, or of its public key"),
        .init("state-dir", "DIR", "state directory (default: SALLYPORT_STATE_DIR, OPENCLAW_STATE_DIR, ~/.sallyport)"),
        .init("config", "FILE", "configuration file (default: openclaw.json in the state directory)"),
        .init("timeout", "MS", "how long to wait for the gateway (default 10000)"),
        .init("json", nil, "print JSON"),
    ]

    static let all: [Command] = [
        GatewayCommands.run, GatewayCommands.status, SpawnCommand.command, SessionsCommands.list,
        SessionsCommands.kill, DevicesCommands.list, DevicesCommands.approve, DevicesCommands.reject,
        DevicesCommands.remove, TLSCommands.fingerprint, WorkerCommand.command, versionCommand,
    ]

    private static let versionCommand = Command("version", summary: "Prints the version.") { invocation in
        invocation.terminal.print(Main.version)
        return 0
    }

    /// The command with the most words at the front of `words`, and what follows it.
    static func find(_ words: [String]) -> (Command, [String])? {
        var best: (Command, Int)?
        for command in all {
            for form in [command.words] + command.aliases where words.starts(with: form) {
                if form.count > best?.1 ?? 0 { best = (command, form.count) }
            }
        }
        return best.map { ($0.0, Array(words.dropFirst($0.1))) }
    }

    static func suggestion(for typed: String) -> String {
        let names = all.filter { !$0.isHidden }.flatMap { [$0.name] + $0.aliases.map { $0.joined(separator: " ") } }
        if let near = EditDistance.nearest(to: typed, among: names) { return "did you mean: sallyport \(near)?" }
        return "sallyport --help lists all commands"
    }

    static var overview: String {
        let visible = all.filter { !$0.isHidden }
        let width = visible.map(\.name.count).max() ?? 0
        let lines = visible.map { command in
            "  " + command.name + String(repeating: " ", count: width - command.name.count + 2) + command.summary
        }
        return """
            usage: sallyport COMMAND [options]

            A TLS-terminating WebSocket gateway for AI agents.

            \(lines.joined(separator: "\n"))

            sallyport COMMAND --help explains a command.
            """
    }
}
