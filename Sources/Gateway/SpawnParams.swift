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

    /// - Parameter isDryRun: only `task` may be missing.
    static func read(_ reader: ParamReader, isDryRun: Bool = false) throws -> SpawnParams {
        for key in deliveryKeys where reader.raw(key) != nil {
            throw SpawnRefusal(
                .error,
                "sessions_spawn does not support \"\(key)\". Use \"message\" or \"sessions_send\" for channel delivery.",
                rule: "spawn-params", remedy: "leave \(key) out")
        }
        let task = isDryRun ? try reader.string("task") ?? "" : try reader.requiredString("task")
        guard task.utf8.count <= maxTaskBytes else {
            throw SpawnRefusal(
                .error, "task is \(task.utf8.count) bytes long; at most \(maxTaskBytes) are taken",
                rule: "spawn-params",
                remedy: "pass long input by a file that the agent reads")
        }
        let runtime = try runtime(reader)
        let isThread = try reader.bool("thread") ?? false
        if try reader.string("context") == "fork" || reader.raw("attachments") != nil {
            throw SpawnRefusal(
                .error, "context=\"fork\" and attachments are not available here",
                rule: "spawn-params", remedy: "put what the child needs into the task")
        }
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
                idempotencyKey: try reader.nonEmptyString("idempotencyKey", maxBytes: maxNameBytes),
                mode: try mode(reader, isThread: isThread), isThread: isThread, sandbox: try sandbox(reader),
                acp: try acp(reader)),
            sessionKey: try reader.nonEmptyString("sessionKey"))
    }

    private static func runtime(_ reader: ParamReader) throws -> SpawnRequest.Runtime? {
        guard let name = try reader.string("runtime") else { return nil }
        guard let runtime = SpawnRequest.Runtime(rawValue: name) else {
            throw SpawnRefusal(
                .error, "runtime \"\(name.prefix(64))\" is not available (available: subagent, acp)", rule: "runtime",
                remedy: "use runtime \"subagent\" or \"acp\"")
        }
        return runtime
    }

    private static func acp(_ reader: ParamReader) throws(ParamReader.Failure) -> SpawnRequest.ACP {
        var acp = SpawnRequest.ACP()
        acp.workingDirectory = try reader.nonEmptyString("cwd", maxBytes: 4096)
        acp.resumeSessionID = try reader.nonEmptyString("resumeSessionId", maxBytes: 1024)
        switch try reader.string("streamTo") {
        case nil: break
        case "parent": acp.streamsToParent = true
        default: throw reader.failure("streamTo", "must be \"parent\"")
        }
        return acp
    }

    /// `session` where a thread is asked for, else `run`.
    private static func mode(_ reader: ParamReader, isThread: Bool) throws(ParamReader.Failure) -> SpawnRequest.Mode {
        guard let name = try reader.string("mode") else { return isThread ? .session : .run }
        guard let mode = SpawnRequest.Mode(rawValue: name) else {
            throw reader.failure("mode", "must be \"run\" or \"session\"")
        }
        return mode
    }

    private static func sandbox(_ reader: ParamReader) throws(ParamReader.Failure) -> SpawnRequest.Sandbox {
        guard let name = try reader.string("sandbox") else { return .inherit }
        guard let sandbox = SpawnRequest.Sandbox(rawValue: name) else {
            throw reader.failure("sandbox", "must be \"inherit\" or \"require\"")
        }
        return sandbox
    }
}
