internal import EventLoop

/// To which hosts a client may talk without TLS. Loopback always passes, everything else only as the owner allows.
package struct PlaintextPolicy: Equatable, Sendable {
    /// Hosts that the owner named, without port, in any case.
    package var allowedHosts: [String]
    /// `OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1`: private, link-local and carrier-grade NAT addresses and names that only
    /// a private network resolves.
    package var allowsPrivateNetworks: Bool

    package init(allowedHosts: [String] = [], allowsPrivateNetworks: Bool = false) {
        self.allowedHosts = allowedHosts
        self.allowsPrivateNetworks = allowsPrivateNetworks
    }

    package static let loopbackOnly = PlaintextPolicy()

    /// - Throws: ``ClientError/plaintextRefused(_:)`` with the text for the user.
    package func check(_ endpoint: GatewayEndpoint) throws(ClientError) {
        if endpoint.isTLS || endpoint.isLoopback { return }
        let name = endpoint.lowercasedName
        if allowedHosts.contains(where: { $0.lowercased() == name }) { return }
        if allowsPrivateNetworks, Self.isPrivate(endpoint) { return }
        throw .plaintextRefused(Self.refusal(of: endpoint))
    }

    private static func refusal(of endpoint: GatewayEndpoint) -> String {
        """
        SECURITY ERROR: Gateway URL "\(endpoint)" uses plaintext ws:// to a non-loopback address.
        Credentials and conversations could be read and changed by anyone on the network between.
        Fix: use wss:// for the gateway URL, with its fingerprint or certificate authority, or reach a loopback \
        address through an SSH tunnel.
        """
    }

    private static func isPrivate(_ endpoint: GatewayEndpoint) -> Bool {
        guard let address = endpoint.address else { return isPrivateName(endpoint.lowercasedName) }
        let bytes = address.bytes
        switch (bytes.count, bytes[0], bytes[1]) {
        case (4, 10, _), (4, 192, 168), (4, 172, 16...31), (4, 169, 254), (4, 100, 64...127): return true
        case (16, 0xFC...0xFD, _), (16, 0xFE, 0x80...0xBF): return true
        default: return false
        }
    }

    /// A single label is resolved by a hosts file, Docker or a search list; the suffixes are reserved for such use.
    private static func isPrivateName(_ name: String) -> Bool {
        let suffixes = [".local", ".ts.net", ".internal", ".lan", ".home.arpa"]
        return !name.contains(".") || suffixes.contains { name.hasSuffix($0) }
    }
}
