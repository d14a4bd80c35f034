internal import Client
internal import JSON

enum AgentsCommand {
    static let list = Command(
        "agents list", aliases: ["agents"], summary: "Lists the agents that the gateway knows.",
        options: CommandTable.clientOptions
    ) { invocation in
        let target = try Target.resolve(invocation, scopes: ["operator.read"])
        let client = try target.connect()
        let result = try client.request("agents.list")
        client.close()
        if invocation.arguments.has("json") {
            invocation.terminal.print(result.prettyPrinted())
            return 0
        }
        var rows = [["AGENT", "NAME", "RUNTIME", "DEFAULT", "WORKSPACE"]]
        for agent in result["agents"]?.array ?? [] {
            let id = agent["id"]?.string ?? "?"
            rows.append([
                id, agent["name"]?.string ?? id, agent["agentRuntime"]?["id"]?.string ?? "-",
                id == result["defaultId"]?.string ? "yes" : "", agent["workspace"]?.string ?? "-",
            ])
        }
        invocation.terminal.print(Terminal.table(rows))
        return 0
    }
}

/// `pairing`: OpenClaw's pairing of people who write to its channels. There are none here, and who types it means devices.
enum PairingCommand {
    static let list = Command(
        "pairing list", aliases: ["pairing"], operands: "[CHANNEL]",
        summary: "Lists senders of channels that wait for pairing: none; devices are under devices list.",
        options: [.init("json", nil, "print JSON")]
    ) { invocation in
        let hint = "devices are paired under: sallyport devices list, sallyport devices approve REQUEST-ID"
        if invocation.arguments.has("json") {
            invocation.terminal.print(
                JSON.object(JSONObject([("requests", []), ("hint", .string(hint))])).prettyPrinted())
        } else {
            invocation.terminal.print("No channel has senders to pair; \(hint)")
        }
        return 0
    }
}
