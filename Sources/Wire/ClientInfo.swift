/// `connect.params.client`: what the client says it is. Nothing of it is proof of anything.
package struct ClientInfo: Equatable, Sendable {
    package var id: String
    package var version: String
    package var platform: String
    package var mode: String
    package var displayName: String?
    package var deviceFamily: String?
    package var modelIdentifier: String?
    package var instanceID: String?

    package init(
        id: String, version: String, platform: String, mode: String, displayName: String? = nil,
        deviceFamily: String? = nil, modelIdentifier: String? = nil, instanceID: String? = nil
    ) {
        self.id = id
        self.version = version
        self.platform = platform
        self.mode = mode
        self.displayName = displayName
        self.deviceFamily = deviceFamily
        self.modelIdentifier = modelIdentifier
        self.instanceID = instanceID
    }

    package static let knownIDs: Set<String> = [
        "webchat-ui", "openclaw-control-ui", "openclaw-tui", "webchat", "cli", "gateway-client", "openclaw-macos",
        "openclaw-ios", "openclaw-android", "node-host", "test", "fingerprint", "openclaw-probe",
        "openclaw-browser-copilot", "openclaw-linux", "openclaw-watchos", "openclaw-worker",
    ]
    package static let knownModes: Set<String> = [
        "webchat", "cli", "ui", "backend", "node", "probe", "test", "worker",
    ]

    /// Every client is shown to every other, so nobody is long.
    static let maxTextBytes = 512

    static func read(_ reader: ParamReader) throws(ParamReader.Failure) -> ClientInfo {
        let id = try reader.requiredString("id")
        guard knownIDs.contains(id) else { throw reader.failure("id", "must be equal to one of the allowed values") }
        let mode = try reader.requiredString("mode")
        guard knownModes.contains(mode) else {
            throw reader.failure("mode", "must be equal to one of the allowed values")
        }
        return ClientInfo(
            id: id, version: try reader.requiredString("version", maxBytes: maxTextBytes),
            platform: try reader.requiredString("platform", maxBytes: maxTextBytes),
            mode: mode, displayName: try reader.nonEmptyString("displayName", maxBytes: maxTextBytes),
            deviceFamily: try reader.nonEmptyString("deviceFamily", maxBytes: maxTextBytes),
            modelIdentifier: try reader.nonEmptyString("modelIdentifier", maxBytes: maxTextBytes),
            instanceID: try reader.nonEmptyString("instanceId", maxBytes: maxTextBytes))
    }
}

// Classes that the admission policy uses (OpenClaw gateway protocol, "Enumerations").
extension ClientInfo {
    package var isControlUI: Bool { id == "openclaw-control-ui" || id == "openclaw-tui" }
    package var isBrowserControlUI: Bool { id == "openclaw-control-ui" }
    package var isWebchat: Bool { mode == "webchat" || id == "webchat-ui" }
    package var isNativeAppUI: Bool {
        mode == "ui" && ["openclaw-macos", "openclaw-ios", "openclaw-android", "openclaw-linux"].contains(id)
    }
    package var isCLI: Bool { mode == "cli" }
    package var isLocalBackend: Bool { id == "gateway-client" && mode == "backend" }
}
