internal import JSON
internal import Text

/// Reads `gateway.*`.
struct GatewayDecoder {
    let section: Section
    /// Whether there is any configuration file, and which, for the rules that depend on it.
    let hasFiles: Bool
    let mainFile: SourceLocation?

    var context: LoadContext { section.context }

    func decode() -> GatewaySettings {
        let mode = mode()
        let port = port()
        let bind = bind()
        let customBindHost = customBindHost(bind: bind)
        let auth = AuthDecoder(section: section.section("auth")).decode()
        let tls = tls()
        let trustedProxies = trustedProxies()
        let listeners = ListenersDecoder(
            gateway: section, isTLSEnabled: tls.enabled, hasTrustedProxies: !trustedProxies.isEmpty)
        let settings = GatewaySettings(
            mode: mode, port: port, bind: bind, customBindHost: customBindHost, listeners: listeners.decode(),
            auth: auth, tls: tls, trustedProxies: trustedProxies,
            allowRealIPFallback: section.bool("allowRealIpFallback", default: false),
            controlUI: controlUI(), nodePairing: nodePairing(), pairing: pairing(), enforcePairing: enforcePairing(),
            handshakeTimeout: section.duration(
                "handshakeTimeoutMs", unit: .milliseconds(1), default: .seconds(15), in: 1...600_000,
                variable: .init("HANDSHAKE_TIMEOUT_MS")),
            reload: reload(), compression: compression(), remote: remote(), tailscale: tailscale(),
            metricsAccess: metricsAccess())
        checkExposure(settings)
        checkTrustedProxyMode(settings)
        checkTailscale(settings)
        section.warnAboutUnknownKeys(ignoring: [
            "publicOrigin", "channelHealthCheckMinutes", "channelStaleEventThresholdMinutes",
            "channelMaxRestartsPerHour", "http", "tools", "roles", "push", "webchat",
        ])
        return settings
    }

    // MARK: Listening

    private func mode() -> GatewaySettings.Mode {
        let mode = section.choice("mode", default: GatewaySettings.Mode.local)
        guard let mainFile, context.source(of: "gateway.mode") == .builtIn else { return mode }
        let remedy =
            section.node.map {
                "add mode: \"local\" to the block at \($0.location), as in gateway: { mode: \"local\" }"
            }
            ?? "add the line gateway: { mode: \"local\" }"
        context.error(.modeMissing, "gateway.mode", "gateway.mode is not set", at: mainFile, remedy: remedy)
        return mode
    }

    private func port() -> UInt16 {
        let variable = Variables.Name("GATEWAY_PORT")
        return section.read(
            "port", as: .integer(1...65535), variable: variable, default: 18789, show: { .integer(Int64($0)) }
        ) {
            raw throws(Refusal) in
            let isFlag = if case .flag = raw.source { true } else { false }
            // Compose files put a publishing address there: 127.0.0.1:18789.
            if case .environment = raw.source, let text = raw.node.string, let colon = text.lastIndex(of: ":"),
                let port = UInt16(text[text.index(after: colon)...]), port > 0
            {
                return port
            }
            return UInt16(truncatingIfNeeded: try raw.integer(in: (isFlag ? 0 : 1)...65535))
        }
    }

    private func bind() -> GatewaySettings.Bind {
        section.read(
            "bind", as: .choice(GatewaySettings.Bind.allCases.map(\.rawValue)), variable: .init("GATEWAY_BIND"),
            default: .loopback, show: { .string($0.rawValue) }
        ) { raw throws(Refusal) in
            do throws(Refusal) {
                return try raw.choice(GatewaySettings.Bind.self)
            } catch {
                guard let text = raw.node.string, let instead = Self.replacement(for: text) else { throw error }
                throw Refusal(allowed: error.allowed, remedy: instead)
            }
        }
    }

    private static func replacement(for bind: String) -> String? {
        switch bind.lowercased() {
        case "0.0.0.0", "::", "[::]", "*", "all", "any", "public": return "write bind: \"lan\""
        case "localhost", "127.0.0.1", "::1", "[::1]", "local": return "write bind: \"loopback\""
        case "tailscale": return "write bind: \"tailnet\""
        default: break
        }
        guard AddressSyntax.isAddress(bind) else { return nil }
        return "write bind: \"custom\", customBindHost: \"\(bind)\""
    }

