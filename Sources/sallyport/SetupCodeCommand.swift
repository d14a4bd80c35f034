internal import Client
internal import Crypto
internal import JSON

/// `qr`: a setup code for a mobile app (wire protocol, section 4.4).
enum SetupCodeCommand {
    static let command = Command(
        "qr", summary: "Makes a setup code with which one mobile app pairs itself; good for ten minutes.",
        options: CommandTable.clientOptions + [
            .init("public-url", "URL", "where the app finds the gateway (default: the gateway's first address)"),
            .init("limited", nil, "for the app's node alone, without its operator"),
            .init("setup-code-only", nil, "print the code and nothing else"),
            .init("no-ascii", nil, "accepted for OpenClaw's sake: no picture is drawn"),
        ],
        notes: [
            "The code holds a token of its own, never the gateway's shared token. As a picture:",
            "sallyport qr --setup-code-only | qrencode -t UTF8",
        ]
    ) { invocation in
        let arguments = invocation.arguments
        let target = try Target.resolve(invocation, scopes: ["operator.admin", "operator.pairing"])
        let client = try target.connectAsOwner()
        defer { client.close() }
        let isLimited = arguments.has("limited")
        let result = try client.request(
            "device.enroll.create",
            .object(JSONObject([("kind", "setup-code"), ("limited", .bool(isLimited))])))
        let url = arguments["public-url"] ?? target.options.url
        let payload: JSON = .object(JSONObject([("url", .string(url)), ("bootstrapToken", result["token"] ?? "")]))
        let code = Base64URL.encode(payload.serialized())
        if arguments.has("json") {
            let answer: JSON = .object(
                JSONObject([
                    ("setupCode", .string(code)), ("gatewayUrl", .string(url)), ("auth", "bootstrap-token"),
                    ("access", isLimited ? "limited" : "full"),
                    ("urlSource", .string(arguments["public-url"] == nil ? target.source : "cli --public-url")),
                    ("expiresAtMs", result["expiresAtMs"] ?? .null),
                ]))
            invocation.terminal.print(answer.prettyPrinted())
            return 0
        }
        invocation.terminal.print(code)
        if !arguments.has("setup-code-only") {
            invocation.terminal.note(
                "for \(url), once, until \(Timestamp.text(result["expiresAtMs"]?.integer))"
                    + (target.isLocal && arguments["public-url"] == nil
                        ? "; an app elsewhere needs --public-url wss://ADDRESS:PORT" : ""))
        }
        return 0
    }
}
