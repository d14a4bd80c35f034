/// What to say about a key or variable that we do not know.
enum KeyAdvice {
    /// Keys that people write and that never existed, with the setting they mean.
    static let inventedKeys: [String: String] = [
        "gateway.host": "gateway.bind (\"loopback\", \"lan\", \"tailnet\", \"auto\" or \"custom\")",
        "gateway.bindHost": "gateway.bind, or gateway.customBindHost with bind: \"custom\"",
        "gateway.bindAddress": "gateway.bind, or gateway.customBindHost with bind: \"custom\"",
        "gateway.address": "gateway.bind, or gateway.customBindHost with bind: \"custom\"",
        "gateway.listen": "gateway.bind and gateway.port, or an entry of gateway.listeners",
        "gateway.proxyProtocol": "an entry of gateway.listeners with proxyProtocol: \"required\"",
        "gateway.socket": "an entry of gateway.listeners with a path",
        "gateway.unixSocket": "an entry of gateway.listeners with a path",
        "gateway.basePath": "gateway.controlUi.basePath",
        "gateway.trustProxy": "gateway.trustedProxies",
        "gateway.token": "gateway.auth.token",
        "gateway.password": "gateway.auth.password",
        "gateway.authToken": "gateway.auth.token",
        "gateway.auth.enabled": "gateway.auth.mode",
        "gateway.ssl": "gateway.tls",
        "gateway.tls.cert": "gateway.tls.certPath",
        "gateway.tls.certFile": "gateway.tls.certPath",
        "gateway.tls.key": "gateway.tls.keyPath",
        "gateway.tls.keyFile": "gateway.tls.keyPath",
        "gateway.tls.ca": "gateway.tls.caPath",
        "gateway.tls.clientCa": "gateway.tls.caPath",
        "gateway.tls.clientAuth": "gateway.tls.caPath and gateway.tls.clientCertificate",
        "gateway.tls.requireClientCert": "gateway.tls.caPath and gateway.tls.clientCertificate",
        "gateway.tls.pin": "gateway.tls.fingerprint",
        "gateway.remote.fingerprint": "gateway.remote.tlsFingerprint",
        "gateway.remote.pin": "gateway.remote.tlsFingerprint",
        "gateway.allowedOrigins": "gateway.controlUi.allowedOrigins",
        "gateway.forceLoopback": "nothing: children on this host always dial loopback",
        "gateway.skipPairing":
            "nothing for children, or gateway.pairing.loopbackExempt for other local clients with the token",
        "gateway.requirePairing": "gateway.security.enforcePairing",
        "gateway.spawnTimeoutMs": "agents.defaults.subagents.spawnTimeoutMs",
        "gateway.handshakeTimeout": "gateway.handshakeTimeoutMs",
        "agents.subagents": "agents.defaults.subagents",
        "subagents": "agents.defaults.subagents",
        "acp.allowAgents": "acp.allowedAgents",
    ]

    /// The same for environment variables.
    static let inventedVariables: [(name: String, instead: String)] = [
        ("OPENCLAW_SKIP_PAIRING", "gateway.pairing.loopbackExempt, which children of the gateway do not need"),
        ("SPAWN_ALLOWLIST", "agents.defaults.subagents.allowAgents"),
        ("OPENCLAW_SPAWN_ALLOWLIST", "agents.defaults.subagents.allowAgents"),
        ("OPENCLAW_GATEWAY_HOST", "gateway.bind or OPENCLAW_GATEWAY_BIND"),
        ("OPENCLAW_FORCE_LOOPBACK", "nothing: children on this host always dial loopback"),
        ("OPENCLAW_PORT", "OPENCLAW_GATEWAY_PORT"),
        ("OPENCLAW_TOKEN", "OPENCLAW_GATEWAY_TOKEN"),
    ]

    /// Top-level families of an OpenClaw configuration, whether we read them or not.
    static let families: Set<String> = [
        "$schema", "accessGroups", "acp", "agent", "agentDefaults", "agents", "approvals", "audio", "auth", "bindings",
        "broadcast", "browser", "canvasHost", "channels", "cli", "commands", "cron", "diagnostics", "discovery",
        "env", "gateway", "hooks", "identity", "logging", "mcp", "media", "memory", "messages", "meta", "models",
        "nodeHost", "plugins", "proxy", "routing", "secrets", "security", "session", "skills", "surfaces", "talk",
        "tools", "transcripts", "tts", "ui", "update", "voice", "web", "wizard", "worktrees",
    ]

    /// The candidate that is a likely slip away from `name`.
    static func nearest(to name: String, among candidates: [String]) -> String? {
        let folded = name.lowercased()
        var best: (distance: Int, candidate: String)?
        for candidate in candidates {
            let limit = max(1, min(3, max(name.utf8.count, candidate.utf8.count) / 3))
            let distance = editDistance(folded, candidate.lowercased(), limit: limit)
            if let distance, distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        return best?.candidate
    }

    /// Insertions, deletions, replacements and swaps of neighbours; `nil` when more than `limit`.
    static func editDistance(_ left: String, _ right: String, limit: Int) -> Int? {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        guard abs(left.count - right.count) <= limit else { return nil }
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for column in right.indices {
                let replacement = previous[column] + (left[row] == right[column] ? 0 : 1)
                var distance = min(replacement, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    distance = min(distance, beforePrevious[column - 1] + 1)
                }
                current.append(distance)
            }
            beforePrevious = previous
            previous = current
        }
        let distance = previous[right.count]
        return distance <= limit ? distance : nil
    }
}
