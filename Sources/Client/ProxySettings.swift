internal import HTTP

/// Which HTTP proxy the environment names for a gateway: `HTTPS_PROXY`, else `ALL_PROXY`, but not for hosts in
/// `NO_PROXY`. The lower-case spelling of each wins, as with curl.
///
/// Loopback never goes through a proxy, and neither does `ws://`, whose credentials the proxy could read.
package struct ProxySettings: Equatable, Sendable {
    private struct Named: Equatable {
        let variable: String
        let value: String
    }

    private let proxy: Named?
    private let exceptions: [String]

    /// Everything is dialled directly.
    package static let none = ProxySettings(environment: [:])

    package init(environment: [String: String]) {
        func named(_ names: [String]) -> Named? {
            for name in names {
                if let value = environment[name], !value.isEmpty { return Named(variable: name, value: value) }
            }
            return nil
        }
        proxy = named(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
        exceptions = (named(["no_proxy", "NO_PROXY"])?.value ?? "").split { $0 == "," || $0.isWhitespace }
            .map { $0.lowercased() }
    }

    /// - Throws: ``ClientError/proxyUnusable(variable:reason:)`` for a proxy of a kind that we do not know. Going around
    ///   it would take a way that somebody has closed on purpose.
    internal func proxy(for endpoint: GatewayEndpoint) throws(ClientError) -> Proxy? {
        guard let proxy, endpoint.isTLS, !endpoint.isLoopback, !isExcepted(endpoint) else { return nil }
        do throws(Proxy.Unusable) {
            return try Proxy(proxy.value)
        } catch {
            throw .proxyUnusable(
                variable: proxy.variable,
                reason: "\(error.reason); unset it, or add \(endpoint.lowercasedName) to NO_PROXY")
        }
    }

    private func isExcepted(_ endpoint: GatewayEndpoint) -> Bool {
        exceptions.contains { Self.matches($0, endpoint) }
    }

    /// - Parameter exception: `*`, an address or a range, or a name, which stands for all names under it too, with or
    ///   without a dot before; all but ranges perhaps with a port behind.
    private static func matches(_ exception: String, _ endpoint: GatewayEndpoint) -> Bool {
        if exception == "*" { return true }
        if let address = IPAddress(endpoint.host), let range = CIDR(exception) { return range.contains(address) }
        var name = exception[...]
        if let colon = name.lastIndex(of: ":"), let port = UInt16(name[name.index(after: colon)...]) {
            guard port == endpoint.port else { return false }
            name = name[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        if let address = IPAddress(endpoint.host) { return IPAddress(name) == address }
        if name.hasPrefix("*.") { name = name.dropFirst() }
        let suffix = name.hasPrefix(".") ? name.dropFirst() : name
        guard !suffix.isEmpty else { return false }
        return endpoint.lowercasedName == suffix || endpoint.lowercasedName.hasSuffix("." + suffix)
    }
}