    private func customBindHost(bind: GatewaySettings.Bind) -> String? {
        let host: String? = section.read(
            "customBindHost", as: .string, default: nil, show: { $0.map { .string($0) } ?? .null }
        ) {
            raw throws(Refusal) in
            let text = try raw.string()
            guard AddressSyntax.isAddress(text) else { throw Refusal(allowed: "an IP address") }
            return text
        }
        if bind == .custom, host == nil, context.source(of: "gateway.customBindHost") == .builtIn {
            context.error(
                .incomplete, "gateway.customBindHost",
                "gateway.bind is \"custom\" but gateway.customBindHost is not set",
                at: context.location(of: "gateway.bind"), remedy: "add customBindHost: \"<IP address>\"")
        }
        return host
    }

    // MARK: Peers

    private func trustedProxies() -> [String] {
        let proxies = section.strings(
            "trustedProxies", allowed: "IP addresses and ranges such as 10.0.0.0/8",
            check: AddressSyntax.isAddressOrRange)
        for proxy in proxies where proxy.hasSuffix("/0") {
            context.warn(
                .exposed, "gateway.trustedProxies",
                "gateway.trustedProxies holds \(proxy): every peer's forwarding headers are believed",
                at: context.location(of: "gateway.trustedProxies"), remedy: "name the address of the proxy")
        }
        return proxies
    }

    private func controlUI() -> GatewaySettings.ControlUI {
        let section = section.section("controlUi")
        let basePath: String = section.read("basePath", as: .string, default: "", show: { .string($0) }) {
            raw throws(Refusal) in
            guard let text = raw.node.string else { throw Refusal(allowed: "a path such as /control") }
            let parts = text.split(separator: "/")
            return parts.isEmpty ? "" : "/" + parts.joined(separator: "/")
        }
        let settings = GatewaySettings.ControlUI(
            enabled: section.bool("enabled", default: true), basePath: basePath,
            allowedOrigins: section.strings(
                "allowedOrigins", allowed: "origins such as https://example.com, without a path", check: Self.isOrigin),
            allowInsecureAuth: section.bool("allowInsecureAuth", default: false),
            dangerouslyDisableDeviceAuth: section.bool("dangerouslyDisableDeviceAuth", default: false),
            dangerouslyAllowHostHeaderOriginFallback: section.bool(
                "dangerouslyAllowHostHeaderOriginFallback", default: false))
        for (name, isOn) in [
            ("dangerouslyDisableDeviceAuth", settings.dangerouslyDisableDeviceAuth),
            ("dangerouslyAllowHostHeaderOriginFallback", settings.dangerouslyAllowHostHeaderOriginFallback),
        ] where isOn {
            let path = section.path(of: name)
            context.warn(
                .exposed, path, "\(path) is on: browsers are let in with less proof", at: context.location(of: path))
        }
        section.warnAboutUnknownKeys(ignoring: [
            "root", "environment", "embedSandbox", "allowExternalEmbedUrls", "chatMessageMaxWidth",
        ])
        return settings
    }

