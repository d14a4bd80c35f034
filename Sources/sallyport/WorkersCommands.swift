internal import Client
internal import JSON

/// `workers`: who works for the gateway's pools.
enum WorkersCommands {
    static let list = Command(
        "workers list", aliases: ["workers"], summary: "Lists pools, their workers, and what waits for them.",
        options: CommandTable.clientOptions
    ) { invocation in
        let target = try Target.resolve(invocation, scopes: ["operator.read"])
        let client = try target.connect()
        let result = try client.request("workers.list")
        client.close()
        if invocation.arguments.has("json") {
            invocation.terminal.print(result.prettyPrinted())
            return 0
        }
        let pools = result["pools"]?.array ?? []
        guard !pools.isEmpty else {
            invocation.terminal.print("No pools: no agent names one (agents.list[].pool), and no worker is there.")
            return 0
        }
        var lines = [
            Terminal.table(
                [["POOL", "WORKERS", "RUNNING", "CAPACITY", "WAITING", "WHY"]]
                    + pools.map { pool in
                        [
                            text(pool, "name"), number(pool, "workers"), number(pool, "running"),
                            number(pool, "capacity"), number(pool, "waiting"), text(pool, "reason"),
                        ]
                    })
        ]
        let workers = result["workers"]?.array ?? []
        if !workers.isEmpty {
            lines += [
                "",
                Terminal.table(
                    [["WORKER", "NAME", "POOL", "STATE", "RUNNING", "ENDED", "LOST", "FROM", "LAST SEEN"]]
                        + workers.map { worker in
                            [
                                String(text(worker, "workerId").prefix(12)), text(worker, "name"),
                                text(worker, "pool"), text(worker, "state"),
                                number(worker, "running") + "/" + number(worker, "capacity"), number(worker, "ended"),
                                number(worker, "lost"), text(worker, "address"),
                                Timestamp.text(worker["lastSeenAtMs"]?.integer),
                            ]
                        }),
            ]
        }
        invocation.terminal.print(lines.joined(separator: "\n"))
        return 0
    }

    static let drain = Command(
        "workers drain", operands: "WORKER",
        summary: "Lets a worker finish what it has and gives it nothing more; --resume takes that back.",
        options: CommandTable.clientOptions + [.init("resume", nil, "give it runs again")],
        notes: ["WORKER is its name or id, or the first characters of the id, as workers list shows it."]
    ) { invocation in
        guard let worker = invocation.arguments.operands.first, invocation.arguments.operands.count == 1 else {
            throw CommandFailure(.operands, "workers drain needs one worker", hint: "see: sallyport workers list")
        }
        let target = try Target.resolve(invocation, scopes: ["operator.admin"])
        let client = try target.connect()
        let isDraining = !invocation.arguments.has("resume")
        let result = try client.request(
            "workers.drain",
            .object(JSONObject([("workerId", .string(worker)), ("draining", .bool(isDraining))])))
        client.close()
        if invocation.arguments.has("json") {
            invocation.terminal.print(result.prettyPrinted())
            return 0
        }
        let row = result["worker"] ?? .null
        invocation.terminal.print(
            "\(text(row, "name")) is \(text(row, "state")), with \(number(row, "running")) runs")
        return 0
    }

    private static func text(_ row: JSON, _ name: String) -> String { row[name]?.string ?? "-" }
    private static func number(_ row: JSON, _ name: String) -> String { String(row[name]?.integer ?? 0) }
}
