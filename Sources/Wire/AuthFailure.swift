/// Why no credential was accepted: `details.authReason`, with the code, message and next step that go with it
/// (OpenClaw gateway protocol, "Connect failure catalogue").
package enum AuthFailure: String, CaseIterable, Sendable {
    case tokenMissing = "token_missing"
    case tokenMismatch = "token_mismatch"
    case tokenNotConfigured = "token_missing_config"
    case passwordMissing = "password_missing"
    case passwordMismatch = "password_mismatch"
    case passwordNotConfigured = "password_missing_config"
    case bootstrapTokenInvalid = "bootstrap_token_invalid"
    case deviceTokenMismatch = "device_token_mismatch"
    case scopeMismatch = "scope_mismatch"
    case rateLimited = "rate_limited"
    /// A valid credential that is not of the derived device's lineage.
    case lineageCredential = "lineage_credential"
    case required = "auth_required"

    package var code: String {
        switch self {
        case .tokenMissing: "AUTH_TOKEN_MISSING"
        case .tokenMismatch: "AUTH_TOKEN_MISMATCH"
        case .tokenNotConfigured: "AUTH_TOKEN_NOT_CONFIGURED"
        case .passwordMissing: "AUTH_PASSWORD_MISSING"
        case .passwordMismatch: "AUTH_PASSWORD_MISMATCH"
        case .passwordNotConfigured: "AUTH_PASSWORD_NOT_CONFIGURED"
        case .bootstrapTokenInvalid: "AUTH_BOOTSTRAP_TOKEN_INVALID"
        case .deviceTokenMismatch: "AUTH_DEVICE_TOKEN_MISMATCH"
        case .scopeMismatch: "AUTH_SCOPE_MISMATCH"
        case .rateLimited: "AUTH_RATE_LIMITED"
        case .lineageCredential: "AUTH_LINEAGE_CREDENTIAL"
        case .required: "AUTH_REQUIRED"
        }
    }

    /// Whether somebody who guesses credentials would get this: one was there, and wrong.
    package var isGuess: Bool {
        switch self {
        case .tokenMismatch, .passwordMismatch, .bootstrapTokenInvalid, .deviceTokenMismatch: true
        default: false
        }
    }

    package func message(to client: ClientInfo) -> String {
        switch self {
        case .tokenMissing: "unauthorized: gateway token missing (\(Self.hint(client, "token")))"
        case .tokenMismatch: "unauthorized: gateway token mismatch (\(Self.hint(client, "token")))"
        case .tokenNotConfigured: "unauthorized: gateway token not configured on gateway (set gateway.auth.token)"
        case .passwordMissing: "unauthorized: gateway password missing (\(Self.hint(client, "password")))"
        case .passwordMismatch: "unauthorized: gateway password mismatch (\(Self.hint(client, "password")))"
        case .passwordNotConfigured:
            "unauthorized: gateway password not configured on gateway (set gateway.auth.password)"
        case .bootstrapTokenInvalid: "unauthorized: bootstrap token invalid or expired (scan a fresh setup code)"
        case .deviceTokenMismatch: "unauthorized: device token mismatch (rotate/reissue device token)"
        case .scopeMismatch: "unauthorized: device token scope mismatch (re-pair or approve scope upgrade)"
        case .rateLimited: "unauthorized: too many failed authentication attempts (retry later)"
        case .lineageCredential:
            "unauthorized: credential is not of this derived device's lineage (use the parent's token or the run token)"
        case .required: "unauthorized"
        }
    }

    private static func hint(_ client: ClientInfo, _ secret: String) -> String {
        if client.isCLI { return "set gateway.remote.\(secret) to match gateway.auth.\(secret)" }
        if client.isControlUI || client.isWebchat || client.mode == "ui" {
            return secret == "token"
                ? "open the dashboard URL and paste the token in Control UI settings"
                : "enter the password in Control UI settings"
        }
        return "provide gateway auth \(secret)"
    }

    package func nextStep(canRetryWithDeviceToken: Bool) -> String {
        switch self {
        case .tokenMissing, .tokenNotConfigured, .passwordMissing, .passwordNotConfigured:
            "update_auth_configuration"
        case .tokenMismatch: canRetryWithDeviceToken ? "retry_with_device_token" : "update_auth_credentials"
        case .passwordMismatch, .deviceTokenMismatch, .lineageCredential: "update_auth_credentials"
        case .bootstrapTokenInvalid, .scopeMismatch, .required: "review_auth_configuration"
        case .rateLimited: "wait_then_retry"
        }
    }
}
