internal import Client
internal import Glibc
internal import JSON

/// `cron add`: a job from options.
enum CronAddCommand {
    static let command = Command(
        "cron add", summary: "Adds a job.",
        options: CommandTable.clientOptions + [
            .init("name", "TEXT", "what it is called"),
            .init("at", "TIME", "once: ISO 8601 (without a zone: UTC), or from now on: 20m, 2h, 1d"),
            .init("every", "TIME", "again and again: 90s, 10m, 24h, 7d"),
            .init("cron", "EXPR", "minute hour day-of-month month day-of-week, perhaps with seconds in front"),
            .init("tz", "ZONE", "of --cron, such as Europe/Berlin (default: the gateway host's)"),
            .init("stagger", "TIME", "spread --cron by up to so much (default: 5m for recurring full hours)"),
            .init("exact", nil, "no stagger"),
            .init("message", "TEXT", "what the agent is to do"),
            .init("session", "WHERE", "of --message: isolated (default), current, or session:KEY"),
            .init("system-event", "TEXT", "instead of --message: a word to the agent's main session"),
            .init("wake", "MODE", "now (default), or next-heartbeat: before the session's next turn"),
            .init("agent", "ID", "agent to run (default: the default agent)"),
            .init("run-timeout", "SECONDS", "how long a run may take"),
            .init("description", "TEXT", "what it is for"),
            .init("announce", nil, "put the result into the main session (default for isolated)"),
            .init("no-deliver", nil, "leave the result in the log"),
            .init("delete-after-run", nil, "remove it after its first success (default for --at)"),
            .init("keep-after-run", nil, "keep it, disabled, after --at"),
            .init("disabled", nil, "without letting it fire yet"),
        ],
        notes: [
            "example: sallyport cron add --name report --cron '30 7 * * 1-5' --tz Europe/Berlin --message 'sum up'"
        ]
    ) { invocation in
        let params = try job(invocation.arguments)
        let result = try CronCommands.with(invocation, ["operator.read", "operator.write", "operator.admin"]) {
            try $0.request("cron.add", .object(params))
        }
        return CronCommands.show(invocation, result) {
            let nextMs = result["state"]?["nextRunAtMs"]?.integer
            return "Added \(CronCommands.text(result, "id"))"
                + (nextMs.map { ", fires at \(Timestamp.text($0)) UTC" } ?? "")
        }
    }

    private static func job(_ arguments: Arguments) throws(CommandFailure) -> JSONObject {
        guard let name = arguments["name"] else { throw usage(.missingOption, "cron add needs --name") }
        var job = JSONObject([("name", .string(name)), ("schedule", try schedule(arguments))])
        switch (arguments["message"], arguments["system-event"]) {
        case (let message?, nil):
            var payload = JSONObject([("kind", "agentTurn"), ("message", .string(message))])
            payload["timeoutSeconds"] = try arguments.integer("run-timeout", in: 1...604_800).map { .integer($0) }
            job["payload"] = .object(payload)
            job["sessionTarget"] = .string(arguments["session"] ?? "isolated")
        case (nil, let event?):
            job["payload"] = .object(JSONObject([("kind", "systemEvent"), ("text", .string(event))]))
            job["sessionTarget"] = "main"
        default: throw usage(.missingOption, "cron add needs one of --message and --system-event")
        }
        job["wakeMode"] = .string(try arguments.choice("wake", ["now", "next-heartbeat"]) ?? "now")
        job["agentId"] = arguments["agent"].map { .string($0) }
        job["description"] = arguments["description"].map { .string($0) }
        try job["delivery"] = either(arguments, "announce", "no-deliver").map {
            .object(JSONObject([("mode", $0 ? "announce" : "none")]))
        }
        try job["deleteAfterRun"] = either(arguments, "delete-after-run", "keep-after-run").map { .bool($0) }
        if arguments.has("disabled") { job["enabled"] = false }
        return job
    }

    private static func schedule(_ arguments: Arguments) throws(CommandFailure) -> JSON {
        for name in ["tz", "stagger"] where arguments[name] != nil && arguments["cron"] == nil {
            throw usage(.missingOption, "--\(name) goes with --cron")
        }
        switch (arguments["at"], arguments["every"], arguments["cron"]) {
        case (let at?, nil, nil):
            let time: JSON =
                DurationText.seconds(at, limit: 3_660 * 86_400)
                .map { .integer((Int64(Glibc.time(nil)) + $0) * 1000) } ?? .string(at)
            return .object(JSONObject([("kind", "at"), ("at", time)]))
        case (nil, let every?, nil):
            return .object(
                JSONObject([("kind", "every"), ("everyMs", .integer(try milliseconds("every", every)))]))
        case (nil, nil, let expression?):
            var schedule = JSONObject([("kind", "cron"), ("expr", .string(expression))])
            schedule["tz"] = arguments["tz"].map { .string($0) }
            if let stagger = arguments["stagger"] {
                schedule["staggerMs"] = .integer(try milliseconds("stagger", stagger))
            }
            if arguments.has("exact") { schedule["staggerMs"] = 0 }
            return .object(schedule)
        default: throw usage(.missingOption, "cron add needs one of --at, --every and --cron")
        }
    }

    private static func milliseconds(_ name: String, _ text: String) throws(CommandFailure) -> Int64 {
        guard let seconds = DurationText.seconds(text, limit: 366 * 86_400), seconds > 0 else {
            throw usage(.invalidTime, "--\(name) must be a time such as 90s, 10m, 24h or 7d, not \"\(text)\"")
        }
        return seconds * 1000
    }

    /// Nil when neither is there.
    private static func either(
        _ arguments: Arguments, _ yes: String, _ no: String
    ) throws(CommandFailure) -> Bool? {
        guard !arguments.has(yes) || !arguments.has(no) else {
            throw usage(.excludingOptions, "--\(yes) and --\(no) exclude each other")
        }
        return arguments.has(yes) ? true : arguments.has(no) ? false : nil
    }

    private static func usage(_ rule: CommandRule, _ message: String) -> CommandFailure {
        CommandFailure(rule, message, hint: "see sallyport cron add --help")
    }
}
