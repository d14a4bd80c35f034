internal import Client
internal import JSON

/// `approvals …`: what agents may only do once an operator has said so.
enum ApprovalsCommands {
    static let list = Command(
        "approvals list", summary: "Lists what agents ask permission for.", options: CommandTable.clientOptions
    ) { invocation in
        try DevicesCommands.with(invocation) { client in
            let result = try client.request("exec.approval.list")
            if invocation.arguments.has("json") {
                invocation.terminal.print(result.prettyPrinted())
                return 0
            }
            let rows = (result.array ?? []).map { entry in
                [
                    entry["id"]?.string ?? "-", entry["request"]?["agentId"]?.string ?? "-",
                    entry["request"]?["kind"]?.string ?? "-", entry["request"]?["command"]?.string ?? "-",
                    Timestamp.text(entry["expiresAtMs"]?.integer),
                ]
            }
            invocation.terminal.print(
                rows.isEmpty
                    ? "Nobody asks for a permission"
                    : Terminal.table([["ID", "AGENT", "KIND", "WHAT", "EXPIRES"]] + rows))
            return 0
        }
    }

    static let resolve = Command(
        "approvals resolve", operands: "ID DECISION",
        summary: "Decides what an agent asked for: allow-once, allow-always or deny.",
        options: CommandTable.clientOptions
    ) { invocation in
        let operands = invocation.arguments.operands
        guard operands.count == 2 else {
            throw CommandFailure(
                .operands, "approvals resolve takes an id and a decision",
                hint: "sallyport approvals resolve ID allow-once")
        }
        return try DevicesCommands.with(invocation) { client in
            let result = try client.request(
                "exec.approval.resolve", ["id": .string(operands[0]), "decision": .string(operands[1])])
            invocation.terminal.print(
                invocation.arguments.has("json") ? result.prettyPrinted() : "Decided: \(operands[1])")
            return 0
        }
    }
}