    private static func isOrigin(_ text: String) -> Bool {
        if text == "*" { return true }
        let parts = text.split(atFirst: "://")
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return false }
        return !parts[1].contains { $0 == "/" || $0 == "?" || $0 == "#" || $0 == "@" || $0.isWhitespace }
    }

    private func metricsAccess() -> GatewaySettings.MetricsAccess {
        let section = section.section("metrics")
        let access = section.choice("access", default: GatewaySettings.MetricsAccess.owner)
        section.warnAboutUnknownKeys()
        return access
    }

    private func nodePairing() -> GatewaySettings.NodePairing {
        let nodes = section.section("nodes")
        let section = nodes.section("pairing")
        let settings = GatewaySettings.NodePairing(
            autoApproveLocal: section.bool("autoApproveLocal", default: true),
            autoApproveCIDRs: section.strings(
                "autoApproveCidrs", allowed: "IP addresses and ranges such as 10.0.0.0/8",
                check: AddressSyntax.isAddressOrRange))
        section.warnAboutUnknownKeys(ignoring: ["sshVerify"])
        nodes.warnAboutUnknownKeys(ignoring: ["browser", "allowCommands", "denyCommands", "commands"])
        return settings
    }

    private func pairing() -> GatewaySettings.Pairing {
        let section = section.section("pairing")
        let settings = GatewaySettings.Pairing(
            loopbackExempt: section.bool("loopbackExempt", default: false),
            internalSpawnBypass: section.bool(
                "internalSpawnBypass", default: true, variable: .init("INTERNAL_SPAWN_BYPASS")))
        section.warnAboutUnknownKeys()
        return settings
    }

    private func enforcePairing() -> Bool {
        let section = section.section("security")
        let isEnforced = section.bool("enforcePairing", default: true)
        if !isEnforced {
            let path = section.path(of: "enforcePairing")
            context.warn(
                .exposed, path, "\(path) is false: unknown devices are let in without approval, for development only",
                at: context.location(of: path), remedy: "remove it; children of this gateway need no pairing")
        }
        section.warnAboutUnknownKeys()
        return isEnforced
    }

    private func reload() -> GatewaySettings.Reload {
        let section = section.section("reload")
        let settings = GatewaySettings.Reload(
            mode: section.choice("mode", default: .hybrid),
            debounce: section.duration(
                "debounceMs", unit: .milliseconds(1), default: .milliseconds(300), in: 0...60_000))
        section.warnAboutUnknownKeys(ignoring: ["deferralTimeoutMs"])
        return settings
    }

    private func compression() -> GatewaySettings.Compression {
        let section = section.section("compression")
        let settings = GatewaySettings.Compression(enabled: section.bool("enabled", default: false))
        section.warnAboutUnknownKeys()
        return settings
    }

    // MARK: Rules across settings

    private func checkExposure(_ settings: GatewaySettings) {
        let isLoopback =
            switch settings.bind {
            case .loopback: true
            case .custom: settings.customBindHost.map(AddressSyntax.isLoopback) ?? true
            case .lan, .tailnet, .auto: false
            }
        guard settings.auth.mode == .none else { return }
        for listener in settings.listeners {
            guard case .address(let host, _) = listener.place, !AddressSyntax.isLoopback(host) else { continue }
            context.error(
                .exposed, listener.path, "\(listener.path) is beyond loopback while gateway.auth.mode is \"none\"",
                at: context.location(of: listener.path + ".address"), remedy: "set auth: { mode: \"token\" }")
        }
        guard !isLoopback else { return }
        context.error(
            .exposed, "gateway.auth.mode",
            "gateway.bind is \"\(settings.bind.rawValue)\", beyond loopback, while gateway.auth.mode is \"none\"",
            at: context.location(of: "gateway.auth.mode") ?? context.location(of: "gateway.bind"),
            remedy: "set auth: { mode: \"token\" }, or bind: \"loopback\"")
    }

    private func tailscale() -> GatewaySettings.Tailscale {
        let section = section.section("tailscale")
        let mode = section.choice("mode", default: GatewaySettings.Tailscale.off)
        section.warnAboutUnknownKeys(ignoring: ["resetOnExit", "preserveFunnel", "serviceName"])
        return mode
    }

    private func checkTailscale(_ settings: GatewaySettings) {
        guard settings.tailscale != .off else { return }
        let place = context.location(of: "gateway.tailscale.mode")
        if settings.bind != .loopback {
            context.error(
                .conflict, "gateway.bind", "tailscale serve/funnel requires gateway bind=loopback (127.0.0.1)",
                at: place,
                remedy: "set bind: \"loopback\", or bind: \"tailnet\" with tailscale: { mode: \"off\" }")
        }
        if settings.tailscale == .funnel, settings.auth.mode != .password {
            context.error(
                .exposed, "gateway.auth.mode",
                "gateway.tailscale.mode is \"funnel\", which is public and needs a password",
                at: place, remedy: "set auth: { mode: \"password\", password: … }")
        }
    }

    private func checkTrustedProxyMode(_ settings: GatewaySettings) {
        guard settings.auth.mode == .trustedProxy, !context.isSet("gateway.trustedProxies"),
            !settings.hasProxySocket
        else { return }
        context.error(
            .incomplete, "gateway.trustedProxies",
            "gateway.auth.mode is \"trusted-proxy\" but gateway.trustedProxies is empty",
            at: context.location(of: "gateway.auth.mode"),
            remedy:
                "add trustedProxies: [\"<address of the proxy>\"], or a Unix socket for the proxy (gateway.listeners)")
    }
}
