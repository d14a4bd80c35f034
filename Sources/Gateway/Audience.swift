internal import Trust
internal import Wire

/// Who hears the events of one entitlement. Made when first needed, and again when connections have changed: events are
/// many more than changes.
struct Audience: Sendable {
    /// Connections that see everybody's runs.
    let owners: Recipients
    /// Derived devices, which see their own session and those below it.
    private(set) var derived: [(id: ConnectionID, listener: Listener)] = []

    init(of entitlement: EventName.Entitlement, among connections: some Sequence<ClientConnection>) {
        var owners: [ConnectionID] = []
        for connection in connections where connection.hearsEvents {
            let listener = connection.admitted.listener
            guard listener.mayHear(entitlement) else { continue }
            if listener.sessionKey == nil {
                owners.append(connection.id)
            } else {
                derived.append((connection.id, listener))
            }
        }
        self.owners = Recipients(owners)
    }

    /// The derived devices that see an event.
    func derived(seeing event: OutboundEvent) -> [ConnectionID] {
        derived.isEmpty ? [] : derived.filter { $0.listener.maySee(event) }.map(\.id)
    }
}

extension ClientConnection {
    /// Whether it hears broadcasts. A worker hears only what is addressed to it.
    var hearsEvents: Bool {
        isOpen && !isWorker && !isOneShot && !isClosing && !admitted.isReportingOnly && invalidated == nil
    }
}
