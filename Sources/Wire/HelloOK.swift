package import JSON

/// The payload of the response to an accepted `connect` (OpenClaw gateway protocol, "`hello-ok`").
package struct HelloOK: Sendable {
    package var protocolVersion: Int
    package var serverVersion: String
    package var connID: String
    /// A JSON array, as text.
    package var presence: [UInt8]
    package var health: JSON
    package var stateVersion: StateVersion
    package var uptimeMs: Int64
    package var defaultAgentID: String
    package var mainKey: String
    package var sessionScope: String
    /// For connections that hold `operator.admin` only.
    package var ownerFacts: OwnerFacts?
    package var role: Role
    package var scopes: [String]
    package var issuedToken: IssuedToken?
    package var policy: Policy
    /// Present only when the client asked to resume: "resumed" or "gap".
    package var resume: String?

    package struct OwnerFacts: Sendable {
        package var configPath: String?
        package var stateDir: String
        package var authMode: String

        package init(configPath: String?, stateDir: String, authMode: String) {
            self.configPath = configPath
            self.stateDir = stateDir
            self.authMode = authMode
        }
    }

    package struct IssuedToken: Equatable, Sendable {
        package var deviceToken: String
        package var issuedAtMs: Int64
        /// For other roles: a setup code gives several at once.
        package var others: [Other] = []

        package struct Other: Equatable, Sendable {
            package var deviceToken: String
            package var role: Role
            package var scopes: [String]
            package var issuedAtMs: Int64

            package init(deviceToken: String, role: Role, scopes: [String], issuedAtMs: Int64) {
                self.deviceToken = deviceToken
                self.role = role
                self.scopes = scopes
                self.issuedAtMs = issuedAtMs
            }
        }

        package init(deviceToken: String, issuedAtMs: Int64) {
            self.deviceToken = deviceToken
            self.issuedAtMs = issuedAtMs
        }
    }

    package struct Policy: Equatable, Sendable {
        package var maxPayloadBytes: Int
        package var maxBufferedBytes: Int
        package var tickIntervalMs: Int

        package init(
            maxPayloadBytes: Int = 26_214_400, maxBufferedBytes: Int = 52_428_800, tickIntervalMs: Int = 30_000
        ) {
            self.maxPayloadBytes = maxPayloadBytes
            self.maxBufferedBytes = maxBufferedBytes
            self.tickIntervalMs = tickIntervalMs
        }
    }

    package init(
        protocolVersion: Int, serverVersion: String, connID: String, presence: [UInt8], health: JSON,
        stateVersion: StateVersion, uptimeMs: Int64, defaultAgentID: String, mainKey: String, sessionScope: String,
        ownerFacts: OwnerFacts?, role: Role, scopes: [String], issuedToken: IssuedToken?, policy: Policy,
        resume: String?
    ) {
        self.protocolVersion = protocolVersion
        self.serverVersion = serverVersion
        self.connID = connID
        self.presence = presence
        self.health = health
        self.stateVersion = stateVersion
        self.uptimeMs = uptimeMs
        self.defaultAgentID = defaultAgentID
        self.mainKey = mainKey
        self.sessionScope = sessionScope
        self.ownerFacts = ownerFacts
        self.role = role
        self.scopes = scopes
        self.issuedToken = issuedToken
        self.policy = policy
        self.resume = resume
    }

    /// The same for everybody, so it is encoded once.
    private static let features: [UInt8] = {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("methods", Method.advertised)
        writer.field("events", EventName.advertised)
        writer.endObject()
        return writer.take()
    }()

    /// As JSON text.
    package func encoded() -> [UInt8] {
        var writer = JSONWriter(capacity: Self.features.count + presence.count + 1024)
        writer.beginObject()
        writer.field("type", "hello-ok")
        writer.field("protocol", protocolVersion)
        writer.key("server")
        writer.beginObject()
        writer.field("version", serverVersion)
        writer.field("connId", connID)
        writer.endObject()
        writer.field("features", raw: Self.features.span)
        writer.key("snapshot")
        writeSnapshot(&writer)
        // A version 3 client takes `auth` for complete or absent: without a token it is left out.
        if protocolVersion >= 4 || issuedToken != nil {
            writer.key("auth")
            writeAuth(&writer)
        }
        writer.key("policy")
        writer.beginObject()
        writer.field("maxPayload", policy.maxPayloadBytes)
        writer.field("maxBufferedBytes", policy.maxBufferedBytes)
        writer.field("tickIntervalMs", policy.tickIntervalMs)
        writer.endObject()
        writer.optionalField("resume", resume)
        writer.endObject()
        return writer.take()
    }

    private func writeSnapshot(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("presence", raw: presence.span)
        writer.field("health", health)
        writer.field("stateVersion", stateVersion.json)
        writer.field("uptimeMs", uptimeMs)
        writer.key("sessionDefaults")
        writer.beginObject()
        writer.field("defaultAgentId", defaultAgentID)
        writer.field("mainKey", mainKey)
        writer.field("mainSessionKey", "agent:\(defaultAgentID):\(mainKey)")
        writer.field("scope", sessionScope)
        writer.endObject()
        if let ownerFacts {
            writer.optionalField("configPath", ownerFacts.configPath)
            writer.field("stateDir", ownerFacts.stateDir)
            writer.field("authMode", ownerFacts.authMode)
        }
        writer.endObject()
    }

    private func writeAuth(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("role", role.rawValue)
        writer.field("scopes", scopes)
        if let issuedToken {
            writer.field("deviceToken", issuedToken.deviceToken)
            writer.field("issuedAtMs", issuedToken.issuedAtMs)
            if !issuedToken.others.isEmpty {
                writer.key("deviceTokens")
                writer.beginArray()
                for other in issuedToken.others {
                    writer.beginObject()
                    writer.field("deviceToken", other.deviceToken)
                    writer.field("role", other.role.rawValue)
                    writer.field("scopes", other.scopes)
                    writer.field("issuedAtMs", other.issuedAtMs)
                    writer.endObject()
                }
                writer.endArray()
            }
        }
        writer.endObject()
    }
}
