package import Errors

extension AdmissionRule {
    /// What the rule looks at, and what mends a refusal; nil for rules that never refuse. The table of `docs/trust.md`.
    private var row: (looksAt: String, remedy: String?) {
        switch self {
        case .protocolWindow: ("the client's versions overlap with 3–4", "a client that speaks protocol 3 or 4")
        case .ownerSocket:
            ("the connection came over the owner's Unix socket, same user: everything is allowed that it asks for", nil)
        case .origin:
            (
                "browsers only: the page's origin is allowed, or is the gateway's own private or loopback host",
                "add the origin to `gateway.controlUi.allowedOrigins`"
            )
        case .rateLimit:
            (
                "the client's address has not sent too many different wrong credentials lately "
                    + "(`gateway.auth.rateLimit`); during a lockout only paired devices and live children are judged",
                "wait, or `sallyport auth unlock`"
            )
        case .sharedAuth:
            (
                "the token or password is right (compared as digests, in constant time), or in mode `trusted-proxy` "
                    + "the proxy names an allowed user, or Tailscale does; never refuses alone, the rules below use it",
                nil
            )
        case .missingDevice:
            (
                "no device identity: the local command line, a local backend, or an operator with the shared secret "
                    + "(whose scopes are then cleared); `dangerouslyDisableDeviceAuth` for the Control UI",
                "send `connect.params.device`; or the right `gateway.auth.token`"
            )
        case .deviceProof:
            (
                "the device signed this connection's nonce, at most 120 s ago",
                "`device-signature-stale`: set the clocks. `device-nonce-*`: sign the nonce of this connection. "
                    + "`device-signature`: sign the v3 or v2 payload with scopes as sent"
            )
        case .internalSpawnBypass:
            (
                "whether registered grants count (`gateway.pairing.internalSpawnBypass`, default true); without them a "
                    + "registered child has to present its grant",
                "`gateway.pairing.internalSpawnBypass: true`, or present the grant"
            )
        case .derivedIdentity:
            (
                "the device is in the grant registry, or presents a [spawn grant](spawn-grants.md) whose checks all hold",
                "the verdict's own remedy; mostly: issue the grant anew"
            )
        case .lineageCredential:
            (
                "its credential is one of its lineage: the root's shared token, the root device's own token, its run "
                    + "token", "use the parent's token or the run token; another valid token does not do"
            )
        case .lineageLive:
            (
                "neither it nor an ancestor nor the device that asked for it has ended, been revoked or expired",
                "spawn again from a live session"
            )
        case .scopeLattice:
            (
                "what was asked for, less what the grant does not cover; clamps, never refuses the connection", nil
            )
        case .enrolmentToken:
            (
                "a setup code or an enrolment token that is good for this device and role; looked at first, even when "
                    + "the shared secret was proven; refuses only when nothing else opens",
                "a fresh one: `sallyport devices enroll`, `sallyport qr`"
            )
        case .boundCredential:
            (
                "a token of this very device when nothing else was proven",
                "the right `gateway.auth.token`, or pair again"
            )
        case .localBackend: ("`gateway-client`/`backend` on a direct local connection with the secret", nil)
        case .controlUI: ("Control UI in mode `none`, or of a user whom Tailscale knows", nil)
        case .loopbackExempt:
            (
                "`gateway.pairing.loopbackExempt` or `security.devicePairing.skipForLoopback`, direct local, secret proven",
                nil
            )
        case .enforcePairingOff:
            ("`gateway.security.enforcePairing: false`: development only, warned about in every status", nil)
        case .requireForExternal:
            (
                "`security.devicePairing.requireForExternal: false`: remote devices with the secret need no pairing",
                nil
            )
        case .pairing:
            (
                "the device is paired, for this role, these scopes, this platform",
                "`sallyport devices approve REQUEST-ID` on the gateway's host"
            )
        case .silentLocal:
            (
                "a new device on a direct local connection with the secret is paired at once "
                    + "(`gateway.nodes.pairing.autoApproveLocal`)", nil
            )
        case .silentLocalUpgrade: ("the same for a paired device that asks for more", nil)
        case .proxyAutoApprove:
            (
                "a new browser device of the Control UI whose user a trusted proxy names is paired at once, up to the "
                    + "scopes of `gateway.auth.trustedProxy.deviceAutoApprove`", nil
            )
        }
    }

    /// All rules in their order, as a table in Markdown.
    package static var table: String {
        (["| Rule | What it looks at | When it refuses, this mends it |", "| --- | --- | --- |"]
            + allCases.map { "| `\($0.rawValue)` | \($0.row.looksAt) | \($0.row.remedy.map { $0 + " " } ?? "")|" })
            .joined(separator: "\n")
    }
}

extension AdmissionRule: Catalogued {
    package static let family = ErrorFamily.admission

    /// Those that refuse.
    package static var entries: [ErrorEntry] { allCases.filter { $0.row.remedy != nil }.map { ErrorEntry($0) } }

    package var text: ErrorText {
        ErrorText("connect was refused by this rule", rule: row.looksAt, remedy: row.remedy ?? "it never refuses")
    }
}
