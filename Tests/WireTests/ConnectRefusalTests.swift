import JSON
import Testing
import Wire

@Suite("Connect failure catalogue, wire protocol 3.4 to 3.6")
struct ConnectRefusalTests {
    static let cli = ClientInfoTests.client("cli", "cli")
    static let backend = ClientInfoTests.client("gateway-client", "backend")
    static let controlUI = ClientInfoTests.client("openclaw-control-ui", "webchat")

    struct Auth: Sendable, CustomTestStringConvertible {
        let failure: AuthFailure
        let reason: String
        let code: String
        /// `<hint>` stands for the hint of the client's class.
        let message: String
        let nextStep: String
        var testDescription: String { reason }

        init(_ failure: AuthFailure, _ reason: String, _ code: String, _ message: String, _ nextStep: String) {
            self.failure = failure
            self.reason = reason
            self.code = code
            self.message = message
            self.nextStep = nextStep
        }
    }

    static let auth: [Auth] = [
        Auth(
            .tokenMissing, "token_missing", "AUTH_TOKEN_MISSING", "unauthorized: gateway token missing (<hint>)",
            "update_auth_configuration"),
        Auth(
            .tokenMismatch, "token_mismatch", "AUTH_TOKEN_MISMATCH", "unauthorized: gateway token mismatch (<hint>)",
            "update_auth_credentials"),
        Auth(
            .tokenNotConfigured, "token_missing_config", "AUTH_TOKEN_NOT_CONFIGURED",
            "unauthorized: gateway token not configured on gateway (set gateway.auth.token)",
            "update_auth_configuration"),
        Auth(
            .passwordMissing, "password_missing", "AUTH_PASSWORD_MISSING",
            "unauthorized: gateway password missing (<hint>)", "update_auth_configuration"),
        Auth(
            .passwordMismatch, "password_mismatch", "AUTH_PASSWORD_MISMATCH",
            "unauthorized: gateway password mismatch (<hint>)", "update_auth_credentials"),
        Auth(
            .passwordNotConfigured, "password_missing_config", "AUTH_PASSWORD_NOT_CONFIGURED",
            "unauthorized: gateway password not configured on gateway (set gateway.auth.password)",
            "update_auth_configuration"),
        Auth(
            .bootstrapTokenInvalid, "bootstrap_token_invalid", "AUTH_BOOTSTRAP_TOKEN_INVALID",
            "unauthorized: bootstrap token invalid or expired (scan a fresh setup code)", "review_auth_configuration"),
        Auth(
            .deviceTokenMismatch, "device_token_mismatch", "AUTH_DEVICE_TOKEN_MISMATCH",
            "unauthorized: device token mismatch (rotate/reissue device token)", "update_auth_credentials"),
        Auth(
            .scopeMismatch, "scope_mismatch", "AUTH_SCOPE_MISMATCH",
            "unauthorized: device token scope mismatch (re-pair or approve scope upgrade)",
            "review_auth_configuration"),
        Auth(
            .rateLimited, "rate_limited", "AUTH_RATE_LIMITED",
            "unauthorized: too many failed authentication attempts (retry later)", "wait_then_retry"),
        Auth(.required, "auth_required", "AUTH_REQUIRED", "unauthorized", "review_auth_configuration"),
    ]

    /// Client class, what the token hint is, what the password hint is.
    static let hints: [(ClientInfo, String, String)] = [
        (
            cli, "set gateway.remote.token to match gateway.auth.token",
            "set gateway.remote.password to match gateway.auth.password"
        ),
        (
            controlUI, "open the dashboard URL and paste the token in Control UI settings",
            "enter the password in Control UI settings"
        ),
        (
            ClientInfoTests.client("openclaw-tui", "ui"),
            "open the dashboard URL and paste the token in Control UI settings",
            "enter the password in Control UI settings"
        ),
        (
            ClientInfoTests.client("webchat-ui", "webchat"),
            "open the dashboard URL and paste the token in Control UI settings",
            "enter the password in Control UI settings"
        ),
        (backend, "provide gateway auth token", "provide gateway auth password"),
        (ClientInfoTests.client("node-host", "node"), "provide gateway auth token", "provide gateway auth password"),
    ]

