internal import Client
internal import JSON

enum DevicesCommands {
    private static let adminScopes = ["operator.admin", "operator.pairing"]

    static let list = Command(
        "devices list", aliases: ["devices"],
        summary: "Lists devices: waiting for approval, paired, and derived for spawned sessions.",
        options: CommandTable.clientOptions
    ) { invocation in
        let result = try with(invocation) { try $0.request("device.pair.list") }
        if invocation.arguments.has("json") {
            invocation.terminal.print(result.prettyPrinted())
            return 0
        }
        var lines: [String] = []
        let pending = result["pending"]?.array ?? []
        if !pending.isEmpty {
            lines.append("Waiting for approval (sallyport devices approve REQUEST-ID):")
            lines.append(
                Terminal.table(
                    [["REQUEST ID", "DEVICE", "CLIENT", "ROLE", "SCOPES", "FROM"]]
                        + pending.map { entry in
                            [
                                text(entry, "requestId"), short(entry, "deviceId"), client(entry), text(entry, "role"),
                                scopes(entry), text(entry, "remoteIp"),
                            ]
                        }))
            lines.append("")
        }
        lines.append("Paired:")
        lines.append(
            Terminal.table(
                [["DEVICE", "CLIENT", "SCOPES", "APPROVED", "BY"]]
                    + (result["paired"]?.array ?? []).map { entry in
                        [
                            short(entry, "deviceId"), client(entry), scopes(entry),
                            Timestamp.text(entry["approvedAtMs"]?.integer), text(entry, "approvedVia"),
                        ]
                    }))
        let derived = result["derived"]?.array ?? []
        if !derived.isEmpty {
            lines += ["", "Derived (trusted by lineage, never paired):"]
            lines.append(
                Terminal.table(
                    [["DEVICE", "PARENT", "DEPTH", "SESSION"]]
                        + derived.map { entry in
                            [
                                short(entry, "deviceId"), short(entry, "parentDeviceId"),
                                String(entry["depth"]?.integer ?? 0), text(entry, "sessionKey"),
                            ]
                        }))
        }
        invocation.terminal.print(lines.joined(separator: "\n"))
        return 0
    }

    static let approve = Command(
        "devices approve", operands: "REQUEST-ID", summary: "Lets a waiting device in.",
        options: CommandTable.clientOptions
    ) { invocation in
        try act(invocation, "device.pair.approve", done: "Approved")
    }

    static let reject = Command(
        "devices reject", operands: "REQUEST-ID", summary: "Turns a waiting device away.",
        options: CommandTable.clientOptions
    ) { invocation in
        try act(invocation, "device.pair.reject", done: "Rejected")
    }

    static let remove = Command(
        "devices remove", operands: "DEVICE-ID",
        summary: "Removes a paired device; its connections and all that it spawned end at once.",
        options: CommandTable.clientOptions,
        notes: ["DEVICE-ID may be shortened, as sallyport devices list does."]
    ) { invocation in
        let typed = try operand(invocation, "device id")
        return try with(invocation) { client in
            let id = try deviceID(typed, client)
            return try finish(invocation, client, "device.pair.remove", ("deviceId", id), done: "Removed")
        }
    }

    static let clear = Command(
        "devices clear", summary: "Removes all paired devices, or turns away all that wait.",
        options: CommandTable.clientOptions + [
            .init("yes", nil, "do it; without this it is only said what would be done"),
            .init("pending", nil, "those that wait for approval, not those that are paired"),
        ]
    ) { invocation in
        try with(invocation) { client in
            let isPending = invocation.arguments.has("pending")
            let (list, key, method) =
                isPending
                ? ("pending", "requestId", "device.pair.reject") : ("paired", "deviceId", "device.pair.remove")
            let ids = (try client.request("device.pair.list")[list]?.array ?? []).compactMap { $0[key]?.string }
            let isMeant = invocation.arguments.has("yes")
            if isMeant {
                for id in ids { _ = try client.request(method, .object(JSONObject([(key, .string(id))]))) }
            }
            if invocation.arguments.has("json") {
                let answer = JSONObject([("done", .bool(isMeant)), (key + "s", .array(ids.map { .string($0) }))])
                invocation.terminal.print(JSON.object(answer).prettyPrinted())
            } else {
                let what = "\(ids.count) \(isPending ? "waiting requests" : "paired devices")"
                invocation.terminal.print(isMeant ? "Removed \(what)" : "This removes \(what); do it with --yes")
            }
            return 0
        }
    }

    private static func act(_ invocation: Invocation, _ method: String, done: String) throws -> Int32 {
        let id = try operand(invocation, "request id")
        return try with(invocation) { try finish(invocation, $0, method, ("requestId", id), done: done) }
    }

    private static func operand(_ invocation: Invocation, _ what: String) throws(CommandFailure) -> String {
        guard let id = invocation.arguments.operands.first, invocation.arguments.operands.count == 1 else {
            throw CommandFailure(.operands, "this needs one \(what)", hint: "see: sallyport devices list")
        }
        return id
    }

    private static func finish(
        _ invocation: Invocation, _ client: GatewayClient, _ method: String, _ id: (key: String, value: String),
        done: String
    ) throws -> Int32 {
        let result = try client.request(method, .object(JSONObject([(id.key, .string(id.value))])))
        invocation.terminal.print(invocation.arguments.has("json") ? result.prettyPrinted() : "\(done) \(id.value)")
        return 0
    }

    /// The whole id of the only device that begins with what was typed.
    static func deviceID(_ typed: String, _ client: GatewayClient) throws -> String {
        guard (8..<64).contains(typed.count) else { return typed }
        let devices = try client.request("device.pair.list")
        let found = ["paired", "derived"].flatMap { devices[$0]?.array ?? [] }
            .compactMap { $0["deviceId"]?.string }.filter { $0.hasPrefix(typed.lowercased()) }
        guard found.count < 2 else {
            throw CommandFailure(
                .ambiguousDevice, "\(found.count) devices begin with \(typed)", hint: "type more of the id")
        }
        return found.first ?? typed
    }

    static func with<Value>(_ invocation: Invocation, _ body: (GatewayClient) throws -> Value) throws -> Value {
        let client = try Target.resolve(invocation, scopes: adminScopes).connectAsOwner()
        defer { client.close() }
        return try body(client)
    }

    private static func text(_ entry: JSON, _ key: String) -> String { entry[key]?.string ?? "-" }
    private static func short(_ entry: JSON, _ key: String) -> String { String(text(entry, key).prefix(16)) }
    private static func client(_ entry: JSON) -> String { "\(text(entry, "clientId"))/\(text(entry, "clientMode"))" }

    private static func scopes(_ entry: JSON) -> String {
        let names = entry["scopes"]?.array?.compactMap(\.string) ?? []
        return names.isEmpty
            ? "-"
            : names.map { $0.hasPrefix("operator.") ? String($0.dropFirst(9)) : $0 }
                .joined(separator: ",")
    }
}
