internal import Client
internal import JSON

/// `auth …`: addresses that are locked out for guessing.
enum AuthCommands {
    static let lockouts = Command(
        "auth lockouts", summary: "Lists addresses that are locked out for guessing credentials.",
        options: CommandTable.clientOptions
    ) { invocation in
        try DevicesCommands.with(invocation) { client in
            let result = try client.request("auth.lockouts")
            if invocation.arguments.has("json") {
                invocation.terminal.print(result.prettyPrinted())
                return 0
            }
            let rows = (result["lockouts"]?.array ?? []).map { entry in
                [entry["client"]?.string ?? "-", Timestamp.text(entry["untilMs"]?.integer)]
            }
            invocation.terminal.print(
                rows.isEmpty ? "Nobody is locked out" : Terminal.table([["CLIENT", "UNTIL"]] + rows))
            return 0
        }
    }

    static let unlock = Command(
        "auth unlock", operands: "[CLIENT]", summary: "Ends the lockout of an address, or of all.",
        options: CommandTable.clientOptions
    ) { invocation in
        let operands = invocation.arguments.operands
        guard operands.count <= 1 else {
            throw CommandFailure(.operands, "this takes one client at most", hint: "see: sallyport auth lockouts")
        }
        return try DevicesCommands.with(invocation) { client in
            var params = JSONObject()
            params["client"] = operands.first.map { .string($0) }
            let result = try client.request("auth.unlock", .object(params))
            let ended = (result["unlocked"]?.array ?? []).compactMap(\.string)
            invocation.terminal.print(
                invocation.arguments.has("json")
                    ? result.prettyPrinted()
                    : ended.isEmpty ? "Nobody was locked out" : "Unlocked \(ended.joined(separator: ", "))")
            return 0
        }
    }
}
