internal import Client
internal import JSON

/// `explain`: why somebody was, or would be, let in or not.
enum ExplainCommand {
    static let command = Command(
        "explain", operands: "[DECISION-ID | REQUEST-ID | RUN-ID]",
        summary: "Shows the walk over the admission rules: of a past connection, or of one that does not exist.",
        options: CommandTable.clientOptions + [
            .init("from", "IP", "dry run: the address that the socket comes from (default 127.0.0.1)"),
            .init("client", "ID/MODE", "dry run: what the client says it is (default cli/cli)"),
            .init("device", "DEVICE", "dry run: new (default), none, or the id of a paired or derived device"),
            .init("credential", "WHAT", "dry run: ok (default), wrong, none, or device for the device's own token"),
            .init("role", "ROLE", "dry run: operator (default) or node"),
            .init("scope", "A,B", "dry run: what it asks for (default read,write)"),
            .init("forwarded-for", "TEXT", "dry run: an X-Forwarded-For header"),
            .init("origin", "ORIGIN", "dry run: an Origin header"),
            .init("host", "HOST", "dry run: a Host header"),
            .init("listener", "KIND", "dry run: network (default), unix (a socket for proxies), or owner"),
            .init("relayed-for", "IP", "dry run: the client that a PROXY header names, or unknown"),
            .init("user", "NAME", "dry run: the user whom an identity-aware proxy names"),
            .init("tailscale-login", "LOGIN", "dry run: the user whom tailscale serve names, and the daemon confirms"),
        ],
        notes: [
            "Ids stand in refusals (details.decisionId, details.requestId) and in the log (decision=…); the first eight",
            "characters are enough. The gateway keeps the last 128 decisions since its start.",
            "Of a run it says where it is, or what it waits for.",
            "For instance: sallyport explain --from 172.18.0.1 --client cli/cli --device new",
            "With --user or --tailscale-login the client brings no credential, unless --credential says so.",
        ]
    ) { invocation in
        let params = try params(invocation.arguments)
        return try DevicesCommands.with(invocation) { client in
            let result = try client.request("admission.explain", params)
            invocation.terminal.print(
                invocation.arguments.has("json") ? result.prettyPrinted() : text(result).joined(separator: "\n"))
            return 0
        }
    }

    private static func params(_ arguments: Arguments) throws(CommandFailure) -> JSON {
        let dryRun = [
            ("from", "from"), ("client", "client"), ("device", "device"), ("credential", "token"), ("role", "role"),
            ("forwarded-for", "forwardedFor"), ("origin", "origin"), ("host", "host"), ("listener", "listener"),
            ("relayed-for", "relayedFor"), ("user", "user"), ("tailscale-login", "tailscaleLogin"),
        ]
        var members = JSONObject()
        for (option, member) in dryRun { members[member] = arguments[option].map { .string($0) } }
        if let scopes = arguments["scope"] { members["scopes"] = .array(ScopeNames.read(scopes).map { .string($0) }) }
        guard let id = arguments.operands.first else { return .object(JSONObject([("dryRun", .object(members))])) }
        guard arguments.operands.count == 1, members.isEmpty else {
            throw CommandFailure(
                .operands, "explain takes one id, or the options of a dry run", hint: "see: sallyport explain --help")
        }
        return .object(JSONObject([("id", .string(id))]))
    }

    /// Where a run is, or what it waits for.
    private static func run(_ result: JSON) -> [String] {
        func field(_ name: String) -> String { result[name]?.string ?? "-" }
        var lines = [
            "Run \(field("runId")) of \(field("agentId")) is \(field("phase"))", "session \(field("sessionKey"))",
        ]
        if let pool = result["pool"]?.string {
            lines.append("pool \(pool), worker \(result["workerId"]?.string.map { String($0.prefix(12)) } ?? "none")")
        }
        if let reason = result["waitingFor"]?.string { lines.append("It waits: \(reason)") }
        if let cause = result["cause"]?.string { lines.append("It ended: \(cause)") }
        let candidates = result["candidates"]?.array ?? []
        guard !candidates.isEmpty else { return lines }
        let rows = candidates.map { worker in
            [
                String((worker["workerId"]?.string ?? "-").prefix(12)), worker["name"]?.string ?? "-",
                worker["verdict"]?.string ?? "-",
            ]
        }
        return lines + ["", Terminal.table([["WORKER", "NAME", "VERDICT"]] + rows)]
    }

    private static func text(_ result: JSON) -> [String] {
        func field(_ name: String) -> String { result[name]?.string ?? "-" }
        if result["phase"] != nil { return run(result) }
        let isAdmitted = field("outcome") == "admitted"
        var lines = [
            isAdmitted
                ? "Admitted (\(field("method")), scopes \(ScopeNames.short(result["scopes"])))"
                : "Refused: \(field("message"))",
            "client \(field("client")), peer \(field("peer")), client address \(field("clientAddress"))"
                + ", asks for \(ScopeNames.short(result["requestedScopes"]))",
            "",
        ]
        var rows = [["RULE", "VERDICT", "FACT"]]
        for step in result["walk"]?.array ?? [] {
            rows.append([
                step["rule"]?.string ?? "-", step["verdict"]?.string ?? "-", step["fact"]?.string ?? "",
            ])
            for setting in step["settings"]?.array ?? [] where setting["source"]?.string != "default" {
                rows.append([
                    "", "",
                    "\(setting["path"]?.string ?? ""): \(setting["value"]?.string ?? "") (\(setting["source"]?.string ?? ""))",
                ])
            }
        }
        lines.append(Terminal.table(rows))
        let fixes = (result["fixes"]?.array ?? []).compactMap(\.string)
        if !fixes.isEmpty {
            lines += ["", "What would let it in, the safest first:"]
            lines += fixes.enumerated().map { "  \($0 + 1). \($1)" }
        }
        return lines
    }
}