    @Test("an auth failure has the documented code, reason, message and next step", arguments: auth)
    func authFailure(_ row: Auth) {
        for (client, tokenHint, passwordHint) in Self.hints {
            let hint = row.reason.hasPrefix("token") ? tokenHint : passwordHint
            let message = row.message.replacing("<hint>", with: hint)
            let refusal = ConnectRefusal.auth(row.failure, client: client)
            #expect(refusal.error.code == .invalidRequest)
            #expect(refusal.error.message == message)
            #expect(refusal.close == GatewayClose(1008, message))
            #expect(
                JSON.object(refusal.error.details) == [
                    "code": .string(row.code), "authReason": .string(row.reason),
                    "recommendedNextStep": .string(row.nextStep),
                ])
        }
    }

    @Test("only a wrong token may be retried with a device token", arguments: AuthFailure.allCases)
    func retry(_ failure: AuthFailure) {
        let details = ConnectRefusal.auth(failure, client: Self.cli, canRetryWithDeviceToken: true).error.details
        if failure == .tokenMismatch {
            #expect(details["canRetryWithDeviceToken"] == true)
            #expect(details["recommendedNextStep"] == "retry_with_device_token")
        } else {
            #expect(details["canRetryWithDeviceToken"] == nil)
            #expect(details["recommendedNextStep"] != "retry_with_device_token")
        }
    }

    @Test("a lockout says when to come back")
    func rateLimited() {
        let error = ConnectRefusal.auth(.rateLimited, client: Self.cli, retryAfterMs: 300_000).error
        #expect(error.retryable && error.retryAfterMs == 300_000)
        let other = ConnectRefusal.auth(.tokenMismatch, client: Self.cli, retryAfterMs: 1).error
        #expect(!other.retryable && other.retryAfterMs == nil)
    }

    @Test("the next steps are the documented five")
    func nextSteps() {
        let steps = Set(
            AuthFailure.allCases.flatMap {
                [$0.nextStep(canRetryWithDeviceToken: true), $0.nextStep(canRetryWithDeviceToken: false)]
            })
        #expect(
            steps == [
                "retry_with_device_token", "update_auth_configuration", "update_auth_credentials", "wait_then_retry",
                "review_auth_configuration",
            ])
    }

    @Test(
        "a proof failure has the documented code, reason and message, and no retry fields",
        arguments: [
            (
                ProofFailure.deviceIDMismatch, "device-id-mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH",
                "device identity mismatch"
            ),
            (.signatureStale, "device-signature-stale", "DEVICE_AUTH_SIGNATURE_EXPIRED", "device signature expired"),
            (.nonceMissing, "device-nonce-missing", "DEVICE_AUTH_NONCE_REQUIRED", "device nonce required"),
            (.nonceMismatch, "device-nonce-mismatch", "DEVICE_AUTH_NONCE_MISMATCH", "device nonce mismatch"),
            (.signatureInvalid, "device-signature", "DEVICE_AUTH_SIGNATURE_INVALID", "device signature invalid"),
            (.publicKeyInvalid, "device-public-key", "DEVICE_AUTH_PUBLIC_KEY_INVALID", "device public key invalid"),
        ])
    func proof(_ failure: ProofFailure, _ reason: String, _ code: String, _ message: String) {
        let refusal = ConnectRefusal.proof(failure)
        #expect(refusal.error.code == .invalidRequest && refusal.error.message == message)
        #expect(refusal.close == GatewayClose(1008, message))
        #expect(refusal.error.details["code"]?.string == code)
        #expect(refusal.error.details["reason"]?.string == reason)
        #expect(refusal.error.details["remediationHint"]?.string?.isEmpty == false)
        #expect(!refusal.error.retryable && refusal.error.retryAfterMs == nil)
        #expect(refusal.error.details["recommendedNextStep"] == nil)
    }

    @Test("a protocol mismatch tells both windows and closes 1002")
    func protocolMismatch() {
        let refusal = ConnectRefusal.protocolMismatch(min: 5, max: 9)
        #expect(refusal.close == GatewayClose(1002, "protocol mismatch"))
        #expect(refusal.error.code == .invalidRequest && refusal.error.message == "protocol mismatch")
        let details = refusal.error.details
        #expect(details["code"] == "PROTOCOL_MISMATCH")
        #expect(details["clientMinProtocol"] == 5 && details["clientMaxProtocol"] == 9)
        #expect(details["expectedProtocol"] == 4 && details["minimumProbeProtocol"] == 3)
        #expect(details["remediationHint"]?.string?.isEmpty == false)
    }

    @Test("missing device identities close with their own texts")
    func deviceIdentity() {
        let controlUI = ConnectRefusal.controlUIDeviceIdentityRequired()
        #expect(controlUI.error.code == .invalidRequest)
        #expect(controlUI.error.details["code"] == "CONTROL_UI_DEVICE_IDENTITY_REQUIRED")
        #expect(
            controlUI.close
                == GatewayClose(1008, "control ui requires device identity (use HTTPS or localhost secure context)"))
        let other = ConnectRefusal.deviceIdentityRequired()
        #expect(other.error.code == .notPaired && other.error.details["code"] == "DEVICE_IDENTITY_REQUIRED")
        #expect(other.close == GatewayClose(1008, "device identity required"))
    }

    @Test("a refused origin is named with the key that would allow it", arguments: ["https://evil.example", nil])
    func origin(_ origin: String?) {
        let reason = origin == nil ? "origin missing or invalid" : "origin not allowed"
        let refusal = ConnectRefusal.originNotAllowed(reason: reason, origin: origin)
        let text =
            "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)"
        #expect(refusal.error.code == .invalidRequest && refusal.error.message == text)
        #expect(refusal.close == GatewayClose(1008, text))
        #expect(refusal.error.details["code"] == "CONTROL_UI_ORIGIN_NOT_ALLOWED")
        #expect(refusal.error.details["reason"]?.string == reason)
        let hint = refusal.error.details["remediationHint"]?.string ?? ""
        #expect(hint.contains("gateway.controlUi.allowedOrigins"))
        if let origin { #expect(hint.contains(origin)) }
    }

    // MARK: 1008 pairing required

    static let requestID = "6f1a2c0e-2b1d-4b0e-9f6e-0b1f7f0a4c11"

    static func pairing(
        _ reason: PairingReason, scopes: [String] = [], approvedRoles: [String] = [], approvedScopes: [String] = []
    ) -> ConnectRefusal {
        .pairingRequired(
            ConnectRefusal.PairingContext(
                reason: reason, requestID: requestID, deviceID: String(repeating: "d", count: 64), role: .operator,
                scopes: scopes, approvedRoles: approvedRoles, approvedScopes: approvedScopes, remedy: "approve it"))
    }

    @Test(
        "each reason has its token, its sentence and a close reason with token and request id",
        arguments: [
            (PairingReason.notPaired, "not-paired", "device is not approved yet"),
            (.roleUpgrade, "role-upgrade", "device is asking for a higher role than currently approved"),
            (.scopeUpgrade, "scope-upgrade", "device is asking for more scopes than currently approved"),
            (.metadataUpgrade, "metadata-upgrade", "device identity changed and must be re-approved"),
        ])
    func pairingRequired(_ reason: PairingReason, _ token: String, _ sentence: String) {
        let refusal = Self.pairing(reason, scopes: ["operator.read", "operator.write"])
        #expect(refusal.error.code == .notPaired)
        #expect(refusal.error.message == "pairing required: \(sentence)")
        #expect(refusal.close == GatewayClose(1008, "pairing required: \(token) (requestId: \(Self.requestID))"))
        #expect(
            JSON.object(refusal.error.details) == [
                "code": "PAIRING_REQUIRED", "reason": .string(token), "requestId": .string(Self.requestID),
                "remediationHint": "approve it", "deviceId": .string(String(repeating: "d", count: 64)),
                "requestedRole": "operator", "requestedScopes": ["operator.read", "operator.write"],
            ])
    }

    @Test("empty lists are left out, approved roles and scopes are shown when there are any")
    func pairingLists() {
        let bare = Self.pairing(.notPaired).error.details
        for name in ["requestedScopes", "approvedRoles", "approvedScopes"] { #expect(bare[name] == nil) }
        let full = Self.pairing(.scopeUpgrade, approvedRoles: ["operator"], approvedScopes: ["operator.read"]).error
        #expect(full.details["approvedRoles"] == ["operator"] && full.details["approvedScopes"] == ["operator.read"])
    }

    @Test("the close reason parses by the rule of client requirement 6", arguments: PairingReason.allCases)
    func closeReason(_ reason: PairingReason) throws {
        let rule =
            /pairing required(?:: (?<reason>[^(]+?))?(?: \(requestId: (?<id>[A-Za-z0-9][A-Za-z0-9._:-]{0,127})\))?/
        let close = Self.pairing(reason).close
        let match = try #require(close.reason.wholeMatch(of: rule))
        #expect(match.output.reason.map(String.init) == reason.rawValue)
        #expect(match.output.id.map(String.init) == Self.requestID)
    }

    @Test("a refused grant names the verdict in details and close reason")
    func lineage() {
        let refusal = ConnectRefusal.lineage(verdict: "expired", sentence: "the grant has expired", remedy: "renew it")
        #expect(refusal.error.details["reason"] == "expired" && refusal.error.details["remediationHint"] == "renew it")
        #expect(refusal.error.details["code"] == "SPAWN_GRANT_REFUSED")
        #expect(refusal.close.code == 1008 && refusal.close.reason.contains("expired"))
        #expect(!refusal.close.reason.contains("pairing required"))
        #expect(refusal.error.message.contains("expired"))
        let spawn = ConnectRefusal.spawnPolicy(message: "too many", rule: "max-children", remedy: "raise it")
        #expect(spawn.error.details["reason"] == "max-children" && spawn.error.details["remediationHint"] == "raise it")
        #expect(spawn.close.code == 1008)
    }
}
