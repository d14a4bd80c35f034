/// What a change of a setting needs.
package enum ReloadKind: String, Sendable {
    /// Nothing: it is applied in process.
    case hot
    case restart
    /// Nobody here reads it.
    case none

    /// The longest of these that a path begins with decides; a path that matches none needs a restart.
    private static let rules: [String: ReloadKind] = [
        "agents": .hot, "agentDefaults": .hot, "models": .none, "session": .hot, "messages": .hot, "tools": .hot,
        "cron": .hot, "hooks": .none, "bindings": .none, "acp": .hot, "plugins": .none,
        "plugins.entries.acpx": .hot, "channels": .none, "meta": .none, "wizard": .none, "ui": .none, "$schema": .none,
        "security": .hot, "secrets": .hot, "env.shellEnv": .hot, "logging": .restart,
        "gateway": .restart, "gateway.tools": .hot, "gateway.nodes": .none, "gateway.nodes.pairing": .hot,
        "gateway.nodes.commands": .none, "gateway.remote": .hot, "gateway.reload": .hot,
        "gateway.auth.rateLimit": .hot, "gateway.roles": .none, "gateway.trustedProxies": .hot,
        "gateway.allowRealIpFallback": .hot, "gateway.auth.allowTailscale": .hot, "gateway.auth.trustedProxy": .hot,
        "gateway.auth.identityScopes": .hot, "gateway.auth.onRotate": .hot, "gateway.controlUi.allowedOrigins": .hot,
        "gateway.auth.token": .hot, "gateway.auth.password": .hot, "gateway.pairing": .hot, "gateway.security": .hot,
        "gateway.push": .none, "gateway.webchat": .none, "gateway.http": .none, "gateway.publicOrigin": .none,
        "gateway.channelHealthCheckMinutes": .none,
    ]

    /// - Parameter path: of a setting, a section, or a pattern of the catalogue.
    package init(of path: String) {
        var prefix = path[...]
        while true {
            if let kind = Self.rules[String(prefix)] {
                self = kind
                return
            }
            guard let end = prefix.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
            prefix = prefix[..<end]
        }
        self = KeyAdvice.families.contains(path.prefixName) ? .none : .restart
    }
}

extension String {
    fileprivate var prefixName: String { String(prefix { $0 != "." && $0 != "[" }) }
}
