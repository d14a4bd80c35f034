/// The browser origin check (wire protocol, section 4.7).
enum OriginCheck {
    /// Whether the header names an origin: scheme, host, and a port if need be (RFC 6454 §6.2).
    static func isWellFormed(_ origin: String) -> Bool {
        guard let colon = origin.firstIndex(of: ":"), colon != origin.startIndex,
            origin[colon...].hasPrefix("://")
        else { return false }
        let host = origin[colon...].utf8.dropFirst(3)
        return !host.isEmpty && host.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") }
    }

    static func isAllowed(_ origin: String, facts: TransportFacts, policy: AdmissionPolicy) -> Bool {
        let origin = origin.lowercased()
        if policy.allowedOrigins.contains("*") || policy.allowedOrigins.contains(where: { $0.lowercased() == origin }) {
            return true
        }
        guard let originHost = host(ofOrigin: origin) else { return false }
        let name = withoutPort(originHost)
        if let requestHost = facts.host?.lowercased(), requestHost == originHost,
            policy.allowHostHeaderOrigin || isPrivateName(name)
        {
            return true
        }
        return facts.isDirectLocal && isLoopbackName(name)
    }

    /// `host[:port]` of `scheme://host[:port]`, default ports left out by browsers.
    private static func host(ofOrigin origin: String) -> String? {
        for scheme in ["https://", "http://"] where origin.hasPrefix(scheme) {
            let rest = origin.dropFirst(scheme.count)
            return rest.isEmpty || rest.contains("/") ? nil : String(rest)
        }
        return nil
    }

    private static func withoutPort(_ host: String) -> String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            return String(host[host.index(after: host.startIndex)..<end])
        }
        return host.split(separator: ":", maxSplits: 1).first.map(String.init) ?? host
    }

    private static func isLoopbackName(_ name: String) -> Bool {
        name == "localhost" || name == "::1" || octets(name)?.first == 127
    }

    private static func isPrivateName(_ name: String) -> Bool {
        if isLoopbackName(name) || name.hasSuffix(".local") || name.hasSuffix(".ts.net") { return true }
        if name.hasPrefix("fd") || name.hasPrefix("fc") || name.hasPrefix("fe80:") { return name.contains(":") }
        guard let octets = octets(name) else { return false }
        switch (octets[0], octets[1]) {
        case (10, _), (192, 168), (169, 254): return true
        case (172, 16...31), (100, 64...127): return true
        default: return false
        }
    }

    private static func octets(_ name: String) -> [UInt8]? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let octets = parts.compactMap { UInt8($0) }
        return octets.count == 4 ? octets : nil
    }
}

extension TransportFacts {
    /// Whether the page that a request comes from, if it comes from one, may ask this gateway.
    package func comesFromAllowedPage(_ policy: AdmissionPolicy) -> Bool {
        guard let origin else { return true }
        return OriginCheck.isWellFormed(origin) && OriginCheck.isAllowed(origin, facts: self, policy: policy)
    }
}
