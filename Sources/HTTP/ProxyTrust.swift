/// Whose word about other people's addresses is believed.
package struct ProxyTrust: Equatable, Sendable {
    package let proxies: [CIDR]
    /// Whether `X-Real-IP` of a trusted proxy is believed when the other fields name nobody.
    package let allowRealIPFallback: Bool

    package init(proxies: [CIDR] = [], allowRealIPFallback: Bool = false) {
        self.proxies = proxies
        self.allowRealIPFallback = allowRealIPFallback
    }

    package func contains(_ address: IPAddress) -> Bool {
        proxies.contains { $0.contains(address) }
    }
}
