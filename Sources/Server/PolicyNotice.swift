internal import Config

/// What a setting of the owner's opens beyond the defaults, or closes, said once at the start.
struct PolicyNotice: Equatable, Sendable {
    enum Weight: Equatable, Sendable {
        /// Also in every status.
        case warning
        case information
    }

    let key: String
    let weight: Weight
    let text: String

    /// `KEY: VALUE widens: … (FILE:LINE)`.
    private init(
        _ key: String, _ value: String, _ effect: String, _ weight: Weight, _ configuration: Configuration,
        narrows: Bool = false
    ) {
        self.key = key
        self.weight = weight
        text =
            "\(key): \(value) \(narrows ? "narrows" : "widens"): \(effect) (\(configuration.source(of: key).description))"
    }

    /// In the order of the sections.
    static func notices(_ configuration: Configuration) -> [PolicyNotice] {
        let gateway = configuration.gateway
        let (auth, ui) = (gateway.auth, gateway.controlUI)
        var notices: [PolicyNotice] = []
        func add(
            _ isSet: Bool, _ key: String, _ value: String, _ effect: String, _ weight: Weight = .warning,
            narrows: Bool = false
        ) {
            guard isSet else { return }
            notices.append(PolicyNotice(key, value, effect, weight, configuration, narrows: narrows))
        }
        add(auth.mode == .none, "gateway.auth.mode", "\"none\"", "everybody on this host is let in")
        if let allowed = auth.allowTailscale {
            add(
                allowed, "gateway.auth.allowTailscale", "true",
                "users whom tailscale serve names, and the local daemon confirms, need no shared secret", .information)
        } else {
            add(
                gateway.tailscale == .serve, "gateway.tailscale.mode", "\"serve\"",
                "as gateway.auth.allowTailscale is not set, users whom tailscale serve names, and the local daemon "
                    + "confirms, need no shared secret", .information)
        }
        add(
            auth.mode == .trustedProxy && !auth.identityScopes.isEmpty, "gateway.auth.identityScopes",
            "\(auth.identityScopes.count) users",
            "users whom the proxy names have scopes on connections without a device", .information)
        add(
            auth.mode == .trustedProxy && auth.trustedProxy.deviceAutoApprove != nil,
            "gateway.auth.trustedProxy.deviceAutoApprove.enabled", "true",
            "new browsers of users whom the proxy names are paired at once, for "
                + (auth.trustedProxy.deviceAutoApprove ?? []).joined(separator: ", "), .information)
        add(
            auth.onRotate == .continue, "gateway.auth.onRotate", "\"continue\"",
            "children go on after the token that their line began with is rotated", .information)
        add(
            gateway.pairing.loopbackExempt, "gateway.pairing.loopbackExempt", "true",
            "devices with the shared secret on a direct local connection need no pairing", .information)
        add(
            !gateway.pairing.internalSpawnBypass, "gateway.pairing.internalSpawnBypass", "false",
            "spawned children that the gateway registered are admitted only with a spawn grant", .information,
            narrows: true)
        add(
            !gateway.enforcePairing, "gateway.security.enforcePairing", "false",
            "any device with the shared secret is let in; for development only")
        add(
            ui.allowInsecureAuth, "gateway.controlUi.allowInsecureAuth", "true",
            "the Control UI may connect without a device on a direct local connection")
        add(
            ui.dangerouslyDisableDeviceAuth, "gateway.controlUi.dangerouslyDisableDeviceAuth", "true",
            "the Control UI needs the shared secret only, and no device")
        add(
            ui.dangerouslyAllowHostHeaderOriginFallback,
            "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback", "true",
            "a page is let in whose Origin is what the Host header says, whoever wrote that")
        add(
            !configuration.security.requireForExternal, "security.devicePairing.requireForExternal", "false",
            "remote devices with the shared secret need no pairing")
        add(
            configuration.security.skipForLoopback, "security.devicePairing.skipForLoopback", "true",
            "devices with the shared secret on a direct local connection need no pairing", .information)
        return notices
    }
}
