internal import EventLoop

/// A socket that is listened on.
struct BoundListener: Sendable {
    let socket: FileDescriptorBox
    let address: SocketAddress
    let traits: ListenerTraits
    /// The file of a Unix socket, for its removal.
    var file: UnixSocketIdentity?

    /// `wss://127.0.0.1:18789`; of a Unix socket `ws+unix:/run/sallyport/gateway.sock`.
    var url: String {
        if let path = address.path { "\(traits.scheme)+unix:\(path)" } else { "\(traits.scheme)://\(address)" }
    }
}
