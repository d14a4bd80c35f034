package import JSON
package import Wire

// Jobs as clients send and see them (wire protocol, section 6.7), which is also how they are stored.

extension CronSchedule {
    package var json: JSON {
        switch self {
        case .at(let atMs):
            return .object(JSONObject([("kind", "at"), ("at", .string(InstantSyntax.format(ms: atMs)))]))
        case .every(let everyMs, let anchorMs):
            return .object(
                JSONObject([("kind", "every"), ("everyMs", .integer(everyMs)), ("anchorMs", .integer(anchorMs))]))
        case .cron(_, let text, let tz, let staggerMs):
            var object = JSONObject([("kind", "cron"), ("expr", .string(text))])
            object["tz"] = tz.map { .string($0) }
            object["staggerMs"] = staggerMs.map { .integer($0) }
            return .object(object)
        }
    }

    /// - Parameter anchorMs: where `every` counts from unless it says so.
    package init(_ reader: ParamReader, anchorMs: Int64) throws(ParamReader.Failure) {
        switch try reader.requiredString("kind") {
        case "at":
            var text = reader.raw("at")?.integer.map { String($0) }
            if text == nil { text = try reader.requiredString("at", maxBytes: 64) }
            guard let atMs = text.flatMap(InstantSyntax.parse) else {
                throw reader.failure(
                    "at", "must be an ISO 8601 time such as 2026-03-01T09:30:00Z, or milliseconds since 1970")
            }
            self = .at(atMs: atMs)
        case "every":
            self = .every(
                everyMs: try reader.requiredInteger("everyMs", in: Self.everyRangeMs),
                anchorMs: try reader.integer("anchorMs", in: 0...InstantSyntax.maxMs) ?? anchorMs)
        case "cron":
            let text = try reader.requiredString("expr", maxBytes: CronExpression.maxBytes)
            let tz = try reader.nonEmptyString("tz", maxBytes: TimeZoneRules.maxNameBytes)
            if let tz, !TimeZoneRules.isName(tz) {
                throw reader.failure("tz", "must be the name of an IANA time zone such as Europe/Berlin")
            }
            let expression: CronExpression
            do throws(CronExpression.Failure) {
                expression = try CronExpression(text)
            } catch {
                throw reader.failure("expr", error.description)
            }
            self = .cron(
                expression, text: text, tz: tz, staggerMs: try reader.integer("staggerMs", in: 0...Self.maxStaggerMs))
        default: throw reader.failure("kind", "must be at, every or cron")
        }
    }
}

extension CronJob.Target {
    package var text: String {
        switch self {
        case .main: "main"
        case .isolated: "isolated"
        case .session(let key): "session:\(key)"
        }
    }
}

extension CronJob.Payload {
    package var json: JSON {
        switch self {
        case .systemEvent(let text):
            return .object(JSONObject([("kind", "systemEvent"), ("text", .string(text))]))
        case .agentTurn(let message, let timeoutSeconds, let options):
            var object = JSONObject([("kind", "agentTurn"), ("message", .string(message))])
            if timeoutSeconds > 0 { object["timeoutSeconds"] = .integer(Int64(timeoutSeconds)) }
            for (name, value) in options { object[name] = value }
            return .object(object)
        }
    }

    package static let maxTextBytes = 256 * 1024
    private static let options = [
        "model", "fallbacks", "thinking", "allowUnsafeExternalContent", "lightContext", "toolsAllow",
    ]

    init(_ reader: ParamReader) throws(ParamReader.Failure) {
        switch try reader.requiredString("kind") {
        case "systemEvent":
            self = .systemEvent(text: try reader.requiredString("text", maxBytes: Self.maxTextBytes))
        case "agentTurn":
            var options = JSONObject()
            for name in Self.options { options[name] = reader.raw(name) }
            self = .agentTurn(
                message: try reader.requiredString("message", maxBytes: Self.maxTextBytes),
                timeoutSeconds: Int(try reader.integer("timeoutSeconds", in: 0...604_800) ?? 0), options: options)
        case "command":
            throw reader.failure(
                "kind",
                "command is not allowed here: make the command an agent (agents.list[].exec.command) and use "
                    + "agentTurn")
        default: throw reader.failure("kind", "must be systemEvent or agentTurn")
        }
    }
}

extension CronDelivery {
    package var json: JSON {
        var object = JSONObject([("mode", .string(mode.rawValue))])
        for (name, value) in options { object[name] = value }
        return .object(object)
    }

    private static let options = ["channel", "to", "threadId", "accountId", "bestEffort"]

    init(_ reader: ParamReader) throws(ParamReader.Failure) {
        let name = try reader.nonEmptyString("mode") ?? Mode.announce.rawValue
        guard let mode = Mode(rawValue: name) else {
            throw reader.failure(
                "mode",
                name == "webhook"
                    ? "webhook is not supported by this gateway: use announce or none" : "must be none or announce")
        }
        for unsupported in ["failureDestination", "completionDestination"] where reader.raw(unsupported) != nil {
            throw reader.failure(unsupported, "is not supported by this gateway: leave it out")
        }
        var options = JSONObject()
        for name in Self.options { options[name] = reader.raw(name) }
        self.init(mode: mode, options: options)
    }
}

