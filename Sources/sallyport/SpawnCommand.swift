internal import Client
internal import EventLoop
internal import JSON

/// `sessions_spawn`: asks for a run, shows its output as it comes, and ends with the task's exit code.
enum SpawnCommand {
    static let command = Command(
        "sessions_spawn", aliases: ["sessions spawn"], operands: "-- TASK…",
        summary: "Spawns an agent and waits for its result.",
        options: [
            .init("agent", "ID", "agent to run (default: the session's own)"),
            .init("runtime", "NAME", "subagent (default)"),
            .init("session", "KEY", "session that spawns (default: the main session)"),
            .init("label", "TEXT", "shown in lists"),
            .init("run-timeout", "SECONDS", "end the run after this time; 0: never"),
            .init("cleanup", "MODE", "keep (default) or delete the session afterwards"),
            .init("no-wait", nil, "return when the spawn is accepted"),
        ] + CommandTable.clientOptions,
        notes: [
            "Exit codes: the command's own; or 7 agent not allowed, 65 too many children, 78 configuration unusable,",
            "2 wrong usage, 1 other failures.", "",
            "example: sallyport sessions_spawn --agent lines -- /etc/passwd",
        ]
    ) { invocation in
        let task = invocation.arguments.operands.joined(separator: " ")
        guard !task.isEmpty else {
            throw CommandFailure.usage(
                "sessions_spawn needs a task", hint: "sallyport sessions_spawn --agent ID -- \"task\"")
        }
        _ = try invocation.arguments.choice("cleanup", ["keep", "delete"])
        _ = try invocation.arguments.integer("run-timeout", in: 0...31_536_000)
        return try SpawnSession(invocation, task: task).run()
    }
}

/// One invocation of `sessions_spawn`.
private final class SpawnSession {
    /// How long a gateway that went away may take to come back.
    private static let reconnectGrace = Duration.seconds(60)

    private let invocation: Invocation
    private let task: String
    private let target: Target
    private let isJSON: Bool
    private var printedBytes = 0
    private var endsWithLine = true

    init(_ invocation: Invocation, task: String) throws {
        self.invocation = invocation
        self.task = task
        target = try Target.resolve(invocation, scopes: ["operator.read", "operator.write"])
        isJSON = invocation.arguments.has("json")
    }

    private var terminal: Terminal { invocation.terminal }

    func run() throws -> Int32 {
        let arguments = invocation.arguments
        let runtime = arguments["runtime"] ?? "subagent"
        var params = JSONObject([("task", .string(task)), ("runtime", .string(runtime))])
        params["agentId"] = arguments["agent"].map { .string($0) }
        params["sessionKey"] = arguments["session"].map { .string($0) }
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
        let outcome = try follow(client, runID: runID)
        return finish(answer, key: key, outcome)
    }

    private func refused(_ answer: JSON) throws -> Int32 {
        let code: Int32 =
            switch answer["kind"]?.string {
            case "agent-not-allowed": 7
            case "session-limit": 65
            default: 1
            }
        if isJSON { terminal.print(answer.prettyPrinted()) }
        throw CommandFailure(
            answer["error"]?.string ?? "the spawn was refused", hint: answer["remediationHint"]?.string, exitCode: code)
    }

    /// Prints output as it comes until the run has ended; comes back when the gateway was away.
    private func follow(_ first: GatewayClient, runID: String) throws -> JSON {
        var client = first
        var policy = ReconnectPolicy()
        var generator = SystemRandomNumberGenerator()
        var brokenSince: MonotonicInstant?
        while true {
            do throws(ClientError) {
                let outcome = try wait(client, runID: runID)
                client.close()
                return outcome
            } catch {
                let now = MonotonicInstant.now()
                let since = brokenSince ?? now
                brokenSince = since
                guard case .retry(let delay) = policy.failed(error, using: &generator),
                    now - since < Self.reconnectGrace
                else { throw error }
                terminal.note("sallyport: \(error); trying again")
                Waiting.sleep(delay)
                if let again = try? GatewayClient.connect(target.options) {
                    client = again
                    brokenSince = nil
                }
            }
        }
    }

    private func wait(_ client: GatewayClient, runID: String) throws(ClientError) -> JSON {
        let params: JSON = .object(JSONObject([("runId", .string(runID)), ("timeoutMs", 3_600_000)]))
        var waiting = try client.send("agent.wait", params)
        while true {
            guard let message = try client.nextMessage(timeout: .seconds(5)) else { continue }
            switch message {
            case .event("agent", let payload, _) where payload["runId"]?.string == runID: show(payload)
            case .response(waiting, .success(let outcome)):
                if outcome["result"] != nil { return outcome }
                // The window is over, the run is not.
                waiting = try client.send("agent.wait", params)
            case .response(waiting, .failure(let body)):
                throw .refused(body, closeCode: nil, closeReason: nil)
            default: break
            }
        }
    }

    private func show(_ payload: JSON) {
        guard !isJSON, let text = payload["data"]?["delta"]?.string, !text.isEmpty else { return }
        switch payload["stream"]?.string {
        case "assistant":
            terminal.printRaw(text)
            printedBytes += text.utf8.count
            endsWithLine = text.hasSuffix("\n")
        case "command_output": terminal.noteRaw(text)
        default: break
        }
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
        let totalBytes = result["totalBytes"]?.integer ?? 0
        if printedBytes < totalBytes, let text = result["text"]?.string, !text.isEmpty {
            if printedBytes > 0 {
                terminal.note("sallyport: output was missed while the gateway was away; the text again:")
            }
            terminal.printRaw(text)
            endsWithLine = text.hasSuffix("\n")
        }
        if !endsWithLine { terminal.print("") }
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
