internal import JSON
internal import Wire

/// What would let a refused client in: the shortest ways, the safest first.
extension DecisionRecord {
    package func remedies(_ policy: AdmissionPolicy) -> [String] {
        guard case .refused(let refusal, _) = decision.outcome, let rule = decision.trace.last?.rule else { return [] }
        switch rule {
        case .pairing: return pairingRemedies(policy)
        case .sharedAuth, .boundCredential, .enrolmentToken, .lineageCredential:
            return credentialRemedies(policy, refusal)
        case .rateLimit:
            return ["wait for the lockout to end", "on the gateway's host: sallyport auth unlock"]
        case .missingDevice:
            if refusal.error.details["authReason"] != nil { return credentialRemedies(policy, refusal) }
            return hint(refusal) + [
                "connect with a device identity, as every OpenClaw client since 2026 does",
                "start it as a child of the gateway (sallyport sessions_spawn): children need no pairing",
            ]
        default: return hint(refusal)
        }
    }

    private func hint(_ refusal: ConnectRefusal) -> [String] {
        refusal.error.details["remediationHint"]?.string.map { [$0] } ?? []
    }

    /// Words of ours only: this is a command that the owner may copy.
    private var enrollableScopes: String {
        let known = OperatorScope.allCases.filter { $0 != .admin && scopes.contains($0.rawValue) }
        return known.isEmpty
            ? "read" : known.map { String($0.rawValue.dropFirst("operator.".count)) }.joined(separator: ",")
    }

    private func pairingRemedies(_ policy: AdmissionPolicy) -> [String] {
        var ways = ["on the gateway's host: sallyport devices approve \(pairingRequestID ?? "REQUEST-ID")"]
        ways.append(
            "if it is a sub-agent: let its parent start it with sessions_spawn; children are never asked to pair")
        ways.append(
            "if nobody attends to it: sallyport devices enroll --scope \(enrollableScopes), "
                + "and give it the token as its bootstrap token")
        if facts.hasForwardingHeaders, !facts.peerIsTrustedProxy {
            ways.append("if \(facts.peer) is your reverse proxy: gateway.trustedProxies: [\"\(facts.peer)\"]")
        }
        if facts.isDirectLocal, !policy.autoApproveLocal {
            ways.append("gateway.nodes.pairing.autoApproveLocal: true lets local clients with the secret pair silently")
        }
        if facts.isDirectLocal, !policy.loopbackExempt {
            ways.append("gateway.pairing.loopbackExempt: true lets local clients with the secret in without pairing")
        }
        if !facts.isDirectLocal {
            ways.append(
                "for development only: security.devicePairing.requireForExternal: false lets in every device with the secret"
            )
        }
        return ways
    }

    private func credentialRemedies(_ policy: AdmissionPolicy, _ refusal: ConnectRefusal) -> [String] {
        var ways: [String] = []
        switch policy.authMode {
        case .token: ways.append("give the client the gateway's token (gateway.remote.token = gateway.auth.token)")
        case .password: ways.append("give the client the gateway's password")
        case .trustedProxy: ways.append("connect through the proxy that gateway.auth.trustedProxy describes")
        case .none: break
        }
        if deviceID != nil {
            ways.append("pair the device again: sallyport devices list, then approve its request")
        }
        return hint(refusal) + ways
    }
}
