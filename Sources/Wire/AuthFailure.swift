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

    /// What the owner can do about a refusal that no client can mend by another credential.
    package var remedy: String? {
        switch self {
        case .trustedProxyConfigMissing: "set gateway.auth.trustedProxy.userHeader"
        case .trustedProxyNoProxies:
            "set gateway.trustedProxies to the address of the proxy, or give it a Unix socket (gateway.listeners)"
        case .trustedProxyUntrustedSource: "connect through the proxy, or add its address to gateway.trustedProxies"
        case .trustedProxyLoopbackSource:
            "set gateway.auth.trustedProxy.allowLoopback: true if the proxy runs on the gateway's host"
        case .trustedProxyLocalInterface: "let the proxy dial the gateway from its own address, or over loopback"
        case .trustedProxyLocalInterfaceCheck:
            "the gateway cannot read this host's addresses: see that getifaddrs works where it runs"
        case .trustedProxyMissingHeader: "let the proxy set the header (gateway.auth.trustedProxy)"
        case .trustedProxyUserMissing: "let the proxy name the user in gateway.auth.trustedProxy.userHeader"
        case .trustedProxyUserNotAllowed: "add the user to gateway.auth.trustedProxy.allowUsers"
        case .tailscaleProxyMissing: "connect through tailscale serve, which sets X-Forwarded-For, -Proto and -Host"
        case .tailscaleWhoisFailed: "is tailscaled running, and may the gateway open its socket?"
        case .tailscaleUserMismatch: "the header names another user than the tailnet does: let tailscale serve set it"
        default: nil
        }
    }

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
        case .trustedProxyMissingHeader: "AUTH_IDENTITY_HEADER_REQUIRED"
        case .trustedProxyConfigMissing, .trustedProxyNoProxies, .trustedProxyUntrustedSource,
            .trustedProxyLoopbackSource, .trustedProxyLocalInterface, .trustedProxyLocalInterfaceCheck,
            .trustedProxyUserMissing, .trustedProxyUserNotAllowed:
            "AUTH_UNAUTHORIZED"
        case .tailscaleProxyMissing: "AUTH_TAILSCALE_PROXY_MISSING"
        case .tailscaleWhoisFailed: "AUTH_TAILSCALE_WHOIS_FAILED"
        case .tailscaleUserMismatch: "AUTH_TAILSCALE_IDENTITY_MISMATCH"
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
