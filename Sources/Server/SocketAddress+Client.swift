internal import EventLoop
internal import HTTP

extension SocketAddress {
    /// Nobody from the network: loopback, or a Unix socket.
    var isLocal: Bool { isLoopback || family == .unix }

    /// Whose it is, without the port, as refusals are counted.
    var clientText: String { IPAddress(octets: bytes.span)?.subscriber.description ?? "unix" }
}
