/// What distinguishes the connections of one listener from those of another.
struct ListenerTraits: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// An IP address. Peers are whoever they are.
        case network
        /// A Unix socket that its owner has opened for proxies on this host: all peers are trusted proxies.
        case proxySocket
        /// The owner's Unix socket in the state directory.
        case ownerSocket
    }

    var kind = Kind.network
    var isTLS: Bool
    /// Whether connections begin with a PROXY header. Otherwise none may come.
    var requiresProxyHeader = false

    /// As the URL of an address.
    var scheme: String { isTLS ? "wss" : "ws" }
}
