internal import Client
internal import JSON

/// `devices rotate` and `devices revoke`: tokens of paired devices.
enum DeviceTokenCommands {
    private static let options: [Command.Option] = [
        .init("device", "ID", "the device; the beginning of its id is enough"),
        .init("role", "ROLE", "operator (default) or node"),
    ]

    static let rotate = Command(
        "devices rotate",
        summary: "Makes a new token for a paired device; the old one, and what it spawned, end at once.",
        options: CommandTable.clientOptions + options + [
            .init("scope", "A,B", "fewer scopes than before; never more than were approved")
        ],
        notes: ["The device gets its new token when it connects with the gateway's shared token."]
    ) { invocation in
        try act(invocation, "device.token.rotate", done: "Rotated the token of", scopes: invocation.arguments["scope"])
    }

    static let revoke = Command(
        "devices revoke", summary: "Makes a paired device's token void; the device has to be approved again.",
        options: CommandTable.clientOptions + options
    ) { invocation in
        try act(invocation, "device.token.revoke", done: "Revoked the token of", scopes: nil)
    }

    private static func act(
        _ invocation: Invocation, _ method: String, done: String, scopes: String?
    ) throws -> Int32 {
        guard let typed = invocation.arguments["device"] else {
            throw CommandFailure(.missingOption, "this needs --device ID", hint: "see: sallyport devices list")
        }
        let role = try invocation.arguments.choice("role", ["operator", "node"]) ?? "operator"
        return try DevicesCommands.with(invocation) { client in
            let id = try DevicesCommands.deviceID(typed, client)
            var params = JSONObject([("deviceId", .string(id)), ("role", .string(role))])
            if let scopes { params["scopes"] = .array(ScopeNames.read(scopes).map { .string($0) }) }
            let result = try client.request(method, .object(params))
            invocation.terminal.print(
                invocation.arguments.has("json") ? result.prettyPrinted() : "\(done) \(id) (\(role))")
            return 0
        }
    }
}

/// Scopes as people type them: `read,write`, or with their full names.
enum ScopeNames {
    static func read(_ text: String) -> [String] {
        text.split(separator: ",").map { name in
            let name = name.drop { $0 == " " }
            return name.contains(".") ? String(name) : "operator.\(name)"
        }
    }

    static func short(_ json: JSON?) -> String {
        let names = json?.array?.compactMap(\.string) ?? []
        return names.isEmpty
            ? "-" : names.map { $0.hasPrefix("operator.") ? String($0.dropFirst(9)) : $0 }.joined(separator: ",")
    }
}
