internal import Client
internal import JSON

/// What was said in a session: `sessions history`, and `sessions tail` that goes on.
enum HistoryCommands {
    static let history = Command(
        "sessions history", operands: "[SESSION-ID]", summary: "Prints what was said in a session (default: main).",
        options: [.init("limit", "N", "how many messages, the latest (default 200)")] + CommandTable.clientOptions
    ) { invocation in
        let key = try key(invocation, "sessions history")
        let limit = try invocation.arguments.integer("limit", in: 1...1000) ?? 200
        let target = try Target.resolve(invocation, scopes: ["operator.read"])
        let client = try target.connect()
        let result = try history(client, key, limit: limit)
        client.close()
        if invocation.arguments.has("json") {
            invocation.terminal.print(result.prettyPrinted())
        } else {
            for message in result["messages"]?.array ?? [] { invocation.terminal.print(line(message)) }
        }
        return 0
    }

    static let tail = Command(
        "sessions tail", operands: "[SESSION-ID]", summary: "Prints the latest messages of a session (default: main).",
        options: [
            .init("session-key", "KEY", "the session, as an option"),
            .init("tail", "N", "how many messages to begin with (default 80)"),
            .init("follow", nil, "go on with what comes, until interrupted"),
        ] + CommandTable.clientOptions,
        notes: ["With --json each message is one line of JSON."]
    ) { invocation in
        let arguments = invocation.arguments
        let key = try arguments["session-key"] ?? key(invocation, "sessions tail")
        let count = try arguments.integer("tail", in: 1...1000) ?? 80
        let target = try Target.resolve(invocation, scopes: ["operator.read"])
        let client = try target.connect()
        func show(_ message: JSON) {
            invocation.terminal.print(
                arguments.has("json") ? String(decoding: message.serialized(), as: UTF8.self) : line(message))
        }
        // What comes in between is told by both: its id is remembered.
        if arguments.has("follow") {
            _ = try client.request("sessions.messages.subscribe", .object(JSONObject([("key", .string(key))])))
        }
        let messages = try history(client, key, limit: count)["messages"]?.array ?? []
        messages.forEach(show)
        guard arguments.has("follow") else {
            client.close()
            return 0
        }
        var shown = Set(messages.compactMap { id(of: $0) })
        while true {
            guard case .event("session.message", let payload, _)? = try client.nextMessage(timeout: .seconds(60)),
                let message = payload["message"]
            else { continue }
            if let id = payload["messageId"]?.string, !shown.insert(id).inserted { continue }
            show(message)
        }
    }

    private static func key(_ invocation: Invocation, _ name: String) throws(CommandFailure) -> String {
        let operands = invocation.arguments.operands
        guard operands.count <= 1 else {
            throw CommandFailure(.operands, "\(name) takes one session id", hint: "see: sallyport sessions list")
        }
        return operands.first ?? "main"
    }

    private static func history(_ client: GatewayClient, _ key: String, limit: Int64) throws(ClientError) -> JSON {
        try client.request(
            "chat.history", .object(JSONObject([("sessionKey", .string(key)), ("limit", .integer(limit))])))
    }

    private static func id(of message: JSON) -> String? {
        message["id"]?.string ?? message["messageId"]?.string ?? message["__openclaw"]?["id"]?.string
    }

    /// `2026-11-20 22:41:59  user: hello`; further lines of a message are set below.
    private static func line(_ message: JSON) -> String {
        let parts = message["content"]?.array?.compactMap { $0["text"]?.string } ?? []
        let text = parts.isEmpty ? message["content"]?.string ?? "" : parts.joined(separator: "\n")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let head = "\(Timestamp.text(message["timestamp"]?.integer))  \(message["role"]?.string ?? "?"): "
        return head + lines.joined(separator: "\n    ")
    }
}
