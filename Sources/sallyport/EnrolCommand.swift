internal import Client
internal import JSON

/// `devices enroll`: tokens with which unattended devices pair themselves.
enum EnrolCommand {
    private static let maxLifeSeconds: Int64 = 90 * 86_400

    static let command = Command(
        "devices enroll", summary: "Makes a token with which a device pairs itself, without anybody to approve it.",
        options: CommandTable.clientOptions + [
            .init("scope", "A,B", "what a device gets at most (default read)"),
            .init("pool", "NAME", "for a worker of this pool: it gets no other scope"),
            .init("role", "ROLE", "operator (default) or node"),
            .init("uses", "N", "for how many devices (default 1)"),
            .init("ttl", "TIME", "how long it is good: 30s, 10m, 24h, 7d (default 1h, at most 90d)"),
            .init("label", "TEXT", "what it is for, shown by --list"),
            .init("list", nil, "list the tokens that are good now"),
            .init("revoke", "ID", "make one void"),
        ],
        notes: [
            "The device sends it as auth.bootstrapToken; sallyport does with --bootstrap-token TOKEN or",
            "SALLYPORT_BOOTSTRAP_TOKEN. It is shown once and kept as a digest only.",
        ]
    ) { invocation in
        try DevicesCommands.with(invocation) { client in
            if invocation.arguments.has("list") { return try list(invocation, client) }
            if let id = invocation.arguments["revoke"] { return try revoke(invocation, client, id) }
            return try create(invocation, client)
        }
    }

    private static func create(_ invocation: Invocation, _ client: GatewayClient) throws -> Int32 {
        let arguments = invocation.arguments
        var params = JSONObject([
            ("role", .string(try arguments.choice("role", ["operator", "node"]) ?? "operator")),
            ("uses", .integer(try arguments.integer("uses", in: 1...10_000) ?? 1)),
        ])
        if let pool = arguments["pool"] {
            guard arguments["scope"] == nil, arguments["role"] == nil else {
                throw CommandFailure(
                    .excludingOptions, "--pool says what the device gets; --scope and --role have no place beside it")
            }
            params["scopes"] = [.string("pool:" + pool)]
        } else if let scopes = arguments["scope"] {
            params["scopes"] = .array(ScopeNames.read(scopes).map { .string($0) })
        }
        if let text = arguments["ttl"] {
            guard let seconds = DurationText.seconds(text, limit: maxLifeSeconds), seconds > 0 else {
                throw CommandFailure(
                    .invalidTime, "--ttl must be a time such as 10m, 24h or 7d, at most 90d, not \"\(text)\"")
            }
            params["ttlMs"] = .integer(seconds * 1000)
        }
        params["label"] = arguments["label"].map { .string($0) }
        let result = try client.request("device.enroll.create", .object(params))
        if arguments.has("json") {
            invocation.terminal.print(result.prettyPrinted())
            return 0
        }
        // The token alone on standard output, so that a script can take it.
        invocation.terminal.print(result["token"]?.string ?? "")
        invocation.terminal.note(
            "for \(result["usesLeft"]?.integer ?? 0) device(s), scopes \(ScopeNames.short(result["scopes"])), until "
                + "\(Timestamp.text(result["expiresAtMs"]?.integer)); void with: "
                + "sallyport devices enroll --revoke \(result["id"]?.string ?? "")")
        return 0
    }

    private static func list(_ invocation: Invocation, _ client: GatewayClient) throws -> Int32 {
        let result = try client.request("device.enroll.list")
        if invocation.arguments.has("json") {
            invocation.terminal.print(result.prettyPrinted())
            return 0
        }
        let rows = (result["invitations"]?.array ?? []).map { entry in
            [
                entry["id"]?.string ?? "-", entry["kind"]?.string ?? "-", ScopeNames.short(entry["scopes"]),
                String(entry["usesLeft"]?.integer ?? 0), Timestamp.text(entry["expiresAtMs"]?.integer),
                entry["label"]?.string ?? "-",
            ]
        }
        invocation.terminal.print(Terminal.table([["ID", "KIND", "SCOPES", "USES LEFT", "UNTIL", "LABEL"]] + rows))
        return 0
    }

    private static func revoke(_ invocation: Invocation, _ client: GatewayClient, _ id: String) throws -> Int32 {
        let result = try client.request("device.enroll.revoke", .object(JSONObject([("id", .string(id))])))
        invocation.terminal.print(invocation.arguments.has("json") ? result.prettyPrinted() : "Revoked \(id)")
        return 0
    }
}
