internal import JSON
internal import Sessions
internal import Store
internal import Wire

/// What shows sessions and their messages (wire protocol, section 6.4).
extension GatewayCore {
    func sessionsDescribe(_ reader: ParamReader, _ caller: ClientConnection) throws -> JSON {
        let key = try sessionKey(reader, "key", caller)
        let withTitle = try reader.bool("includeDerivedTitles") ?? false
        let withPreview = try reader.bool("includeLastMessage") ?? false
        let row = table.sessions[key].map {
            JSON.object(rowFields($0, withTitle: withTitle, withPreview: withPreview))
        }
        return .object(JSONObject([("session", row ?? .null)]))
    }

    func sessionsResolve(_ reader: ParamReader, _ caller: ClientConnection) throws -> JSON {
        let found: Session?
        let asked: String
        if reader.isPresent("key") {
            asked = try sessionKey(reader, "key", caller)
            found = table.sessions[asked]
        } else if let id = try reader.nonEmptyString("sessionId") {
            asked = id
            found = table.sessions.values.first { $0.sessionID == id }
        } else if let label = try reader.nonEmptyString("label") {
            asked = label
            let agentID = try reader.nonEmptyString("agentId")
            let spawnedBy = try reader.nonEmptyString("spawnedBy")
            found =
                table.sessions.values.filter { session in
                    session.label == label && (agentID == nil || session.agentID == agentID)
                        && (spawnedBy == nil || session.parentKey == spawnedBy) && isVisible(session.key, to: caller)
                }.max { $0.updatedAtMs < $1.updatedAtMs }
        } else {
            throw reader.failure("key", "key, sessionId or label is required")
        }
        guard let found, isVisible(found.key, to: caller) else { throw sessionNotFound(asked) }
        return .object(JSONObject([("ok", true), ("key", .string(found.key))]))
    }

    func sessionsGet(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection
    ) throws -> [Effect] {
        let key = try sessionKey(reader, "key", caller)
        let limit = Int(try reader.integer("limit", in: 1...1000) ?? 200)
        return [
            .read(
                .transcript(
                    sessionId: table.sessions[key]?.sessionID ?? "", limit: limit, maxBytes: TranscriptView.maxBytes),
                StoreReading(request, .messages(key: key)))
        ]
    }

    func sessionsPreview(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection
    ) throws -> [Effect] {
        guard let asked = try reader.strings("keys", maxCount: 1024, maxBytes: SpawnParams.maxNameBytes) else {
            throw reader.failure("keys", "must be array")
        }
        let limit = Int(try reader.integer("limit", in: 1...200) ?? 12)
        let maxCharacters = Int(try reader.integer("maxChars", in: 20...10_000) ?? 240)
        let keys = asked.prefix(64).map { text -> (key: String, sessionID: String?) in
            let key = canonicalKey(text)
            return (text, isVisible(key, to: caller) ? table.sessions[key]?.sessionID : nil)
        }
        return [
            .read(
                .transcriptTails(keys.compactMap(\.sessionID), limit: limit, maxBytes: 1 << 20),
                StoreReading(request, .previews(keys, maxCharacters: maxCharacters)))
        ]
    }

    func chatMessageGet(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection
    ) throws -> [Effect] {
        let key = try sessionKey(reader, "sessionKey", caller)
        let id = try reader.requiredString("messageId", maxBytes: 128)
        let maxCharacters = Int(try reader.integer("maxChars", in: 1...2_000_000) ?? 2_000_000)
        return [
            .read(
                .message(sessionId: table.sessions[key]?.sessionID ?? "", messageId: id),
                StoreReading(request, .message(maxCharacters: maxCharacters)))
        ]
    }

    /// Commands do not say what they used.
    func sessionsUsage(_ reader: ParamReader, _ caller: ClientConnection, nowMs: Int64) throws -> JSON {
        let key = reader.isPresent("key") ? try sessionKey(reader, "key", caller) : nil
        let sessions = table.sessions.values.filter { isVisible($0.key, to: caller) && (key == nil || $0.key == key) }
            .sorted { $0.updatedAtMs > $1.updatedAtMs }.prefix(100)
        let none = JSONObject([
            ("input", 0), ("output", 0), ("cacheRead", 0), ("cacheWrite", 0), ("totalTokens", 0), ("totalCost", 0),
        ])
        return .object(
            JSONObject([
                ("updatedAt", .integer(nowMs)), ("totals", .object(none)),
                (
                    "sessions",
                    .array(
                        sessions.map {
                            .object(
                                JSONObject([
                                    ("key", .string($0.key)), ("sessionId", .string($0.sessionID)), ("usage", nil),
                                ]))
                        })
                ),
            ]))
    }
}
