internal import Trust
internal import Wire

/// Who hears the events of one entitlement. Made when first needed, and again when connections have changed: events are many
/// more than changes.
struct Audience: Sendable {
    /// Connections that see everybody's runs.
    private(set) var owners: [ConnectionID] = []
    /// Derived devices, which see their own session and those below it.
    private(set) var derived: [(id: ConnectionID, sessionKey: String)] = []

    init(of entitlement: EventName.Entitlement, among connections: some Sequence<ClientConnection>) {
        for connection in connections where connection.mayHear(entitlement) {
            if let lineage = connection.admitted.lineage {
                derived.append((connection.id, lineage.sessionKey))
            } else {
                owners.append(connection.id)
            }
        }
        // As they came: neighbours in memory are served one after the other.
        owners.sort()
    }

    /// - Parameter isVisible: whether those with this session see it.
    func members(where isVisible: (_ sessionKey: String) -> Bool) -> [ConnectionID] {
        derived.isEmpty ? owners : owners + derived.filter { isVisible($0.sessionKey) }.map(\.id)
    }
}

extension ClientConnection {
    /// Whether events of this kind are for it at all. What nobody is entitled to is delivered to nobody.
    func mayHear(_ entitlement: EventName.Entitlement) -> Bool {
        guard hearsEvents else { return false }
        return switch entitlement {
        case .everybody: true
        case .scope(let scope): admitted.role == .operator && admitted.scopes.covers(scope)
        case .addressee: false
        }
    }

    /// A worker hears only what is addressed to it.
    var hearsEvents: Bool {
        !isWorker && !isOneShot && !isClosing && !admitted.isReportingOnly && invalidated == nil
    }
}
