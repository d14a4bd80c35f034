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
    static func read(
        _ reader: ParamReader, attachments limits: SpawnAttachments.Limits, isDryRun: Bool = false
    ) throws -> SpawnParams {
        for key in deliveryKeys where reader.raw(key) != nil {
            throw SpawnRefusal(
                .error,
                "sessions_spawn does not support \"\(key)\". Use \"message\" or \"sessions_send\" for channel delivery.",
                rule: .spawnParams, remedy: "leave \(key) out")
        }
        let task = isDryRun ? try reader.string("task") ?? "" : try reader.requiredString("task")
        guard task.utf8.count <= maxTaskBytes else {
            throw SpawnRefusal(
                .error, "task is \(task.utf8.count) bytes long; at most \(maxTaskBytes) are taken",
                rule: .spawnParams,
                remedy: "pass long input by a file that the agent reads")
        }
        let runtime = try runtime(reader)
        let isThread = try reader.bool("thread") ?? false
        try refuseUnavailable(reader)
        // A lighter beginning: commands begin with their task as it is.
        _ = try reader.bool("lightContext")
        let cleanupName = try reader.string("cleanup") ?? SpawnRequest.Cleanup.keep.rawValue
        guard let cleanup = SpawnRequest.Cleanup(rawValue: cleanupName) else {
            throw reader.failure("cleanup", "must be \"keep\" or \"delete\"")
        }
        // The old name of the same thing.
        let seconds = 0...Int64(31_536_000)
        let timeout =
            try reader.integer("runTimeoutSeconds", in: seconds) ?? reader.integer("timeoutSeconds", in: seconds)
        var request = SpawnRequest(
            task: task, agentID: try reader.nonEmptyString("agentId"), runtime: runtime,
            label: try reader.nonEmptyString("label", maxBytes: maxNameBytes),
            runTimeoutSeconds: timeout.map(Int.init), cleanup: cleanup,
            idempotencyKey: try reader.nonEmptyString("idempotencyKey", maxBytes: maxNameBytes),
            mode: try mode(reader, isThread: isThread), isThread: isThread, sandbox: try sandbox(reader),
            acp: try acp(reader))
        request.context = try context(reader)
        request.model = try reader.nonEmptyString("model", maxBytes: maxNameBytes)
        request.thinking = try reader.nonEmptyString("thinking", maxBytes: maxNameBytes)
        request.taskName = try taskName(reader)
        request.attachments = try attachments(reader, limits)
        return SpawnParams(request: request, sessionKey: try reader.nonEmptyString("sessionKey"))
    }

    private static func context(_ reader: ParamReader) throws(ParamReader.Failure) -> SpawnRequest.Context {
        guard let name = try reader.string("context") else { return .isolated }
        guard let context = SpawnRequest.Context(rawValue: name) else {
            throw reader.failure("context", "must be \"isolated\" or \"fork\"")
        }
        return context
    }

    private static func taskName(_ reader: ParamReader) throws(ParamReader.Failure) -> String? {
        guard let name = try reader.string("taskName") else { return nil }
        guard let first = name.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
            SessionKeySyntax.isAgentID(name), name != "last", name != "all"
        else { throw reader.failure("taskName", "must match [a-z][a-z0-9_-]{0,63}, and not be last or all") }
        return name
    }

    /// What upstream has and would be wrong to pass over in silence.
    private static func refuseUnavailable(_ reader: ParamReader) throws(SpawnRefusal) {
        let keys = ["placement", "worktree", "worktreeBase", "worktreeBranch", "group", "projectId", "user"]
        for key in keys where reader.raw(key) != nil {
            throw SpawnRefusal(
                .error, "sessions_spawn does not support \"\(key)\" here.", rule: .spawnParams,
                remedy: "leave \(key) out")
        }
        if let target = reader.raw("completionTarget"), target != "requester", target != "parent" {
            throw SpawnRefusal(
                .error, "completionTarget must be \"parent\": a result goes to the session that asked for it",
                rule: .spawnParams, remedy: "leave completionTarget out")
        }
    }

    private static func runtime(_ reader: ParamReader) throws -> SpawnRequest.Runtime? {
        guard let name = try reader.string("runtime") else { return nil }
        guard let runtime = SpawnRequest.Runtime(rawValue: name) else {
            throw SpawnRefusal(
                .error, "runtime \"\(name.prefix(64))\" is not available (available: subagent, acp, local)",
                rule: .runtime, remedy: "use runtime \"subagent\", \"acp\" or \"local\"")
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
