package import Errors

extension AuthFailure: Catalogued {
    package static let family = ErrorFamily.credential

    package var text: ErrorText {
        switch self {
        case .tokenMissing, .tokenMismatch:
            ErrorText(
                self == .tokenMissing ? "gateway token missing" : "gateway token mismatch",
                rule: "in mode token a client proves the gateway's token, or a token of its own device",
                remedy: "pass the gateway's token with --token: gateway.auth.token of its configuration, "
                    + "or the file gateway/token in its state directory")
        case .tokenNotConfigured:
            ErrorText(
                "gateway token not configured on gateway", rule: "mode token needs a token",
                remedy: "set gateway.auth.token")
        case .passwordMissing, .passwordMismatch:
            ErrorText(
                self == .passwordMissing ? "gateway password missing" : "gateway password mismatch",
                rule: "in mode password a client proves the gateway's password, or a token of its own device",
                remedy: "pass --password: gateway.auth.password of the gateway's configuration")
        case .passwordNotConfigured:
            ErrorText(
                "gateway password not configured on gateway", rule: "mode password needs a password",
                remedy: "set gateway.auth.password")
        case .bootstrapTokenInvalid:
            ErrorText(
                "bootstrap token invalid or expired", rule: "an enrolment token is good for its uses, time and role",
                remedy: "make a fresh one on the gateway's host: sallyport devices enroll, or sallyport qr")
        case .deviceTokenMismatch:
            ErrorText(
                "device token mismatch", rule: "a device's token is the one that it was given last",
                remedy: "pair again, or on the gateway's host: sallyport devices rotate")
        case .scopeMismatch:
            ErrorText(
                "device token scope mismatch", rule: "a device's token covers what its device was approved for",
                remedy: "pair again, and approve what it asks for: sallyport devices list")
        case .rateLimited:
            ErrorText(
                "too many failed authentication attempts",
                rule: "an address sends few wrong credentials (gateway.auth.rateLimit.maxAttempts)",
                remedy: "wait for the lockout to end, or on the gateway's host: sallyport auth unlock")
        case .lineageCredential:
            ErrorText(
                "credential is not of this derived device's lineage",
                rule: "a child shows its root's token or its own run token",
                remedy: "use the parent's token or the run token")
        case .required:
            ErrorText(
                "a credential is required", rule: "who shows no device proves the shared secret",
                remedy: "pass --token or --password, or connect with a device identity")
        case .trustedProxyConfigMissing:
            ErrorText(
                "the header of users is not configured", rule: "mode trusted-proxy names a header",
                remedy: "set gateway.auth.trustedProxy.userHeader")
        case .trustedProxyNoProxies:
            ErrorText(
                "no proxy is trusted", rule: "mode trusted-proxy needs a proxy",
                remedy: "set gateway.trustedProxies to the address of the proxy, or give it a Unix socket "
                    + "(gateway.listeners)")
        case .trustedProxyUntrustedSource:
            ErrorText(
                "the connection did not come through a trusted proxy", rule: "users come through the proxy",
                remedy: "connect through the proxy, or add its address to gateway.trustedProxies")
        case .trustedProxyLoopbackSource:
            ErrorText(
                "the connection comes from this host", rule: "a proxy on the gateway's host is allowed by name",
                remedy: "set gateway.auth.trustedProxy.allowLoopback: true if the proxy runs on the gateway's host")
        case .trustedProxyLocalInterface:
            ErrorText(
                "the connection comes from an address of this host",
                rule: "a proxy elsewhere has an address of its own",
                remedy: "let the proxy dial the gateway from its own address, or over loopback")
        case .trustedProxyLocalInterfaceCheck:
            ErrorText(
                "this host's addresses cannot be read", rule: "this host is told from others by its addresses",
                remedy: "the gateway cannot read this host's addresses: see that getifaddrs works where it runs")
        case .trustedProxyMissingHeader:
            ErrorText(
                "a header that the proxy has to set is missing",
                rule: "all of gateway.auth.trustedProxy.requiredHeaders are there",
                remedy: "let the proxy set the header (gateway.auth.trustedProxy)")
        case .trustedProxyUserMissing:
            ErrorText(
                "the proxy names no user", rule: "the proxy names its user",
                remedy: "let the proxy name the user in gateway.auth.trustedProxy.userHeader")
        case .trustedProxyUserNotAllowed:
            ErrorText(
                "the user is not among those allowed", rule: "users are those of gateway.auth.trustedProxy.allowUsers",
                remedy: "add the user to gateway.auth.trustedProxy.allowUsers")
        case .tailscaleProxyMissing:
            ErrorText(
                "the headers of tailscale serve are not complete", rule: "tailscale serve sets all of its headers",
                remedy: "connect through tailscale serve, which sets X-Forwarded-For, -Proto and -Host")
        case .tailscaleWhoisFailed:
            ErrorText(
                "the local Tailscale daemon does not say whose address it is",
                rule: "a Tailscale user is one that the daemon knows",
                remedy: "is tailscaled running, and may the gateway open its socket?")
        case .tailscaleUserMismatch:
            ErrorText(
                "the header names another user than Tailscale does", rule: "header and daemon name the same user",
                remedy: "the header names another user than the tailnet does: let tailscale serve set it")
        }
    }
}
