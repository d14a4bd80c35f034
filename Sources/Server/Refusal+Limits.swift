internal import EventLoop

/// Refusals that are about limits and not about a byte.
extension Refusal {
    /// For every connection, admitted or not.
    static func noRoom(limit: Int) -> Refusal {
        Refusal(
            rule: "connections-in-all", reason: "There are \(limit) connections already.",
            remedy: "raise the number of descriptors (ulimit -n, LimitNOFILE=), or find who holds the connections")
    }

    static func preauthFull(limit: Int) -> Refusal {
        Refusal(
            rule: "preauth-connections",
            reason: "At most \(limit) connections of one client may wait for admission.",
            remedy: "find what opens them; \(PreauthBudget.limitVariable) sets another limit")
    }

    static func deadline(_ timeout: Duration) -> Refusal {
        Refusal(
            rule: "handshake-deadline",
            reason: "TLS, HTTP and connect took longer than \(timeout.saturatingMilliseconds) ms.",
            remedy: "look for a client or proxy that connects and does not speak; gateway.handshakeTimeoutMs")
    }

    static func slowConsumer(limit: Int) -> Refusal {
        Refusal(
            rule: "slow-consumer", reason: "More than \(limit) bytes wait for a peer that does not read them.",
            remedy: "let the client read all the time; hello-ok announces the limit as policy.maxBufferedBytes")
    }

    static func stalled(_ timeout: Duration) -> Refusal {
        Refusal(
            rule: "stalled-output", reason: "The peer took nothing for \(timeout.components.seconds) s.",
            remedy: "let the client read all the time")
    }

    static func noPong(_ timeout: Duration) -> Refusal {
        Refusal(
            rule: "ping-timeout", reason: "No pong came within \(timeout.components.seconds) s.",
            remedy: "let the client answer pings; look for a network that lost it")
    }
}
