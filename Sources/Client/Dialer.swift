internal import EventLoop
internal import Glibc
internal import TLS

/// Gets from an endpoint to a connected, encrypted socket.
internal struct Dialer {
    internal let endpoint: GatewayEndpoint
    internal let options: ConnectOptions
    internal let deadline: Deadline

    internal func dial() throws(ClientError) -> Transport {
        let proxy = try options.proxies.proxy(for: endpoint)
        // A proxy resolves the gateway's name itself; ours may not know it.
        let transport = Transport(try connect(to: try addresses(of: proxy)), tls: nil)
        if let proxy { try ProxyTunnel.open(through: proxy, to: endpoint, on: transport, until: deadline) }
        guard endpoint.isTLS else { return transport }
        // OpenSSL writes without MSG_NOSIGNAL.
        SignalSource.ignoreBrokenPipes()
        do throws(TLSError) {
            let context = try ClientTLSContext(trust: options.trust, identity: options.identity)
            transport.encrypt(
                with: try TLSConnection(
                    connecting: context, descriptor: transport.descriptor, serverName: endpoint.host))
        } catch {
            throw .tls(error)
        }
        try transport.handshake(until: deadline)
        return transport
    }

    private func addresses(of proxy: Proxy?) throws(ClientError) -> [SocketAddress] {
        let host = proxy?.host ?? endpoint.host
        var addresses: [SocketAddress]
        switch try NameLookup.addresses(host: host, port: proxy?.port ?? endpoint.port, until: deadline) {
        case .success(let found): addresses = found
        case .failure(let error): throw unreachable(through: proxy, error.description)
        }
        // Loopback by name was reason enough to go without TLS, so it has to be true.
        if proxy == nil, endpoint.isLoopback { addresses.removeAll { !$0.isLoopback } }
        guard !addresses.isEmpty else { throw unreachable(through: proxy, "\(host) has no usable address") }
        return addresses
    }

    /// Tries one address after the other. Each gets an equal share of the time that is left, so that one that swallows
    /// packets does not use it up.
    private func connect(to addresses: [SocketAddress]) throws(ClientError) -> FileDescriptor {
        var reason = ""
        var timedOut = false
        for (index, address) in addresses.enumerated() {
            let now = MonotonicInstant.now()
            let share = (deadline.instant - now) / (addresses.count - index)
            switch try attempt(address, until: now + share) {
            case .connected(let socket): return FileDescriptor(owning: socket)
            case .noAnswer:
                timedOut = true
                reason = "\(address): no answer"
            case .failed(let error):
                timedOut = false
                reason = addresses.count == 1 ? error : "\(address): \(error)"
            }
        }
        if timedOut, deadline.isPast { throw deadline.timeout(waitingFor: "a connection to \(endpoint)") }
        throw unreachable(through: try options.proxies.proxy(for: endpoint), reason)
    }

    private enum Attempt {
        /// The descriptor is the receiver's.
        case connected(Int32)
        case noAnswer
        case failed(String)
    }

    private func attempt(_ address: SocketAddress, until end: MonotonicInstant) throws(ClientError) -> Attempt {
        let socket: FileDescriptor
        do throws(EventLoopError) {
            socket = try Sockets.connect(to: address)
        } catch {
            return .failed(Self.text(of: error))
        }
        guard try deadline.wait(socket.raw, for: .write, until: end) else { return .noAnswer }
        if let error = Sockets.pendingError(socket) { return .failed(Self.text(of: error)) }
        _ = try? Sockets.disableDelay(socket)
        _ = try? Sockets.enableKeepAlive(socket, idle: .seconds(60), interval: .seconds(15), probes: 4)
        return .connected(socket.release())
    }

    private func unreachable(through proxy: Proxy?, _ reason: String) -> ClientError {
        .unreachable(url: endpoint.description, reason: proxy.map { "proxy \($0.name): \(reason)" } ?? reason)
    }

    private static func text(of error: EventLoopError) -> String {
        if case .system(_, let code) = error { EventLoopError.text(ofErrno: code) } else { error.description }
    }
}
