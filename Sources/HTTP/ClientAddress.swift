/// Whose request it is, as far as it can be known.
package enum ClientAddress: Hashable, Sendable {
    /// The socket's peer.
    case peer(IPAddress)
    /// Named by a trusted proxy.
    case forwarded(IPAddress)
    /// A trusted proxy named nobody that could be believed. Never to be treated as local.
    case unknown

    /// `nil` when unknown.
    package var address: IPAddress? {
        switch self {
        case .peer(let address), .forwarded(let address): address
        case .unknown: nil
        }
    }

    /// The peer, unless that is a trusted proxy: then the last hop of `X-Forwarded-For` or `Forwarded` that is neither a
    /// trusted proxy nor loopback.
    ///
    /// Every hop to the right of that one was written by a proxy we trust, every hop to its left by anyone. A hop that is
    /// no address ends the walk without a result, since what stands to its left may be the client's invention. Most
    /// proxies write one of the two fields and pass the other on as the client sent it: when both are there and do not
    /// name the same client, neither is believed.
    ///
    /// - Parameter allowRealIPFallback: Whether `X-Real-IP` is believed when the walk finds nobody.
    package static func attribute(
        peer: IPAddress, head: RequestHead, trustedProxies: [CIDR], allowRealIPFallback: Bool = false
    ) -> ClientAddress {
        let trust = ProxyTrust(proxies: trustedProxies, allowRealIPFallback: allowRealIPFallback)
        return trust.contains(peer) ? named(in: head, trust: trust) : .peer(peer)
    }

    /// Whom the headers of a trusted proxy name: somebody ``forwarded(_:)``, or ``unknown``.
    package static func named(in head: RequestHead, trust: ProxyTrust) -> ClientAddress {
        let named = [legacyHops(head), standardHops(head)].compactMap { hops in
            hops.isEmpty ? nil : Walk(hops, isTrusted: trust.contains)
        }
        if let first = named.first {
            guard named.allSatisfy({ $0 == first }) else { return .unknown }
            if case .found(let address) = first { return .forwarded(address) }
        }
        let realIPs = trust.allowRealIPFallback ? head.all("x-real-ip") : []
        guard realIPs.count == 1, let address = parseHop(realIPs[0]), !address.isLoopback, !address.isUnspecified,
            !trust.contains(address)
        else { return .unknown }
        return .forwarded(address)
    }

    /// What one field says of the client.
    private enum Walk: Equatable {
        case found(IPAddress)
        case nobody

        /// - Parameter hops: As written, the nearest last; `nil` for one that is no address.
        init(_ hops: [IPAddress?], isTrusted: (IPAddress) -> Bool) {
            self = .nobody
            for hop in hops.reversed() {
                guard let address = hop, !address.isUnspecified else { return }
                if !isTrusted(address) && !address.isLoopback {
                    self = .found(address)
                    return
                }
            }
        }
    }

    private static func legacyHops(_ head: RequestHead) -> [IPAddress?] {
        head.list("x-forwarded-for").map(parseHop)
    }

    /// Each line is read by itself: one that is malformed, which a client may have sent, is one hop that is no address.
    private static func standardHops(_ head: RequestHead) -> [IPAddress?] {
        head.all("forwarded").flatMap { line in
            guard let hops = Forwarded.parse(line) else { return [nil] as [IPAddress?] }
            return hops.map { hop in
                guard case .address(let address) = hop.for?.name else { return nil }
                return address
            }
        }
    }

    /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
    private static func parseHop(_ text: String) -> IPAddress? {
        if let address = IPAddress(text) { return address }
        if text.hasPrefix("[") {
            let parts = text.dropFirst().split(separator: "]", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].contains(":"), parts[1].isEmpty || isPort(parts[1].dropFirst()),
                parts[1].isEmpty || parts[1].hasPrefix(":")
            else { return nil }
            return IPAddress(parts[0])
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, isPort(parts[1]) else { return nil }
        return IPAddress(parts[0])
    }

    private static func isPort(_ text: Substring) -> Bool {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy(FieldSyntax.isDigit) && UInt16(text) != nil
    }
}
