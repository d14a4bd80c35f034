extension AbuseCase {
    private static func first(_ description: String, _ bytes: [UInt8], _ code: Int, _ reason: String, _ rule: String)
        -> AbuseCase
    {
        AbuseCase(description, .challenged, bytes, .close(code, reason), rule: rule)
    }

    private static func firstText(_ text: String, _ code: Int, _ reason: String, _ description: String) -> AbuseCase {
        first(description, RawWebSocket.text(text), code, reason, "first-frame")
    }

    static let firstFrames: [AbuseCase] = [
        firstText("hello", 1000, "", "a first message that is not JSON"),
        firstText("", 1000, "", "an empty first message"),
        firstText("{", 1000, "", "half an object"),
        firstText(#"{"type":"req"}}"#, 1000, "", "an object and a half"),
        firstText(String(repeating: "[", count: 60_000), 1000, "", "60000 open brackets"),
        firstText(
            #"{"type":"req","id":"1","method":"connect","params":"# + String(repeating: #"{"a":"#, count: 10_000), 1000,
            "", "params that are nested too deep"),
        firstText("[]", 1008, "invalid request frame", "an array"),
        firstText("null", 1008, "invalid request frame", "null"),
        firstText("{}", 1008, "invalid request frame", "an empty object"),
        firstText(#"{"type":"res","id":"1","ok":true}"#, 1008, "invalid request frame", "a response"),
        firstText(
            #"{"type":"req","id":7,"method":"connect"}"#, 1008, "invalid request frame", "an id that is a number"),
        firstText(#"{"type":"req","id":"","method":"connect"}"#, 1008, "invalid request frame", "an empty id"),
        firstText(
            #"{"type":"req","id":"\#(String(repeating: "i", count: 1025))","method":"connect"}"#, 1008,
            "invalid request frame", "an id of 1025 bytes"),
        firstText(
            #"{"type":"req","id":"\#(String(repeating: "i", count: 60_000))","method":"connect"}"#, 1008,
            "invalid request frame", "a huge id"),
        firstText(#"{"type":"req","id":"1","method":1}"#, 1008, "invalid request frame", "a method that is a number"),
        firstText(
            #"{"type":"req","id":"1","method":"connect","method":"health"}"#, 1008, "invalid request frame",
            "a method twice"),
        firstText(
            #"{"type":"req","id":"1","method":"health"}"#, 1008, "invalid handshake: first request must be connect",
            "another method first"),
        firstText(
            #"{"type":"req","id":"1","method":"\u001b[31m\nINJECTED"}"#, 1008,
            "invalid handshake: first request must be connect", "controls in the method"),
        first("binary garbage", RawWebSocket.frame(0x82, [0, 0xFF, 0xFE, 7]), 1007, "", "invalid-utf8"),
        first(
            "a message of 65537 bytes", RawWebSocket.frame(0x81, [UInt8](repeating: 0x20, count: 65_537)), 1009,
            "preauth payload too large", "message-size"),
        first(
            "an announced message of 1 GB", RawWebSocket.frame(0x81, length: [127, 0, 0, 0, 0, 0x40, 0, 0, 0]), 1009,
            "preauth payload too large", "message-size"),
        AbuseCase(
            "whoever opens the challenge and leaves", .challenged, [], .end, endsSending: true),
        AbuseCase(
            "whoever asks and leaves before the answer", .challenged,
            RawWebSocket.request("1", "connect", RawWebSocket.connectParams), .end, endsSending: true),
    ]

    /// `connect.params` with one member that is wrong.
    private static func member(_ name: String, _ value: String, in object: String? = nil) -> AbuseCase {
        var members = [
            "minProtocol": "3", "maxProtocol": "4", "role": #""operator""#, "scopes": #"["operator.admin"]"#,
            "auth": #"{"token":"my-token"}"#,
        ]
        var client = ["id": #""cli""#, "version": #""1""#, "platform": #""linux""#, "mode": #""cli""#]
        switch object {
        case "client": client[name] = value
        case let object?: members[object] = "{\"\(name)\":\(value)}"
        case nil: members[name] = value
        }
        if members["client"] == nil { members["client"] = text(client) }
        let path = object.map { "\($0).\(name)" } ?? name
        return first(
            "\(path): \(value.count > 40 ? "\(value.prefix(20))… (\(value.count))" : value)",
            RawWebSocket.request("1", "connect", text(members)), 1008, "invalid ", "connect-params")
    }

    private static func text(_ members: [String: String]) -> String {
        "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    private static func names(_ count: Int, _ length: Int) -> String {
        let name = String(repeating: "n", count: length)
        return "[" + Array(repeating: "\"\(name)\"", count: count).joined(separator: ",") + "]"
    }

    static let connectMembers: [AbuseCase] =
        ["\"3\"", "null", "3.5", "-1", "0", "1e400", "9223372036854775808", "[]", "{}", "true"].map {
            member("minProtocol", $0)
        } + ["\"4\"", "null", "-4"].map { member("maxProtocol", $0) }
        + ["null", "1", "[]", "\"cli\"", "{}"].map { member("client", $0) }
        + ["id", "version", "platform", "mode"].flatMap { name in
            ["1", "null", "{}", "\"\""].map { member(name, $0, in: "client") }
        }
        + ["\"\(String(repeating: "v", count: 513))\""].map { member("version", $0, in: "client") }
        + ["1", "[]", "\"\"", "\"admin\"", "\"\\u001b[31m\\nINJECTED\""].map { member("role", $0) }
        + ["1", "\"operator.admin\"", "{}", "[1]", "[\"\"]", "[null]", names(129, 3), names(1, 257)].map {
            member("scopes", $0)
        }
        + ["1", "[[]]", names(129, 3)].map { member("caps", $0) }
        + ["1", "[]", "\"my-token\""].map { member("auth", $0) }
        + ["token", "deviceToken", "bootstrapToken", "password"].map { member($0, "1", in: "auth") }
        + ["1", "[]", "{}", "\"x\""].map { member("device", $0) }
        + ["1", "[]", "{}"].map { member("resume", $0) }

    static let versions: [AbuseCase] = [
        ("1", "2"), ("5", "9"), ("4", "3"), ("9223372036854775807", "9223372036854775807"),
    ].map { low, high in
        AbuseCase(
            "protocols \(low) to \(high)", .challenged,
            RawWebSocket.request(
                "1", "connect",
                #"{"minProtocol":\#(low),"maxProtocol":\#(high),"client":{"id":"cli","version":"1","platform":"linux","#
                    + #""mode":"cli"},"auth":{"token":"my-token"}}"#), .close(1002, "protocol mismatch"))
    }

    private static func after(_ description: String, _ bytes: [UInt8], _ answer: String) -> AbuseCase {
        AbuseCase(description, .admitted, bytes, .answer(answer))
    }

    private static func close(_ description: String, _ bytes: [UInt8], _ code: Int, _ rule: String) -> AbuseCase {
        AbuseCase(description, .admitted, bytes, .close(code), rule: rule)
    }

    static let requests: [AbuseCase] = [
        after(
            "connect again", RawWebSocket.request("1", "connect", RawWebSocket.connectParams),
            "connect is only valid as the first request"),
        after("an unknown method", RawWebSocket.request("1", "sessions.destroy"), "unknown method: sessions.destroy"),
        after("a method of controls", RawWebSocket.request("1", #"\u0000\u001b[31m"#), "unknown method: "),
        after("params that are a number", RawWebSocket.request("1", "sessions.list", "7"), "must be object"),
        after("params of the wrong type", RawWebSocket.request("1", "sessions.list", #"{"limit":"x"}"#), "limit"),
        after(
            "a number that no number is", RawWebSocket.request("1", "sessions.list", #"{"limit":1e999}"#),
            "out of range"),
        after(
            "a member twice", RawWebSocket.request("1", "sessions.list", #"{"limit":1,"limit":2}"#), "INVALID_REQUEST"),
        after(
            "half of a surrogate pair", RawWebSocket.request("1", "sessions.list", #"{"a":"\ud800"}"#),
            "INVALID_REQUEST"),
        after(
            "an id of 1025 bytes", RawWebSocket.request(String(repeating: "i", count: 1025), "health"),
            #""id":"invalid""#),
        after("a request without an id", RawWebSocket.text(#"{"type":"req","method":"health"}"#), #""id":"invalid""#),
        after(
            "an event from a client", RawWebSocket.text(#"{"type":"event","event":"tick"}"#), "invalid request frame"),
        after("a run that is not there", RawWebSocket.request("1", "agent.wait", #"{"runId":"x"}"#), #""ok":false"#),
        after("somebody else's run", RawWebSocket.request("1", "run.complete", #"{"runId":"x"}"#), "NOT_A_RUN_DEVICE"),
        after(
            "a task beyond 1 MiB",
            RawWebSocket.request("1", "sessions.spawn", #"{"task":"\#(String(repeating: "t", count: 1_048_577))"}"#),
            "at most 1048576 are taken"),
        AbuseCase(
            "messages that are not JSON are ignored", .admitted,
            RawWebSocket.text("nonsense") + RawWebSocket.text("") + RawWebSocket.text("{"), .nothing,
            rule: "unparsable-message"),
        AbuseCase(
            "a million open brackets", .admitted, RawWebSocket.text(String(repeating: "[", count: 1_000_000)), .nothing),
        AbuseCase(
            "a thousand levels of params", .admitted,
            RawWebSocket.request(
                "1", "sessions.list",
                String(repeating: #"{"a":"#, count: 1000) + "1" + String(repeating: "}", count: 1000)), .nothing),
        close("binary that is not text", RawWebSocket.frame(0x82, [0xFF]), 1007, "invalid-utf8"),
        close(
            "more than 25 MiB", RawWebSocket.frame(0x81, length: [127, 0, 0, 0, 0, 1, 0x90, 0, 1]), 1009, "message-size"
        ),
        after(
            "a flood of requests with one id",
            Array(repeatElement(RawWebSocket.request("1", "health"), count: 2000).joined()), #""id":"1","ok":true"#),
    ]
}
