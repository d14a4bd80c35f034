internal import EventLoop

/// Refusals that are about limits and not about a byte.
extension Refusal {
    /// For every connection, admitted or not.
    static func noRoom(limit: Int) -> Refusal {
        Refusal(.connectionsInAll, "There are \(limit) connections already.")
    }

    static func preauthFull(limit: Int) -> Refusal {
        Refusal(.preauthConnections, "At most \(limit) connections of one client may wait for admission.")
    }

    static func slowConsumer(limit: Int) -> Refusal {
        Refusal(.slowConsumer, "More than \(limit) bytes wait for a peer that does not read them.")
    }

    static func stalled(_ timeout: Duration) -> Refusal {
        Refusal(.stalledOutput, "The peer took nothing for \(timeout.components.seconds) s.")
    }

    static func noPong(_ timeout: Duration) -> Refusal {
        Refusal(.pingTimeout, "No pong came within \(timeout.components.seconds) s.")
    }
}
