internal import JSON
internal import Sessions
internal import Trust
internal import Wire

/// Who hears what, with which number (wire protocol, section 5.5).
extension GatewayCore {
    /// An event for everybody entitled to it, or for those who subscribed to the session that it tells of.
    /// - Parameters:
    ///   - sessionKey: the session that it tells of; a derived device hears of its own and those below.
    ///   - isDroppable: whether a slow consumer may lose it, if that is not as usual for its name.
    func event(
        _ name: EventName, _ payload: JSON, stateVersion: StateVersion? = nil, about sessionKey: String? = nil,
        isDroppable: Bool? = nil
    ) -> Effect {
        .publish(
            OutboundEvent(
                name, payload, stateVersion: stateVersion, sessions: sessionKey.map { table.lineage(of: $0) },
                isDroppable: isDroppable))
    }

    /// Publishes an event: whoever is entitled to it now, or subscribed to it if it is not for everybody, is to be sent it.
    ///
    /// The shell hands events to connections in the order in which it asked here; otherwise their numbers would not be
    /// those that are counted here.
    package mutating func publish(_ event: OutboundEvent) -> Recipients {
        guard !event.name.isTargeted else { return Recipients(subscribers(to: event)) }
        let audience = audience(of: event.name.entitlement)
        let derived = audience.derived(seeing: event)
        journal.append(event, derived: derived)
        var recipients = audience.owners
        if !derived.isEmpty { recipients.add(Recipients(derived)) }
        return recipients
    }

    /// How many an event would reach.
    mutating func reach(of event: OutboundEvent) -> Int {
        let audience = audience(of: event.name.entitlement)
        return audience.owners.count + audience.derived(seeing: event).count
    }

    private mutating func audience(of entitlement: EventName.Entitlement) -> Audience {
        if let known = audiences[entitlement] { return known }
        let audience = Audience(of: entitlement, among: connections.values)
        audiences[entitlement] = audience
        return audience
    }

    /// Opens an admitted connection: from here on it hears events, after those that it missed.
    ///
    /// - Returns: nil when it is gone already.
    package mutating func open(_ opening: Opening, nowMs: Int64) -> Opened? {
        guard var connection = connections[opening.connection], !connection.isClosing else { return nil }
        let listener = connection.admitted.listener
        var superseded: ConnectionID?
        var missed: EventJournal.Missed?
        if let resume = opening.resume, let deviceID = connection.admitted.deviceID {
            // A client knows that its connection is lost long before we do.
            superseded = connections(ofDevice: deviceID).first { connections[$0]?.connID == resume.connID }
            if let before = superseded.flatMap({ connections[$0] }) {
                park(before, nowMs: nowMs)
                connections[before.id]?.isClosing = true
                connections[before.id]?.isSuperseded = true
            }
            missed = journal.missed(
                on: resume.connID, since: resume.seq, by: deviceID, now: listener, nowMs: nowMs)
        }
        let seq = missed == nil ? 0 : opening.resume?.seq ?? 0
        connection.isOpen = true
        connection.seqBase = journal.open(
            connection.id, listener, seq: seq + Int64(missed?.events.count ?? 0))
        connection.floor = missed?.floor ?? journal.ring.next
        connections[connection.id] = connection
        var hello: [UInt8] = []
        let payload = self.hello(
            connection, opening, resume: opening.resume == nil ? nil : missed == nil ? "gap" : "resumed", nowMs: nowMs)
        Frames.response(id: opening.requestID.span, payload: payload.span, into: &hello)
        return Opened(
            admitted: connection.admitted, hello: hello, seq: seq, missed: missed?.events ?? [], superseded: superseded)
    }

    /// Only a proven device can resume, and of it only what has heard events.
    mutating func park(_ connection: ClientConnection, nowMs: Int64) {
        guard connection.isOpen, !connection.isWorker, !connection.admitted.isReportingOnly,
            let deviceID = connection.admitted.deviceID
        else { return }
        journal.park(connection, deviceID: deviceID, nowMs: nowMs)
    }
}
