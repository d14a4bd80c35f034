internal import JSON

/// Reads `gateway.auth.*`.
struct AuthDecoder {
    let section: Section

    private var context: LoadContext { section.context }

    func decode() -> GatewayAuthSettings {
        var token = section.secret("token", variable: .init("GATEWAY_TOKEN", isLegacy: true))
        let password = section.secret("password", variable: .init("GATEWAY_PASSWORD", isLegacy: true))
        let mode = mode(hasToken: token != nil, hasPassword: password != nil)
        let trustedProxy = trustedProxy(isRequired: mode == .trustedProxy)
        if mode == .trustedProxy, token != nil {
            rejectToken()
            token = nil
        }
        let settings = GatewayAuthSettings(
            mode: mode, token: token, password: password, allowTailscale: section.optionalBool("allowTailscale"),
            rateLimit: rateLimit(), trustedProxy: trustedProxy, identityScopes: section.scopesByLogin("identityScopes"),
            onRotate: section.choice("onRotate", default: .close))
        warnWithoutProxy(settings)
        section.warnAboutUnknownKeys()
        return settings
    }

    /// Users are named by a proxy, and in no other mode.
    private func warnWithoutProxy(_ settings: GatewayAuthSettings) {
        guard settings.mode != .trustedProxy else { return }
        let unused = [
            (settings.identityScopes.isEmpty, section.path(of: "identityScopes")),
            (settings.trustedProxy.deviceAutoApprove == nil, section.path(of: "trustedProxy") + ".deviceAutoApprove"),
        ]
        for (isAbsent, path) in unused where !isAbsent {
            context.warn(
                .noEffect, path, "\(path) has no effect in mode \"\(settings.mode.rawValue)\"",
                at: context.location(of: path),
                remedy: "set gateway.auth.mode: \"trusted-proxy\", or remove it")
        }
    }

    private func mode(hasToken: Bool, hasPassword: Bool) -> GatewayAuthSettings.Mode {
        let inferred: GatewayAuthSettings.Mode = hasPassword && !hasToken ? .password : .token
        let mode = section.choice("mode", default: inferred)
        let path = section.path(of: "mode")
        if context.source(of: path) == .builtIn, hasToken, hasPassword {
            let place =
                context.location(of: section.path(of: "token")) ?? context.location(of: section.path(of: "password"))
            context.error(
                .conflict, path, "both a token and a password are set, and gateway.auth.mode is not", at: place,
                remedy: "add mode: \"token\" or mode: \"password\" to gateway.auth")
        }
        if mode == .password, !context.isSet(section.path(of: "password")) {
            context.error(
                .incomplete, section.path(of: "password"), "gateway.auth.mode is \"password\" but there is no password",
                at: context.location(of: path), remedy: "set gateway.auth.password or OPENCLAW_GATEWAY_PASSWORD")
        }
        return mode
    }

    /// A container image may set the variable for its command line, so only a written token is a contradiction.
    private func rejectToken() {
        let path = section.path(of: "token")
        let message = "gateway.auth.token has no place in mode \"trusted-proxy\""
        if case .environment(let name) = context.source(of: path) {
            context.warn(.noEffect, path, "\(name) is ignored: \(message)")
        } else {
            context.error(
                .conflict, path, message, at: context.location(of: path),
                remedy: "remove it; callers on the same host may use gateway.auth.password")
        }
    }

    private func trustedProxy(isRequired: Bool) -> GatewayAuthSettings.TrustedProxy {
        let section = section.section("trustedProxy")
        let settings = GatewayAuthSettings.TrustedProxy(
            userHeader: section.optionalString("userHeader"), requiredHeaders: section.strings("requiredHeaders"),
            allowUsers: section.strings("allowUsers"), allowLoopback: section.bool("allowLoopback", default: false),
            deviceAutoApprove: deviceAutoApprove(section.section("deviceAutoApprove")))
        if isRequired, !context.isSet(section.path(of: "userHeader")) {
            context.error(
                .incomplete, section.path(of: "userHeader"),
                "gateway.auth.mode is \"trusted-proxy\" but gateway.auth.trustedProxy.userHeader is not set",
                at: context.location(of: self.section.path(of: "mode")),
                remedy: "add trustedProxy: { userHeader: \"x-forwarded-user\" } to gateway.auth")
        }
        section.warnAboutUnknownKeys()
        return settings
    }

    private func deviceAutoApprove(_ section: Section) -> [String]? {
        let isEnabled = section.bool("enabled", default: false)
        let scopes = section.strings(
            "scopes", default: ["operator.read", "operator.write", "operator.approvals"],
            allowed: "scopes such as operator.read", check: RawSetting.isScope)
        section.warnAboutUnknownKeys()
        return isEnabled ? scopes : nil
    }

    private func rateLimit() -> GatewayAuthSettings.RateLimit {
        let section = section.section("rateLimit")
        let settings = GatewayAuthSettings.RateLimit(
            maxAttempts: section.integer("maxAttempts", default: 10, in: 1...1_000_000),
            window: section.duration("windowMs", unit: .milliseconds(1), default: .seconds(60), in: 1...86_400_000),
            lockout: section.duration("lockoutMs", unit: .milliseconds(1), default: .seconds(300), in: 0...86_400_000),
            exemptLoopback: section.bool("exemptLoopback", default: true))
        section.warnAboutUnknownKeys()
        return settings
    }
}
