internal import JSON
package import Wire

/// An event, encoded once for everybody who gets it.
package struct OutboundEvent: Sendable {
    package let name: EventName
    /// Open: its end differs from connection to connection.
    package let frame: [UInt8]
    /// A slow consumer may lose it.
    package let isDroppable: Bool
    /// The session that it tells of and those above, as they were when it was made. Of such an event a derived device
    /// hears only if its own session is among them; nil: it concerns no session.
    package let sessions: [String]?

    /// What stands for an event that is not kept any longer.
    static let removed = OutboundEvent(.runCancel, .null)

    init(
        _ name: EventName, _ payload: JSON, stateVersion: StateVersion? = nil, sessions: [String]? = nil,
        isDroppable: Bool? = nil
    ) {
        self.init(
            name, encoded: payload.serialized(), stateVersion: stateVersion, sessions: sessions,
            isDroppable: isDroppable)
    }

    /// - Parameter payload: JSON text.
    init(
        _ name: EventName, encoded payload: [UInt8], stateVersion: StateVersion? = nil, sessions: [String]? = nil,
        isDroppable: Bool? = nil
    ) {
        self.name = name
        frame = Frames.openEvent(name, payload: payload.span, stateVersion: stateVersion)
        self.sessions = sessions
        self.isDroppable = isDroppable ?? name.isDroppable
    }
}
