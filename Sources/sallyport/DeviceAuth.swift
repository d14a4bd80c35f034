internal import Files
internal import JSON
internal import Server

/// `identity/device-auth.json`: device tokens that gateways issued (wire protocol, section 7.2).
enum DeviceAuth {
    static func token(_ state: StateDirectory, deviceID: String) -> String? {
        guard let file = read(state), file["deviceId"]?.string == deviceID else { return nil }
        return file["tokens"]?["operator"]?["token"]?.string
    }

    /// Best effort: without it the next connection uses the shared token again.
    static func store(_ state: StateDirectory, deviceID: String, token: String, scopes: [String]) {
        let entry: JSON = .object(
            JSONObject([
                ("token", .string(token)), ("role", "operator"), ("scopes", .array(scopes.map { .string($0) })),
            ]))
        let file: JSON = .object(
            JSONObject([
                ("version", 1), ("deviceId", .string(deviceID)),
                ("tokens", .object(JSONObject([("operator", entry)]))),
            ]))
        try? Files.writeAtomically(state.deviceAuth, Array((file.prettyPrinted() + "\n").utf8))
    }

    private static func read(_ state: StateDirectory) -> JSON? {
        guard let bytes = try? Files.read(state.deviceAuth, maxBytes: 64 * 1024) else { return nil }
        return try? JSONParser.parse(bytes)
    }
}
