internal import Client
internal import Glibc
internal import JSON

enum SessionsCommands {
    static let list = Command(
        "sessions list", aliases: ["sessions", "sessions_list"], summary: "Lists sessions, the latest first.",
        options: CommandTable.clientOptions + [.init("limit", "N", "how many (default 100)")]
    ) { invocation in
        let limit = try invocation.arguments.integer("limit", in: 1...10_000) ?? 100
        let target = try Target.resolve(invocation, scopes: ["operator.read"])
        let client = try target.connect()
        let result = try client.request("sessions.list", .object(JSONObject([("limit", .integer(limit))])))
        client.close()
        if invocation.arguments.has("json") {
            invocation.terminal.print(result.prettyPrinted())
            return 0
        }
        var rows = [["SESSION ID", "TYPE", "AGENT", "STATUS", "CREATED"]]
        for session in result["sessions"]?.array ?? [] {
            let isPrimary = session["type"]?.string == "primary"
            rows.append([
                session["key"]?.string ?? "?", session["type"]?.string ?? "?",
                isPrimary ? "-" : session["agentId"]?.string ?? "?", status(session, isPrimary: isPrimary),
                Timestamp.text(session["createdAt"]?.integer),
            ])
        }
        invocation.terminal.print(Terminal.table(rows))
        return 0
    }

    private static func status(_ session: JSON, isPrimary: Bool) -> String {
        if isPrimary || session["hasActiveRun"]?.bool == true { return "active" }
        return session["status"]?.string ?? "idle"
    }

    static let kill = Command(
        "sessions kill", operands: "SESSION-ID", summary: "Ends the run of a session and everything below it.",
        options: CommandTable.clientOptions
    ) { invocation in
        guard let key = invocation.arguments.operands.first, invocation.arguments.operands.count == 1 else {
            throw CommandFailure(.operands, "sessions kill needs one session id", hint: "see: sallyport sessions list")
        }
        let target = try Target.resolve(invocation, scopes: ["operator.read", "operator.write"])
        let client = try target.connect()
        let result = try client.request("sessions.abort", .object(JSONObject([("key", .string(key))])))
        client.close()
        let isAborted = result["status"]?.string == "aborted"
        // Of a session that goes on: the process that waited for its next message.
        let isClosed = result["keptAgentClosed"]?.bool == true
        invocation.terminal.print(
            invocation.arguments.has("json")
                ? result.prettyPrinted()
                : isAborted
                    ? "Killed \(key)" : "Nothing runs in \(key)" + (isClosed ? ", and no agent waits there" : ""))
        return isAborted || isClosed ? 0 : 1
    }
}

enum Timestamp {
    /// `2026-11-20 22:41:59` in UTC.
    static func text(_ milliseconds: Int64?) -> String {
        guard let milliseconds else { return "-" }
        var seconds = time_t(milliseconds / 1000)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = unsafe strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