extension CronJobState {
    package var json: JSON {
        var object = JSONObject()
        object["nextRunAtMs"] = nextRunAtMs.map { .integer($0) }
        object["runningAtMs"] = runningAtMs.map { .integer($0) }
        object["lastRunAtMs"] = lastRunAtMs.map { .integer($0) }
        object["lastRunStatus"] = lastStatus.map { .string($0.rawValue) }
        object["lastStatus"] = lastStatus.map { .string($0.rawValue) }
        object["lastError"] = lastError.map { .string($0) }
        object["lastDurationMs"] = lastDurationMs.map { .integer($0) }
        if lastStatus != nil {
            object["consecutiveErrors"] = .integer(Int64(consecutiveErrors))
            object["consecutiveSkipped"] = .integer(Int64(consecutiveSkipped))
        }
        object["lastDelivered"] = lastDeliveryStatus.map { .bool($0 == .delivered) }
        object["lastDeliveryStatus"] = lastDeliveryStatus.map { .string($0.rawValue) }
        object["lastDeliveryError"] = lastDeliveryError.map { .string($0) }
        return .object(object)
    }

    /// Lenient: what is not there, or is something else, is as in a new job.
    package init(_ json: JSON?) {
        self.init()
        nextRunAtMs = json?["nextRunAtMs"]?.integer
        runningAtMs = json?["runningAtMs"]?.integer
        lastRunAtMs = json?["lastRunAtMs"]?.integer
        lastStatus = (json?["lastRunStatus"] ?? json?["lastStatus"])?.string.flatMap(Status.init(rawValue:))
        lastError = json?["lastError"]?.string
        lastDurationMs = json?["lastDurationMs"]?.integer
        consecutiveErrors = Int(clamping: max(0, json?["consecutiveErrors"]?.integer ?? 0))
        consecutiveSkipped = Int(clamping: max(0, json?["consecutiveSkipped"]?.integer ?? 0))
        lastDeliveryStatus = json?["lastDeliveryStatus"]?.string.flatMap(DeliveryStatus.init(rawValue:))
        lastDeliveryError = json?["lastDeliveryError"]?.string
    }
}

extension CronJob {
    package static let maxNameBytes = 256
    package static let maxDescriptionBytes = 4096

    package var json: JSON {
        var object = JSONObject([
            ("id", .string(id)), ("name", .string(name)), ("enabled", .bool(isEnabled)),
            ("createdAtMs", .integer(createdAtMs)), ("updatedAtMs", .integer(updatedAtMs)), ("schedule", schedule.json),
            ("sessionTarget", .string(target.text)), ("wakeMode", .string(wakeMode.rawValue)),
            ("payload", payload.json), ("delivery", delivery.json), ("state", state.json),
        ])
        object["agentId"] = agentID.map { .string($0) }
        object["sessionKey"] = sessionKey.map { .string($0) }
        object["description"] = description.map { .string($0) }
        object["deleteAfterRun"] = deleteAfterRun.map { .bool($0) }
        return .object(object)
    }

    /// Reads what `cron.add` takes, and what ``json`` wrote.
    ///
    /// - Parameters:
    ///   - current: the key that `current` stands for; nil where it stands for none.
    package init(
        _ reader: ParamReader, id: String, current: String?, createdAtMs: Int64, updatedAtMs: Int64
    ) throws(ParamReader.Failure) {
        let payload = try Payload(try reader.requiredObject("payload"))
        let target = try Self.target(reader, payload, current: current)
        self.init(
            id: id, name: try reader.requiredString("name", maxBytes: Self.maxNameBytes),
            schedule: try CronSchedule(try reader.requiredObject("schedule"), anchorMs: createdAtMs), target: target,
            wakeMode: try Self.wakeMode(reader), payload: payload,
            delivery: try reader.object("delivery").map { reader throws(ParamReader.Failure) in
                try CronDelivery(reader)
            } ?? CronDelivery(mode: target == .isolated ? .announce : .none), createdAtMs: createdAtMs,
            updatedAtMs: updatedAtMs)
        description = try reader.nonEmptyString("description", maxBytes: Self.maxDescriptionBytes)
        agentID = try reader.nonEmptyString("agentId", maxBytes: 64)
        sessionKey = try reader.nonEmptyString("sessionKey", maxBytes: 512)
        isEnabled = try reader.bool("enabled") ?? true
        deleteAfterRun = try reader.bool("deleteAfterRun")
        if let alert = reader.raw("failureAlert"), alert != .bool(false) {
            throw reader.failure(
                "failureAlert", "needs a channel, and this gateway has none: leave it out or use false")
        }
    }

    private static func wakeMode(_ reader: ParamReader) throws(ParamReader.Failure) -> WakeMode {
        guard let name = try reader.nonEmptyString("wakeMode") else { return .now }
        guard let mode = WakeMode(rawValue: name) else {
            throw reader.failure("wakeMode", "must be now or next-heartbeat")
        }
        return mode
    }

    private static func target(
        _ reader: ParamReader, _ payload: Payload, current: String?
    ) throws(ParamReader.Failure) -> Target {
        let isEvent = if case .systemEvent = payload { true } else { false }
        let name = try reader.nonEmptyString("sessionTarget", maxBytes: 520) ?? (isEvent ? "main" : "isolated")
        let target: Target
        switch name {
        case "main": target = .main
        case "isolated": target = .isolated
        case "current":
            guard let current else { throw reader.failure("sessionTarget", "current names no session here") }
            target = .session(current)
        default:
            guard name.hasPrefix("session:"), name.utf8.count > 8 else {
                throw reader.failure("sessionTarget", "must be main, isolated, current or session:<key>")
            }
            target = .session(String(name.dropFirst(8)))
        }
        if (target == .main) != isEvent {
            throw reader.failure(
                "payload",
                target == .main
                    ? "main cron jobs require payload.kind=\"systemEvent\""
                    : "isolated, current and session cron jobs require payload.kind=\"agentTurn\"")
        }
        return target
    }
}
