internal import Client
internal import Config
internal import Files
internal import JSON
internal import Server

/// `logs`: the end of the gateway's log, and what follows.
enum LogsCommand {
    static let command = Command(
        "logs", aliases: ["gateway logs"], summary: "Shows the end of the gateway's log.",
        options: [
            .init("follow", nil, "go on until interrupted, also over a restart of the gateway"),
            .init("limit", "N", "how many lines to begin with (default 200)"),
            .init("tail", "N", "the same"),
        ] + CommandTable.clientOptions,
        notes: [
            "With --follow --json each line of the log is one line of JSON.",
            "A gateway that cannot be reached leaves its log where it writes it: logging.file, or the journal.",
        ]
    ) { invocation in
        let arguments = invocation.arguments
        let limit =
            try arguments.integer("limit", in: 1...5000) ?? arguments.integer("tail", in: 1...5000) ?? 200
        let (target, client): (Target, GatewayClient)
        do {
            target = try Target.resolve(invocation, scopes: ["operator.read"])
            client = try target.connectAsOwner()
        } catch let failure as CommandFailure where failure.kind == .transport && arguments["url"] == nil {
            return try showFile(invocation, limit: Int(limit), instead: failure)
        }
        var reader = LogReader(isJSON: arguments.has("json"), follows: arguments.has("follow"), invocation.terminal)
        let first = try reader.read(client, limit: limit)
        guard arguments.has("follow") else {
            client.close()
            if arguments.has("json") { invocation.terminal.print(first.prettyPrinted()) }
            return 0
        }
        try follow(client, target, &reader)
        return 0
    }

    /// Nobody answers: what the gateway has written before it went.
    private static func showFile(
        _ invocation: Invocation, limit: Int, instead failure: CommandFailure
    ) throws -> Int32 {
        let service = try Service(invocation)
        let configured = ConfigFiles.load(service.locations, environment: invocation.environment).configuration?.logging
        guard !invocation.arguments.has("follow"),
            let path = [configured?.file, service.state.serviceLog].compactMap({ $0 }).first(where: Files.exists)
        else { throw failure }
        let lines = LogFile.end(path, lines: limit, maxBytes: 1 << 20)
        if invocation.arguments.has("json") {
            let answer = JSONObject([("file", .string(path)), ("lines", .array(lines.map { .string($0) }))])
            invocation.terminal.print(JSON.object(answer).prettyPrinted())
        } else {
            invocation.terminal.note("sallyport: \(failure.message); the end of \(path):")
            for line in lines { invocation.terminal.print(line) }
        }
        return 0
    }

    private static let interval = Duration.milliseconds(500)

    /// Until interrupted; comes back when the gateway was away.
    private static func follow(_ first: GatewayClient, _ target: Target, _ reader: inout LogReader) throws {
        var client = first
        var policy = ReconnectPolicy(initialDelay: .milliseconds(200), maxDelay: .seconds(5))
        var generator = SystemRandomNumberGenerator()
        while true {
            do throws(ClientError) {
                while true {
                    // What is sent meanwhile does not concern us, and must not pile up.
                    while try client.nextMessage(timeout: .zero) != nil {}
                    Waiting.sleep(interval)
                    _ = try reader.read(client, limit: 5000)
                }
            } catch {
                reader.lost(error)
                client = try reconnect(target, &policy, &generator, after: error)
                policy.connected()
            }
        }
    }

    private static func reconnect(
        _ target: Target, _ policy: inout ReconnectPolicy, _ generator: inout SystemRandomNumberGenerator,
        after error: ClientError
    ) throws(ClientError) -> GatewayClient {
        var error = error
        while true {
            guard case .retry(let delay) = policy.failed(error, using: &generator) else { throw error }
            Waiting.sleep(delay)
            do throws(ClientError) {
                return try target.dialAsOwner()
            } catch let failed {
                error = failed
            }
        }
    }
}

/// Asks for what it has not seen yet, and prints it.
private struct LogReader {
    private let isJSON: Bool
    private let follows: Bool
    private let terminal: Terminal
    private var cursor: Int64?
    private var isAway = false

    init(isJSON: Bool, follows: Bool, _ terminal: Terminal) {
        self.isJSON = isJSON
        self.follows = follows
        self.terminal = terminal
    }

    mutating func read(_ client: GatewayClient, limit: Int64) throws(ClientError) -> JSON {
        var params = JSONObject([("limit", .integer(limit))])
        params["cursor"] = cursor.map { .integer($0) }
        let answer = try client.request("logs.tail", .object(params))
        if isAway {
            terminal.note("sallyport: the gateway is back")
            isAway = false
        }
        cursor = answer["cursor"]?.integer
        if follows || !isJSON {
            for line in answer["lines"]?.array ?? [] { show(line.string ?? "") }
        }
        return answer
    }

    mutating func lost(_ error: ClientError) {
        terminal.note("sallyport: \(error); waiting for the gateway")
        isAway = true
    }

    private func show(_ line: String) {
        guard isJSON else {
            terminal.print(line)
            return
        }
        // A gateway that logs JSON has said it all already.
        let object = (try? JSONParser.parse(Array(line.utf8)))?.object
        let json = JSON.object(object ?? JSONObject([("type", "log"), ("line", .string(line))]))
        terminal.print(String(decoding: json.serialized(), as: UTF8.self))
    }
}
