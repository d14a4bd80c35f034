internal import JSON
internal import Sessions
internal import Wire

/// `params` of `sessions_spawn`, with upstream's texts for what is refused by shape.
struct SpawnParams {
    let request: SpawnRequest
    /// The session that the caller spawns from, when it named one.
    let sessionKey: String?

    private static let deliveryKeys = [
        "target", "transport", "channel", "to", "threadId", "thread_id", "replyTo", "reply_to",
    ]
    static let maxNameBytes = 512
    static let maxTaskBytes = 1_048_576

    static func read(_ reader: ParamReader) throws -> SpawnParams {
        for key in deliveryKeys where reader.raw(key) != nil {
            throw SpawnRefusal(
                .error,
                "sessions_spawn does not support \"\(key)\". Use \"message\" or \"sessions_send\" for channel delivery.",
                rule: "spawn-params", remedy: "leave \(key) out")
        }
        let task = try reader.requiredString("task")
        guard task.utf8.count <= maxTaskBytes else {
            throw SpawnRefusal(
                .error, "task is \(task.utf8.count) bytes long; at most \(maxTaskBytes) are taken",
                rule: "spawn-params",
                remedy: "pass long input by a file that the agent reads")
        }
        let runtimeName = try reader.string("runtime") ?? SpawnRequest.Runtime.subagent.rawValue
        guard let runtime = SpawnRequest.Runtime(rawValue: runtimeName) else {
            throw SpawnRefusal(
                .error, "runtime \"\(runtimeName)\" is not available (available: subagent)", rule: "runtime",
                remedy: "use runtime \"subagent\"")
        }
        try checkMode(reader)
        let cleanupName = try reader.string("cleanup") ?? SpawnRequest.Cleanup.keep.rawValue
        guard let cleanup = SpawnRequest.Cleanup(rawValue: cleanupName) else {
            throw reader.failure("cleanup", "must be \"keep\" or \"delete\"")
        }
        // The old name of the same thing.
        let seconds = 0...Int64(31_536_000)
        let timeout =
            try reader.integer("runTimeoutSeconds", in: seconds) ?? reader.integer("timeoutSeconds", in: seconds)
        return SpawnParams(
            request: SpawnRequest(
                task: task, agentID: try reader.nonEmptyString("agentId"), runtime: runtime,
                label: try reader.nonEmptyString("label", maxBytes: maxNameBytes),
                runTimeoutSeconds: timeout.map(Int.init), cleanup: cleanup,
                idempotencyKey: try reader.nonEmptyString("idempotencyKey", maxBytes: maxNameBytes)),
            sessionKey: try reader.nonEmptyString("sessionKey"))
    }

    private static func checkMode(_ reader: ParamReader) throws {
        let isThread = try reader.bool("thread") ?? false
        let mode = try reader.string("mode") ?? (isThread ? "session" : "run")
        if mode == "session", !isThread {
            throw SpawnRefusal(
                .error, "mode=\"session\" requires thread=true so the subagent can stay bound to a thread.",
                rule: "mode", remedy: "use mode \"run\"")
        }
        if isThread {
            throw SpawnRefusal(
                .error,
                "thread=true is unavailable because no channel plugin registered subagent_spawning hooks.",
                rule: "thread", remedy: "use mode \"run\" without thread")
        }
        guard mode == "run" else { throw reader.failure("mode", "must be \"run\" or \"session\"") }
        if try reader.string("sandbox") == "require" {
            throw SpawnRefusal(
                .forbidden,
                "sessions_spawn sandbox=\"require\" needs a sandboxed target runtime. "
                    + "Pick a sandboxed agentId or use sandbox=\"inherit\".",
                rule: "sandbox", remedy: "use sandbox \"inherit\"")
        }
        if try reader.string("context") == "fork" || reader.raw("attachments") != nil {
            throw SpawnRefusal(
                .error, "context=\"fork\" and attachments are not available for runtime=\"subagent\" here",
                rule: "spawn-params", remedy: "put what the child needs into the task")
        }
    }
}
