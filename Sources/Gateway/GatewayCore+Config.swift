internal import JSON
internal import Trust
internal import Wire

/// `config.*` (wire protocol, section 6.10). The files are the shell's; here stands who may ask for what, and how often.
extension GatewayCore {
    func readConfig(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection
    ) throws -> [Effect] {
        // It tells of everybody.
        guard caller.admitted.lineage == nil else {
            throw GatewayError(.forbidden, .configNotVisible)
        }
        switch request.method {
        case .configSchema: return [.configure(.schema, for: request)]
        case .configSchemaLookup:
            let path = try reader.requiredString("path", maxBytes: 1024)
            return [.configure(.lookup(path: path), for: request)]
        default: return [.configure(.get, for: request)]
        }
    }

    mutating func writeConfig(
        _ request: GatewayRequest, _ reader: ParamReader, from caller: ClientConnection, nowMs: Int64
    ) throws -> [Effect] {
        let raw = try reader.requiredString("raw", maxBytes: ConfigRequest.maxRawBytes)
        let author = ConfigAuthor(
            method: request.method.rawValue,
            name: caller.admitted.deviceID.map { "device \($0.prefix(12))…" } ?? "\(caller.admitted.method)",
            baseHash: try reader.nonEmptyString("baseHash", maxBytes: 256),
            note: try reader.nonEmptyString("note", maxBytes: 4096))
        let change: ConfigRequest
        if request.method == .configPatch {
            let replacing = try reader.strings(
                "replacePaths", maxCount: ConfigRequest.maxReplacePaths, maxBytes: 1024)
            change = .patch(try Self.patch(raw), replacing: replacing ?? [], by: author)
        } else {
            change = .set(raw: raw, by: author)
        }
        let limited = ControlPlaneLimiter.Caller(
            method: author.method, device: caller.admitted.deviceID, address: caller.clientAddress)
        if let waitMs = controlPlane.admit(limited, nowMs: nowMs) {
            throw GatewayError(
                .unavailable, .rateLimited,
                "rate limit exceeded for \(author.method); retry after \((waitMs + 999) / 1000)s",
                details: JSONObject([
                    ("method", .string(author.method)),
                    ("limit", .string("\(ControlPlaneLimiter.maxCalls) per \(ControlPlaneLimiter.windowMs / 1000)s")),
                ]), retryable: true, retryAfterMs: waitMs)
        }
        return [.configure(change, for: request)]
    }

    private static func patch(_ raw: String) throws(GatewayError) -> JSON {
        let patch: JSON
        do throws(JSONError) {
            patch = try JSONParser.parse(raw, dialect: .json5)
        } catch {
            throw .invalidParams("config.patch", "raw: not valid JSON5: \(error)")
        }
        guard patch.object != nil else { throw .invalidParams("config.patch", "raw: must be an object") }
        return patch
    }
}
