internal import Client
internal import JSON

/// Cron jobs (docs/cron.md).
enum CronCommands {
    private static let read = ["operator.read"]
    private static let admin = ["operator.read", "operator.write", "operator.admin"]

    static let list = Command(
        "cron list", aliases: ["cron"], summary: "Lists cron jobs, what fires next first.",
        options: CommandTable.clientOptions + [
            .init("all", nil, "disabled ones too"), .init("limit", "N", "how many (default 50)"),
        ]
    ) { invocation in
        let limit = try invocation.arguments.integer("limit", in: 1...200) ?? 50
        let params = JSONObject([
            ("includeDisabled", .bool(invocation.arguments.has("all"))), ("limit", .integer(limit)),
        ])
        let result = try with(invocation, read) { try $0.request("cron.list", .object(params)) }
        return show(invocation, result) {
            let rows = (result["jobs"]?.array ?? []).map { job in
                [
                    text(job, "id"), text(job, "name"), schedule(job["schedule"]), text(job, "sessionTarget"),
                    Timestamp.text(job["state"]?["nextRunAtMs"]?.integer), status(job),
                ]
            }
            return Terminal.table([["ID", "NAME", "SCHEDULE", "SESSION", "NEXT (UTC)", "STATUS"]] + rows)
        }
    }

    static let status = Command(
        "cron status", summary: "Says whether jobs fire, and when the next one does.",
        options: CommandTable.clientOptions
    ) { invocation in
        let result = try with(invocation, read) { try $0.request("cron.status") }
        return show(invocation, result) {
            "\(result["enabled"]?.bool == true ? "enabled" : "disabled"), \(result["jobs"]?.integer ?? 0) jobs, "
                + "next at \(Timestamp.text(result["nextWakeAtMs"]?.integer)) UTC"
        }
    }

    static let show = Command(
        "cron show", operands: "JOB-ID", summary: "Prints a job.", options: CommandTable.clientOptions
    ) { invocation in
        let params = try job(invocation)
        invocation.terminal.print(
            try with(invocation, read) { try $0.request("cron.get", .object(params)) }.prettyPrinted())
        return 0
    }

    static let run = Command(
        "cron run", operands: "JOB-ID", summary: "Runs a job now; its schedule stays as it is.",
        options: CommandTable.clientOptions + [.init("due", nil, "only if its time has come")],
        notes: ["exit code 1: it runs already, or is not due"]
    ) { invocation in
        var params = try job(invocation)
        params["mode"] = invocation.arguments.has("due") ? "due" : "force"
        let result = try with(invocation, admin) { try $0.request("cron.run", .object(params)) }
        let runID = result["runId"]?.string
        _ = show(invocation, result) { runID.map { "Enqueued \($0)" } ?? "Not run: \(text(result, "reason"))" }
        return runID == nil ? 1 : 0
    }

    static let runs = Command(
        "cron runs", operands: "[JOB-ID]", summary: "Lists what ran, the latest first.",
        options: CommandTable.clientOptions + [.init("limit", "N", "how many (default 50)")]
    ) { invocation in
        var params = invocation.arguments.operands.isEmpty ? JSONObject([("scope", "all")]) : try job(invocation)
        params["limit"] = .integer(try invocation.arguments.integer("limit", in: 1...200) ?? 50)
        let result = try with(invocation, read) { try $0.request("cron.runs", .object(params)) }
        return show(invocation, result) {
            let rows = (result["entries"]?.array ?? []).map { entry in
                let said = entry["error"]?.string ?? entry["summary"]?.string ?? "-"
                return [
                    Timestamp.text(entry["runAtMs"]?.integer), text(entry, "status"),
                    entry["durationMs"]?.integer.map { "\($0) ms" } ?? "-",
                    entry["jobName"]?.string ?? text(entry, "jobId"),
                    String(said.prefix { !$0.isNewline }.prefix(80)),
                ]
            }
            return Terminal.table([["STARTED (UTC)", "STATUS", "TOOK", "JOB", "RESULT"]] + rows)
        }
    }

    static let enable = Command(
        "cron enable", operands: "JOB-ID", summary: "Lets a job fire again.", options: CommandTable.clientOptions
    ) { try change($0, ["enabled": true], done: "Enabled") }

    static let disable = Command(
        "cron disable", operands: "JOB-ID", summary: "Keeps a job, without letting it fire.",
        options: CommandTable.clientOptions
    ) { try change($0, ["enabled": false], done: "Disabled") }

    static let remove = Command(
        "cron rm", operands: "JOB-ID", summary: "Removes a job; its runs stay in the log.",
        options: CommandTable.clientOptions
    ) { invocation in
        let params = try job(invocation)
        let result = try with(invocation, admin) { try $0.request("cron.remove", .object(params)) }
        let isRemoved = result["removed"]?.bool == true
        _ = show(invocation, result) { "\(isRemoved ? "Removed" : "There is no job") \(text(.object(params), "id"))" }
        return isRemoved ? 0 : 1
    }

    // MARK: - Parts

    private static func change(_ invocation: Invocation, _ patch: JSON, done: String) throws -> Int32 {
        var params = try job(invocation)
        params["patch"] = patch
        let result = try with(invocation, admin) { try $0.request("cron.update", .object(params)) }
        return show(invocation, result) { "\(done) \(text(result, "id"))" }
    }

    private static func job(_ invocation: Invocation) throws(CommandFailure) -> JSONObject {
        guard let id = invocation.arguments.operands.first, invocation.arguments.operands.count == 1 else {
            throw CommandFailure(.operands, "this needs one job id", hint: "see: sallyport cron list")
        }
        return JSONObject([("id", .string(id))])
    }

    static func with<Value>(
        _ invocation: Invocation, _ scopes: [String], _ body: (GatewayClient) throws -> Value
    ) throws -> Value {
        let client = try Target.resolve(invocation, scopes: scopes).connectAsOwner()
        defer { client.close() }
        return try body(client)
    }

    static func show(_ invocation: Invocation, _ result: JSON, _ text: () -> String) -> Int32 {
        invocation.terminal.print(invocation.arguments.has("json") ? result.prettyPrinted() : text())
        return 0
    }

    static func text(_ entry: JSON, _ key: String) -> String { entry[key]?.string ?? "-" }

    static func schedule(_ schedule: JSON?) -> String {
        switch schedule?["kind"]?.string {
        case "at": "at \(schedule?["at"]?.string ?? "?")"
        case "every":
            schedule?["everyMs"]?.integer.map {
                $0 % 1000 == 0 ? "every \(DurationText.text($0 / 1000))" : "every \($0) ms"
            }
                ?? "?"
        default: [schedule?["expr"]?.string ?? "?", schedule?["tz"]?.string].compactMap { $0 }.joined(separator: " ")
        }
    }

    private static func status(_ job: JSON) -> String {
        if job["state"]?["runningAtMs"] != nil { return "running" }
        if job["enabled"]?.bool == false { return "disabled" }
        return job["state"]?["lastRunStatus"]?.string ?? "idle"
    }
}
