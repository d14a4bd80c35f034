internal import Client
internal import JSON

/// `sessions send`: one turn of a session, with its output as it comes.
enum SendCommand {
    static let command = Command(
        "sessions send", operands: "SESSION-ID -- MESSAGE…",
        summary: "Sends a message to a session and waits for its answer.",
        options: [
            .init("no-wait", nil, "return when the message is accepted"),
            .init("run-timeout", "SECONDS", "end the turn after this time"),
        ] + CommandTable.clientOptions,
        notes: [
            "Exit code: that of the agent's command, or 1.", "",
            "example: sallyport sessions send main -- \"and now?\"",
        ]
    ) { invocation in
        let operands = invocation.arguments.operands
        guard let key = operands.first, operands.count > 1 else {
            throw CommandFailure(
                .operands, "sessions send takes a session id and a message",
                hint: "sallyport sessions send main -- \"message\"")
        }
        let timeout = try invocation.arguments.integer("run-timeout", in: 1...31_536_000)
        let target = try Target.resolve(invocation, scopes: ["operator.read", "operator.write"])
        let client = try target.connect()
        var params = JSONObject([
            ("key", .string(key)), ("message", .string(operands.dropFirst().joined(separator: " "))),
        ])
        params["timeoutMs"] = timeout.map { .integer($0 * 1000) }
        let answer = try client.request("sessions.send", .object(params))
        let isJSON = invocation.arguments.has("json")
        guard !invocation.arguments.has("no-wait"), let runID = answer["runId"]?.string else {
            client.close()
            invocation.terminal.print(
                isJSON ? answer.prettyPrinted() : "Accepted: run \(answer["runId"]?.string ?? "-")")
            return 0
        }
        let output = RunOutput(target, invocation.terminal, isSilent: isJSON)
        let outcome = try output.follow(client, runID: runID)
        return finish(answer, outcome, output, invocation)
    }

    private static func finish(
        _ answer: JSON, _ outcome: JSON, _ output: RunOutput, _ invocation: Invocation
    ) -> Int32 {
        let result = outcome["result"] ?? .null
        let status = result["status"]?.string ?? outcome["status"]?.string ?? "unknown"
        let code = result["exitCode"]?.integer.flatMap { Int32(exactly: $0) } ?? (status == "ok" ? 0 : 1)
        if invocation.arguments.has("json") {
            var object = answer.object ?? JSONObject()
            object["status"] = .string(status)
            object["result"] = result
            invocation.terminal.print(JSON.object(object).prettyPrinted())
            return code
        }
        output.complete(result)
        if status != "ok" {
            invocation.terminal.note(
                "sallyport: the turn ended: \(status)\(result["cause"]?.string.map { " (\($0))" } ?? "")")
        }
        return code
    }
}
