package import JSON

/// The payload of the response to an accepted `connect` (OpenClaw gateway protocol, "`hello-ok`").
package struct HelloOK: Sendable {
    package var protocolVersion: Int
    package var serverVersion: String
    package var connID: String
    package var presence: [JSON]
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
        protocolVersion: Int, serverVersion: String, connID: String, presence: [JSON], health: JSON,
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

    private static let features: JSON = .object(
        JSONObject([
            ("methods", .array(Method.advertised.map { .string($0) })),
            ("events", .array(EventName.advertised.map { .string($0) })),
        ]))

    package var json: JSON {
        var snapshot = JSONObject([
            ("presence", .array(presence)), ("health", health), ("stateVersion", stateVersion.json),
            ("uptimeMs", .integer(uptimeMs)),
            (
                "sessionDefaults",
                .object(
                    JSONObject([
                        ("defaultAgentId", .string(defaultAgentID)), ("mainKey", .string(mainKey)),
                        ("mainSessionKey", .string("agent:\(defaultAgentID):\(mainKey)")),
                        ("scope", .string(sessionScope)),
                    ]))
            ),
        ])
        if let ownerFacts {
            if let path = ownerFacts.configPath { snapshot["configPath"] = .string(path) }
            snapshot["stateDir"] = .string(ownerFacts.stateDir)
            snapshot["authMode"] = .string(ownerFacts.authMode)
        }
        var hello = JSONObject([
            ("type", "hello-ok"), ("protocol", .integer(Int64(protocolVersion))),
            ("server", .object(JSONObject([("version", .string(serverVersion)), ("connId", .string(connID))]))),
            ("features", Self.features), ("snapshot", .object(snapshot)),
        ])
        if let auth { hello["auth"] = auth }
        hello["policy"] = .object(
            JSONObject([
                ("maxPayload", .integer(Int64(policy.maxPayloadBytes))),
                ("maxBufferedBytes", .integer(Int64(policy.maxBufferedBytes))),
                ("tickIntervalMs", .integer(Int64(policy.tickIntervalMs))),
            ]))
        if let resume { hello["resume"] = .string(resume) }
        return .object(hello)
    }

    /// A version 3 client takes `auth` for complete or absent: without a token it is left out.
    private var auth: JSON? {
        if protocolVersion < 4, issuedToken == nil { return nil }
        var auth = JSONObject([
            ("role", .string(role.rawValue)), ("scopes", .array(scopes.map { .string($0) })),
        ])
        if let issuedToken {
            auth["deviceToken"] = .string(issuedToken.deviceToken)
            auth["issuedAtMs"] = .integer(issuedToken.issuedAtMs)
            if !issuedToken.others.isEmpty {
                auth["deviceTokens"] = .array(
                    issuedToken.others.map { other in
                        .object(
                            JSONObject([
                                ("deviceToken", .string(other.deviceToken)), ("role", .string(other.role.rawValue)),
                                ("scopes", .array(other.scopes.map { .string($0) })),
                                ("issuedAtMs", .integer(other.issuedAtMs)),
                            ]))
                    })
            }
        }
        return .object(auth)
    }
}
