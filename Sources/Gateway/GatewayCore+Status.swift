internal import Crypto
internal import JSON
internal import Sessions
internal import Trust
internal import Wire

/// What clients ask about the gateway itself (wire protocol, section 6.3).
extension GatewayCore {
    /// Who is there, as a JSON array; the gateway itself comes first.
    mutating func presence(nowMs: Int64) -> [UInt8] {
        let own = JSONObject([
            ("host", .string(settings.hostName)), ("mode", "gateway"), ("reason", "self"),
            ("version", .string(settings.serverVersion)), ("text", .string("Gateway: \(settings.hostName)")),
            ("ts", .integer(nowMs)), ("instanceId", .string(settings.root.deviceID)),
        ])
        var writer = JSONWriter(capacity: 512)
        writer.beginArray()
        writer.object(own)
        for row in presenceBook.latest(nowMs: nowMs) { writer.raw(row.entry) }
        writer.endArray()
        return writer.take()
    }

    func health(nowMs: Int64) -> JSON {
        let agents = settings.catalog.agents.map { agent -> JSON in
            .object(
                JSONObject([
                    ("agentId", .string(agent.id)), ("isDefault", .bool(agent.id == settings.catalog.defaultAgentID)),
                ]))
        }
        return .object(
            JSONObject([
                ("ok", true), ("ts", .integer(nowMs)), ("durationMs", 0), ("channels", .object(JSONObject())),
                ("channelOrder", []), ("channelLabels", .object(JSONObject())),
                ("defaultAgentId", .string(settings.catalog.defaultAgentID)), ("agents", .array(agents)),
                ("sessions", .object(JSONObject([("count", .integer(Int64(table.sessions.count)))]))),
            ]))
    }

    func status(_ caller: ClientConnection, nowMs: Int64) -> JSON {
        let runs = table.unendedRuns
        var sessions = JSONObject([("count", .integer(Int64(table.sessions.count)))])
        if caller.admitted.scopes.covers(.admin) {
            sessions["recent"] = .array(rows(limit: 10, nowMs: nowMs))
        } else {
            sessions["paths"] = []
            sessions["recent"] = []
        }
        var status = JSONObject([
            ("runtimeVersion", .string(settings.serverVersion)), ("gatewayId", .string(settings.root.deviceID)),
            ("uptimeMs", .integer(nowMs - settings.startedAtMs)),
            ("connections", .integer(Int64(connections.count))),
            ("runs", .object(JSONObject([("active", .integer(Int64(runs.count)))]))),
            ("sessions", .object(sessions)),
            ("warnings", .array(settings.warnings.map { .string($0) })), ("channelSummary", []),
            ("restartRequired", .array(settings.restartPaths.map { .string($0) })),
            ("queuedSystemEvents", []),
        ])
        status["tls"] = certificateStatus
        return .object(status)
    }

    func identity() -> JSON {
        .object(
            JSONObject([
                ("deviceId", .string(settings.root.deviceID)),
                ("publicKey", .string(Base64URL.encode(settings.root.key.publicKey))),
            ]))
    }

    func agentsList() -> JSON {
        let agents = settings.catalog.agents.map { agent -> JSON in
            var entry = JSONObject([("id", .string(agent.id)), ("name", .string(agent.name ?? agent.id))])
            entry["workspace"] = agent.workingDirectory.map { .string($0) }
            entry["isolation"] = .string(agent.isolation.kind.rawValue)
            entry["agentRuntime"] = .object(
                JSONObject([("id", .string(agent.runtime.rawValue)), ("source", "config")]))
            entry["pool"] = agent.pool.map { .string($0) }
            return .object(entry)
        }
        return .object(
            JSONObject([
                ("defaultId", .string(settings.catalog.defaultAgentID)), ("mainKey", .string(settings.mainKey)),
                ("scope", .string(settings.sessionScope)), ("agents", .array(agents)),
            ]))
    }
}
