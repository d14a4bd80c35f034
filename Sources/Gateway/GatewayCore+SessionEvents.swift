internal import JSON
internal import Sessions
internal import Wire

/// What subscribers hear of sessions (wire protocol, section 6.4).
extension GatewayCore {
    /// - Parameters:
    ///   - reason: what was done to it.
    ///   - phase: how far its run is.
    func sessionsChanged(_ key: String, reason: String? = nil, phase: String? = nil, nowMs: Int64) -> [Effect] {
        var payload = JSONObject([("sessionKey", .string(key))])
        payload["reason"] = reason.map { .string($0) }
        payload["phase"] = phase.map { .string($0) }
        payload["ts"] = .integer(nowMs)
        if let session = table.sessions[key], reason != "delete" {
            // A row's phase is that of its run; this event has one of its own.
            for (name, value) in rowFields(session) where name != "phase" { payload[name] = value }
        }
        return [event(.sessionsChanged, .object(payload), about: key)]
    }

    func sessionMessage(_ message: JSON, id: String, seq: Int64, of session: Session) -> [Effect] {
        let payload = JSONObject([
            ("sessionKey", .string(session.key)), ("agentId", .string(session.agentID)), ("message", message),
            ("messageId", .string(id)), ("messageSeq", .integer(seq)), ("session", .object(rowFields(session))),
        ])
        return [event(.sessionMessage, .object(payload), about: session.key)]
    }
}
