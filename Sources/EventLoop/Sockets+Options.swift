internal import CLinux

extension Sockets {
    /// Small writes leave at once (TCP_NODELAY).
    package static func disableDelay(_ socket: borrowing FileDescriptor) throws(EventLoopError) {
        try set(socket.raw, sallyport_IPPROTO_TCP, sallyport_TCP_NODELAY, 1, "setsockopt(TCP_NODELAY)")
    }

    /// How long written bytes may stay unacknowledged before the kernel drops the connection.
    package static func setUserTimeout(
        _ socket: borrowing FileDescriptor, _ timeout: Duration
    ) throws(EventLoopError) {
        let milliseconds = Int32(clamping: timeout.saturatingMilliseconds)
        try set(
            socket.raw, sallyport_IPPROTO_TCP, sallyport_TCP_USER_TIMEOUT, milliseconds,
            "setsockopt(TCP_USER_TIMEOUT)")
    }

    /// Probes an idle peer after `idle`, then every `interval`; `probes` unanswered ones end the connection. Whole
    /// seconds, at least one.
    package static func enableKeepAlive(
        _ socket: borrowing FileDescriptor, idle: Duration, interval: Duration, probes: Int32
    ) throws(EventLoopError) {
        try set(socket.raw, sallyport_SOL_SOCKET, sallyport_SO_KEEPALIVE, 1, "setsockopt(SO_KEEPALIVE)")
        let idleSeconds = Int32(clamping: max(1, idle.components.seconds))
        let intervalSeconds = Int32(clamping: max(1, interval.components.seconds))
        let tcp = sallyport_IPPROTO_TCP
        try set(socket.raw, tcp, sallyport_TCP_KEEPIDLE, idleSeconds, "setsockopt(TCP_KEEPIDLE)")
        try set(socket.raw, tcp, sallyport_TCP_KEEPINTVL, intervalSeconds, "setsockopt(TCP_KEEPINTVL)")
        try set(socket.raw, tcp, sallyport_TCP_KEEPCNT, max(1, probes), "setsockopt(TCP_KEEPCNT)")
    }
}
