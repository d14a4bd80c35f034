internal import Errors

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
    case trustedProxyConfigMissing = "trusted_proxy_config_missing"
    case trustedProxyNoProxies = "trusted_proxy_no_proxies_configured"
    case trustedProxyUntrustedSource = "trusted_proxy_untrusted_source"
    case trustedProxyLoopbackSource = "trusted_proxy_loopback_source"
    case trustedProxyLocalInterface = "trusted_proxy_local_interface_source"
    case trustedProxyLocalInterfaceCheck = "trusted_proxy_local_interface_check_failed"
    /// The name of the header follows.
    case trustedProxyMissingHeader = "trusted_proxy_missing_header"
    case trustedProxyUserMissing = "trusted_proxy_user_missing"
    case trustedProxyUserNotAllowed = "trusted_proxy_user_not_allowed"
    case tailscaleProxyMissing = "tailscale_proxy_missing"
    case tailscaleWhoisFailed = "tailscale_whois_failed"
    case tailscaleUserMismatch = "tailscale_user_mismatch"

    /// `details.authReason`.
    package func reason(_ detail: String?) -> String { detail.map { "\(rawValue)_\($0)" } ?? rawValue }

    /// It was for a proxy to say who this is.
    package var isProxyIdentity: Bool {
        switch self {
        case .trustedProxyConfigMissing, .trustedProxyNoProxies, .trustedProxyUntrustedSource,
            .trustedProxyLoopbackSource, .trustedProxyLocalInterface, .trustedProxyLocalInterfaceCheck,
            .trustedProxyMissingHeader, .trustedProxyUserMissing, .trustedProxyUserNotAllowed, .tailscaleProxyMissing,
            .tailscaleWhoisFailed,
            .tailscaleUserMismatch:
            true
        default: false
        }
    }

    /// What the owner can do about a refusal that no client can mend by another credential: `details.remediationHint`.
    package var ownersRemedy: String? { isProxyIdentity ? text.remedy : nil }

    package var code: DetailsCode {
        switch self {
        case .tokenMissing: .authTokenMissing
        case .tokenMismatch: .authTokenMismatch
        case .tokenNotConfigured: .authTokenNotConfigured
        case .passwordMissing: .authPasswordMissing
        case .passwordMismatch: .authPasswordMismatch
        case .passwordNotConfigured: .authPasswordNotConfigured
        case .bootstrapTokenInvalid: .authBootstrapTokenInvalid
        case .deviceTokenMismatch: .authDeviceTokenMismatch
        case .scopeMismatch: .authScopeMismatch
        case .rateLimited: .authRateLimited
        case .lineageCredential: .authLineageCredential
        case .required: .authRequired
        case .trustedProxyMissingHeader: .authIdentityHeaderRequired
        case .trustedProxyConfigMissing, .trustedProxyNoProxies, .trustedProxyUntrustedSource,
            .trustedProxyLoopbackSource, .trustedProxyLocalInterface, .trustedProxyLocalInterfaceCheck,
            .trustedProxyUserMissing, .trustedProxyUserNotAllowed:
            .authUnauthorized
        case .tailscaleProxyMissing: .authTailscaleProxyMissing
        case .tailscaleWhoisFailed: .authTailscaleWhoisFailed
        case .tailscaleUserMismatch: .authTailscaleIdentityMismatch
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
        default: "unauthorized"
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
        default: "review_auth_configuration"
        }
    }
}
