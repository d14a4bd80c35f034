/// One entry of `gateway.listeners`: where else the gateway listens, besides the addresses of `gateway.bind`.
package struct ListenerSettings: Equatable, Sendable {
    package enum Place: Equatable, Sendable {
        /// An IP address. Port 0 lets the kernel choose.
        case address(String, port: UInt16)
        /// A Unix socket for proxies on this host, with the mode of its file.
        case unix(path: String, mode: UInt32)
    }

    /// Whether connections begin with a header of the PROXY protocol. There is no third way: a header that may come or
    /// not is one that anybody may send.
    package enum ProxyProtocol: String, CaseIterable, Sendable {
        case forbidden, required
    }

    /// The entry in messages, such as `gateway.listeners[0]`.
    package let path: String
    package let place: Place
    package let isTLS: Bool
    package let proxyProtocol: ProxyProtocol
}
