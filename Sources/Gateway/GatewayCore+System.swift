internal import JSON
internal import Sessions
internal import Trust
internal import Wire

/// Presence that others report, heartbeats, and the log (wire protocol, section 6.3).
extension GatewayCore {
    static let presenceIntervalMs: Int64 = 1000
    private static let maxTextBytes = 1024
    private static let maxNames = 32
    private static let maxNameBytes = 128

    /// Somebody reports who is there; everybody hears of it.
    mutating func systemEvent(
        _ request: GatewayRequest, _ reader: ParamReader, nowMs: Int64
    ) throws -> [Effect] {
        var entry = JSONObject([
            ("text", .string(try reader.requiredString("text", maxBytes: Self.maxTextBytes)))
        ])
        for name in [
            "deviceId", "instanceId", "host", "ip", "mode", "version", "platform", "deviceFamily", "modelIdentifier",
            "reason",
        ] {
            entry[name] = try reader.nonEmptyString(name, maxBytes: Self.maxNameBytes * 4).map { .string($0) }
        }
        entry["lastInputSeconds"] = try reader.integer("lastInputSeconds", in: 0...(1 << 40)).map { .integer($0) }
        for name in ["roles", "scopes", "tags"] {
            entry[name] = try reader.strings(name, maxCount: Self.maxNames, maxBytes: Self.maxNameBytes)
                .map { .array($0.map { .string($0) }) }
        }
        entry["ts"] = .integer(nowMs)
        let key = entry["deviceId"] ?? entry["instanceId"] ?? entry["host"] ?? entry["text"] ?? .null
        entry["instanceId"] = key
        let instance = key.string ?? ""
        presenceBook.put(.reported(instance), instance: instance, atMs: nowMs, .object(entry))
        return presenceChanged(nowMs: nowMs) + [reply(request, ["ok": true])]
    }

    /// Everybody is told, though not of each of many changes at a time: when a thousand clients leave at once, each of the
    /// thousand others wants the list, and not a thousand of them.
    mutating func presenceChanged(nowMs: Int64) -> [Effect] {
        stateVersion.presence += 1
        guard nowMs - presenceToldMs >= Self.presenceIntervalMs else {
            isPresenceUntold = true
            return []
        }
        return [presenceEvent(nowMs: nowMs)]
    }

    /// What was held back.
    mutating func untoldPresence(nowMs: Int64) -> [Effect] {
        guard isPresenceUntold, nowMs - presenceToldMs >= Self.presenceIntervalMs else { return [] }
        return [presenceEvent(nowMs: nowMs)]
    }

    private mutating func presenceEvent(nowMs: Int64) -> Effect {
        (isPresenceUntold, presenceToldMs) = (false, nowMs)
        var payload = JSONWriter()
        payload.beginObject()
        payload.field("presence", raw: presence(nowMs: nowMs).span)
        payload.endObject()
        return .publish(OutboundEvent(.presence, encoded: payload.take(), stateVersion: stateVersion))
    }

    /// Nothing here has a heartbeat: none can be switched on, and whoever asks is told so.
    func setHeartbeats(_ reader: ParamReader) throws(ParamReader.Failure) -> JSON {
        guard try reader.bool("enabled") != nil else {
            throw reader.failure("enabled", "must be boolean")
        }
        return ["ok": true, "enabled": false]
    }

    func logsTail(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection
    ) throws -> Effect {
        // The log tells of everybody.
        guard caller.admitted.lineage == nil else {
            throw GatewayError(.forbidden, .logNotVisible)
        }
        let query = RecentLog.Query(
            cursor: try reader.integer("cursor", in: 0...(1 << 53)),
            limit: Int(try reader.integer("limit", in: 1...5000) ?? 500),
            maxBytes: Int(try reader.integer("maxBytes", in: 1...1_000_000) ?? 250_000))
        return .tailLog(query, for: request)
    }

    // MARK: - Health

    /// Announces what has changed in the health summary since it was last announced.
    mutating func refreshHealth(nowMs: Int64) -> [Effect] {
        guard case .object(var summary) = health(nowMs: nowMs) else { return [] }
        summary["ts"] = 0
        guard announcedHealth != .object(summary) else { return [] }
        let isFirst = announcedHealth == nil
        announcedHealth = .object(summary)
        guard !isFirst else { return [] }
        stateVersion.health += 1
        return [event(.health, health(nowMs: nowMs), stateVersion: stateVersion)]
    }
}
