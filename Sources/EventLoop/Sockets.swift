internal import CLinux
internal import Glibc

/// Stream sockets. All descriptors made here are non-blocking and close-on-exec.
package enum Sockets {
    /// How many connections the kernel completes before we accept them.
    package static let defaultBacklog: Int32 = 4096

    /// Listens on an IP address. Two listeners never share a port: there is no SO_REUSEPORT.
    ///
    /// - Parameter v6Only: For an IPv6 address, whether IPv4 peers are kept out.
    /// - Throws: ``EventLoopError/addressInUse(_:)``, or the failed call.
    package static func listen(
        on address: SocketAddress, backlog: Int32 = defaultBacklog, v6Only: Bool = true
    ) throws(EventLoopError) -> FileDescriptor {
        let socket = try makeSocket(address)
        try set(socket.raw, sallyport_SOL_SOCKET, sallyport_SO_REUSEADDR, 1, "setsockopt(SO_REUSEADDR)")
        if address.family == .v6 {
            try set(
                socket.raw, sallyport_IPPROTO_IPV6, sallyport_IPV6_V6ONLY, v6Only ? 1 : 0, "setsockopt(IPV6_V6ONLY)")
        }
        try bind(socket, to: address)
        // Linux reports a port taken by a listener at listen() when both sockets had SO_REUSEADDR before it listened.
        guard Glibc.listen(socket.raw, backlog) == 0 else {
            throw errno == EADDRINUSE ? .addressInUse(address) : .system(call: "listen", errno: errno)
        }
        return socket
    }

    /// Takes one connection that is waiting.
    ///
    /// - Returns: `nil` when none is waiting.
    /// - Throws: The failed call; EMFILE and ENFILE leave the connection waiting.
    package static func accept(_ listener: borrowing FileDescriptor) throws(EventLoopError) -> AcceptedSocket? {
        var peer = sockaddr_storage()
        while true {
            let raw = unsafe sallyport_accept4(listener.raw, &peer)
            if raw >= 0 {
                return AcceptedSocket(
                    FileDescriptor(owning: raw), peer: SocketAddress(&peer) ?? .unix(path: ""))
            }
            switch errno {
            case EAGAIN: return nil
            // The connection is gone, or its network is; the next one may be well (accept(2)).
            case EINTR, ECONNABORTED, ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, ENETUNREACH:
                continue
            default: throw .system(call: "accept4", errno: errno)
            }
        }
    }

    /// Begins to connect. The socket becomes writable when it is decided; then ask ``pendingError(_:)``.
    package static func connect(to address: SocketAddress) throws(EventLoopError) -> FileDescriptor {
        let socket = try makeSocket(address)
        let raw = socket.raw
        let code = unsafe try address.withKernelForm { storage, length in
            unsafe sallyport_connect(raw, storage, length) == 0 ? 0 : errno
        }
        guard code == 0 || code == EINPROGRESS || code == EINTR else { throw .system(call: "connect", errno: code) }
        return socket
    }

    /// Fetches and clears the socket's error, `nil` for none.
    package static func pendingError(_ socket: borrowing FileDescriptor) -> EventLoopError? {
        var code: Int32 = 0
        guard unsafe sallyport_getsockopt_int(socket.raw, sallyport_SOL_SOCKET, sallyport_SO_ERROR, &code) == 0
        else { return .system(call: "getsockopt(SO_ERROR)", errno: errno) }
        return code == 0 ? nil : .system(call: "connect", errno: code)
    }

    package static func localAddress(of socket: borrowing FileDescriptor) throws(EventLoopError) -> SocketAddress {
        var storage = sockaddr_storage()
        guard unsafe sallyport_getsockname(socket.raw, &storage) == 0, let address = SocketAddress(&storage)
        else { throw .system(call: "getsockname", errno: errno) }
        return address
    }

    package static func peerAddress(of socket: borrowing FileDescriptor) throws(EventLoopError) -> SocketAddress {
        var storage = sockaddr_storage()
        guard unsafe sallyport_getpeername(socket.raw, &storage) == 0, let address = SocketAddress(&storage)
        else { throw .system(call: "getpeername", errno: errno) }
        return address
    }

    internal static func makeSocket(_ address: SocketAddress) throws(EventLoopError) -> FileDescriptor {
        let raw = sallyport_stream_socket(address.kernelFamily)
        guard raw >= 0 else { throw .system(call: "socket", errno: errno) }
        return FileDescriptor(owning: raw)
    }

    internal static func bind(
        _ socket: borrowing FileDescriptor, to address: SocketAddress
    ) throws(EventLoopError) {
        let raw = socket.raw
        let code = unsafe try address.withKernelForm { storage, length in
            unsafe sallyport_bind(raw, storage, length) == 0 ? 0 : errno
        }
        guard code == 0 else { throw code == EADDRINUSE ? .addressInUse(address) : .system(call: "bind", errno: code) }
    }

    internal static func set(
        _ raw: Int32, _ level: Int32, _ option: Int32, _ value: Int32, _ call: String
    ) throws(EventLoopError) {
        guard sallyport_setsockopt_int(raw, level, option, value) == 0 else { throw .system(call: call, errno: errno) }
    }
}

/// A connection that a listener accepted, with its peer.
package struct AcceptedSocket: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    package let peer: SocketAddress

    internal init(_ descriptor: consuming FileDescriptor, peer: SocketAddress) {
        self.descriptor = descriptor
        self.peer = peer
    }

    package consuming func takeDescriptor() -> FileDescriptor {
        descriptor
    }
}
