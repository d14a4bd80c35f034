internal import Wire

/// Users whom somebody else vouches for: an identity-aware proxy, or Tailscale Serve (wire protocol, section 4.2).
extension Admission {
    /// Mode `trusted-proxy`. The proxy has to be one that the owner named, and nobody on this host passes for it unless
    /// the owner said so.
    func checkTrustedProxy() -> SharedAuth {
        let identity = policy.identity
        if facts.isDirectLocal, policy.secretDigest != nil, !sharedCandidates.isEmpty {
            return compare(
                sharedCandidates, method: .password, .passwordNotConfigured, .passwordMissing, .passwordMismatch)
        }
        guard let userHeader = identity.userHeader else { return .failed(.trustedProxyConfigMissing) }
        guard identity.hasTrustedProxies else { return .failed(.trustedProxyNoProxies) }
        guard facts.peerIsTrustedProxy else { return .failed(.trustedProxyUntrustedSource) }
        if facts.peerIsLoopback, !identity.allowLoopback { return .failed(.trustedProxyLoopbackSource) }
        if !facts.peerIsLoopback {
            guard let isThisHost = facts.peerIsThisHost else { return .failed(.trustedProxyLocalInterfaceCheck) }
            if isThisHost { return .failed(.trustedProxyLocalInterface) }
        }
        for header in identity.requiredHeaders where facts.headers[header]?.isEmpty != false {
            return .failed(.trustedProxyMissingHeader, detail: header)
        }
        guard let name = trustedProxyUser else {
            return .failed(.trustedProxyMissingHeader, detail: userHeader)
        }
        guard !name.isEmpty else { return .failed(.trustedProxyUserMissing) }
        guard identity.allowUsers.isEmpty || identity.allowUsers.contains(name) else {
            return .failed(.trustedProxyUserNotAllowed)
        }
        return .proven(.trustedProxy)
    }

    /// Whom the proxy names, if it may be believed; empty when it names nobody.
    var trustedProxyUser: String? {
        policy.identity.userHeader.flatMap { facts.headers[$0] }.map(Self.trimmed)
    }

    /// Tailscale Serve's headers, believed only from loopback and only when the daemon says the same of the address.
    /// - Returns: nil when this is no request of Serve's, or the client has brought a credential of its own.
    func checkTailscale() -> SharedAuth? {
        guard policy.identity.allowTailscale, !facts.isDirectLocal, sharedCandidates.isEmpty, facts.peerIsLoopback
        else { return nil }
        guard let login = facts.headers[ProxyIdentityPolicy.tailscaleUserHeader], !Self.trimmed(login).isEmpty else {
            return nil
        }
        for header in ProxyIdentityPolicy.tailscaleProxyHeaders where facts.headers[header]?.isEmpty != false {
            return .failed(.tailscaleProxyMissing)
        }
        switch facts.tailscale {
        case .notAsked, .failed: return .failed(.tailscaleWhoisFailed)
        case .login(let known):
            return Self.trimmed(login).lowercased() == known.lowercased()
                ? .proven(.tailscale) : .failed(.tailscaleUserMismatch)
        }
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
