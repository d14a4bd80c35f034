internal import Client
internal import JSON

/// `sessions_spawn`: asks for a run, shows its output as it comes, and ends with the task's exit code.
enum SpawnCommand {
    static let command = Command(
        "sessions_spawn", aliases: ["sessions spawn"], operands: "-- TASK…",
        summary: "Spawns an agent and waits for its result.",
        options: [
            .init("agent", "ID", "agent to run (default: the session's own)"),
            .init("runtime", "NAME", "subagent (default), acp or local"),
            .init("session", "KEY", "session that spawns (default: the main session)"),
            .init("mode", "MODE", "run (default); session, with runtime acp: the agent stays for further messages"),
            .init("label", "TEXT", "shown in lists"),
            .init("run-timeout", "SECONDS", "end the run after this time; 0: never"),
            .init("cleanup", "MODE", "keep (default) or delete the session afterwards"),
            .init("no-wait", nil, "return when the spawn is accepted"),
        ] + CommandTable.clientOptions,
        notes: [
            "Exit codes: the command's own; or 7 agent not allowed, 65 too many children or ACP sessions, 78 configuration",
            "unusable, 2 wrong usage, 1 other failures. sallyport explain spawn says why, without spawning.", "",
            "example: sallyport sessions_spawn --agent lines -- /etc/passwd",
        ]
    ) { invocation in
        let task = invocation.arguments.operands.joined(separator: " ")
        guard !task.isEmpty else {
            throw CommandFailure(
                .operands, "sessions_spawn needs a task", hint: "sallyport sessions_spawn --agent ID -- \"task\"")
        }
        _ = try invocation.arguments.choice("cleanup", ["keep", "delete"])
        _ = try invocation.arguments.choice("mode", ["run", "session"])
        _ = try invocation.arguments.integer("run-timeout", in: 0...31_536_000)
        return try SpawnSession(invocation, task: task).run()
    }
}

extension SpawnCommand {
    /// Of a spawn that was refused.
    static func exitCode(_ answer: JSON) -> Int32 {
        switch answer["kind"]?.string {
        case "agent-not-allowed": 7
        case "session-limit": 65
        case "configuration": 78
        default: 1
        }
    }
}

/// One invocation of `sessions_spawn`.
private final class SpawnSession {
    private let invocation: Invocation
    private let task: String
    private let target: Target
    private let isJSON: Bool
    private let output: RunOutput
    private var progress: SpawnProgress

    init(_ invocation: Invocation, task: String) throws {
        self.invocation = invocation
        self.task = task
        target = try Target.resolve(invocation, scopes: ["operator.read", "operator.write"])
        isJSON = invocation.arguments.has("json")
        output = RunOutput(target, invocation.terminal, isSilent: isJSON)
        progress = SpawnProgress(invocation.terminal)
    }

    private var terminal: Terminal { invocation.terminal }

    func run() throws -> Int32 {
        let arguments = invocation.arguments
        let runtime = arguments["runtime"] ?? "subagent"
        var params = JSONObject([("task", .string(task)), ("runtime", .string(runtime))])
        params["agentId"] = arguments["agent"].map { .string($0) }
        params["sessionKey"] = arguments["session"].map { .string($0) }
        params["mode"] = arguments["mode"].map { .string($0) }
        params["label"] = arguments["label"].map { .string($0) }
        params["cleanup"] = arguments["cleanup"].map { .string($0) }
        params["runTimeoutSeconds"] = try arguments.integer("run-timeout", in: 0...31_536_000).map { .integer($0) }
        let client = try target.connect()
        if !isJSON {
            terminal.print("Spawning agent '\(arguments["agent"] ?? "default")' with runtime '\(runtime)'...")
        }
        let answer = try client.request("sessions.spawn", .object(params))
        guard answer["status"]?.string == "accepted", let key = answer["childSessionKey"]?.string,
            let runID = answer["runId"]?.string
        else { return try refused(answer) }
        if !isJSON {
            terminal.print("Agent spawned successfully in session \(key)")
            terminal.print("[\(key)] Executing task: \(task)")
        }
        if arguments.has("no-wait") {
            if isJSON { terminal.print(answer.prettyPrinted()) }
            client.close()
            return 0
        }
        if !isJSON {
            progress.begin()
            output.watch = { [unowned self] event in progress.take(event) }
        }
        let outcome = try output.follow(client, runID: runID)
        progress.finish()
        return finish(answer, key: key, outcome)
    }

    private func refused(_ answer: JSON) throws -> Int32 {
        if isJSON { terminal.print(answer.prettyPrinted()) }
        var failure = CommandFailure(
            .spawnRefused, answer["error"]?.string ?? "the spawn was refused", hint: answer["remediationHint"]?.string)
        failure.exitCode = SpawnCommand.exitCode(answer)
        failure.isPrinted = isJSON
        throw failure
    }

    private func finish(_ answer: JSON, key: String, _ outcome: JSON) -> Int32 {
        let result = outcome["result"] ?? .null
        let status = result["status"]?.string ?? "unknown"
        let code = result["exitCode"]?.integer.flatMap { Int32(exactly: $0) } ?? (status == "ok" ? 0 : 1)
        if isJSON {
            var object = answer.object ?? JSONObject()
            object["result"] = result
            terminal.print(JSON.object(object).prettyPrinted())
            return code
        }
        output.complete(result)
        let hasExited = result["exitCode"]?.integer != nil
        switch status {
        case "ok" where hasExited, "error" where hasExited:
            if let cause = result["cause"]?.string, code == 127 { terminal.note("[\(key)] \(cause)") }
            terminal.print("[\(key)] Task completed. Exit code: \(code)")
        default:
            terminal.print("[\(key)] Task ended: \(status)\(result["cause"]?.string.map { " (\($0))" } ?? "")")
        }
        return code
    }
}
