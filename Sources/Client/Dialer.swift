internal import EventLoop
internal import Glibc
internal import TLS

/// Gets from an endpoint to a connected, encrypted socket. Knows of no proxies: what the environment says about them
/// would send credentials to somebody else.
internal enum Dialer {
    internal static func dial(
        _ endpoint: GatewayEndpoint, trust: ClientTLSContext.Trust, until deadline: Deadline
    ) throws(ClientError) -> Transport {
        let socket = try connect(to: addresses(of: endpoint), endpoint, until: deadline)
        _ = try? Sockets.disableDelay(socket)
        _ = try? Sockets.enableKeepAlive(socket, idle: .seconds(60), interval: .seconds(15), probes: 4)
        guard endpoint.isTLS else { return Transport(socket, tls: nil) }
        // OpenSSL writes without MSG_NOSIGNAL.
        SignalSource.ignoreBrokenPipes()
        let tls: TLSConnection
        do throws(TLSError) {
            let context = try ClientTLSContext(trust: trust)
            tls = try TLSConnection(connecting: context, descriptor: socket.raw, serverName: endpoint.host)
        } catch {
            throw .tls(error)
        }
        let transport = Transport(socket, tls: tls)
        try transport.handshake(until: deadline)
        return transport
    }

    private static func addresses(of endpoint: GatewayEndpoint) throws(ClientError) -> [SocketAddress] {
        var addresses: [SocketAddress]
        do throws(EventLoopError) {
            addresses = try Sockets.resolve(host: endpoint.host, port: endpoint.port)
        } catch {
            throw .unreachable(url: endpoint.description, reason: error.description)
        }
        // Loopback by name was reason enough to go without TLS, so it has to be true.
        if endpoint.isLoopback { addresses.removeAll { !$0.isLoopback } }
        guard !addresses.isEmpty else {
            throw .unreachable(url: endpoint.description, reason: "\(endpoint.host) has no usable address")
        }
        return addresses
    }

    /// Tries one address after the other. Each gets an equal share of the time that is left, so that one that swallows
    /// packets does not use it up.
    private static func connect(
        to addresses: [SocketAddress], _ endpoint: GatewayEndpoint, until deadline: Deadline
    ) throws(ClientError) -> FileDescriptor {
        var reason = ""
        var timedOut = false
        for (index, address) in addresses.enumerated() {
            let now = MonotonicInstant.now()
            let share = (deadline.instant - now) / (addresses.count - index)
            do throws(EventLoopError) {
                let socket = try Sockets.connect(to: address)
                guard Polling.wait(socket.raw, for: .write, until: now + share) else {
                    timedOut = true
                    reason = "\(address): no answer"
                    continue
                }
                if let error = Sockets.pendingError(socket) { throw error }
                return socket
            } catch {
                timedOut = false
                reason = addresses.count == 1 ? text(of: error) : "\(address): \(text(of: error))"
            }
        }
        if timedOut, deadline.isPast { throw deadline.timeout(waitingFor: "a connection to \(endpoint)") }
        throw .unreachable(url: endpoint.description, reason: reason)
    }

    private static func text(of error: EventLoopError) -> String {
        if case .system(_, let code) = error { EventLoopError.text(ofErrno: code) } else { error.description }
    }
}
