internal import JSON
internal import Wire

/// What `sessions.patch` may set, and to what (wire protocol, section 6.4).
enum SessionPatch {
    private enum Rule {
        case text(maxBytes: Int)
        case oneOf([String])
        case flag
        case texts
    }

    private static let level = Rule.text(maxBytes: 32)
    private static let name = Rule.text(maxBytes: 256)

    /// Organisation: whoever may write may set these; the others are the owner's.
    private static let forWriters: [(String, Rule)] = [
        ("label", .text(maxBytes: SpawnParams.maxNameBytes)), ("model", name), ("category", name), ("pinned", .flag),
        ("archived", .flag), ("displayName", name),
    ]
    private static let forOwners: [(String, Rule)] = [
        ("thinkingLevel", level), ("fastMode", .flag), ("verboseLevel", level), ("traceLevel", level),
        ("reasoningLevel", level), ("responseUsage", .oneOf(["off", "tokens", "full", "on"])), ("elevatedLevel", level),
        ("execHost", name), ("execSecurity", level), ("execAsk", level), ("execNode", name),
        ("spawnedWorkspaceDir", .text(maxBytes: 4096)), ("spawnedCwd", .text(maxBytes: 4096)),
        ("inheritedToolAllow", .texts), ("inheritedToolDeny", .texts), ("sendPolicy", .oneOf(["allow", "deny"])),
        ("groupActivation", .oneOf(["mention", "always"])),
    ]
    /// Facts of the lineage. Nobody but the gateway states them.
    private static let lineage = ["spawnedBy", "spawnDepth", "subagentRole", "subagentControlScope"]

    /// - Returns: the fields to set; those with null are to be cleared.
    static func read(_ reader: ParamReader, isOwner: Bool) throws -> JSONObject {
        for key in lineage where reader.isPresent(key) {
            throw GatewayError(
                .invalidRequest, .lineageField,
                "sessions.patch cannot set \(key): lineage is what the gateway knows of a spawn",
                remedy: "leave \(key) out")
        }
        var changes = JSONObject()
        for (key, rule) in forWriters { try take(key, rule, reader, &changes) }
        for (key, rule) in forOwners where reader.isPresent(key) {
            guard isOwner else { throw GatewayError.missingScope(.admin) }
            try take(key, rule, reader, &changes)
        }
        return changes
    }

    private static func take(
        _ key: String, _ rule: Rule, _ reader: ParamReader, _ changes: inout JSONObject
    ) throws(ParamReader.Failure) {
        guard reader.isPresent(key) else { return }
        guard let value = reader.raw(key) else {
            changes[key] = .null
            return
        }
        switch rule {
        case .text(let maxBytes): _ = try reader.nonEmptyString(key, maxBytes: maxBytes)
        case .oneOf(let names):
            guard let text = try reader.string(key), names.contains(text) else {
                throw reader.failure(key, "must be one of \(names.joined(separator: ", "))")
            }
        case .flag: _ = try reader.bool(key)
        case .texts: _ = try reader.strings(key, maxCount: 256, maxBytes: 256)
        }
        changes[key] = value
    }
}
