internal import Trust
internal import Wire

/// Who hears the events of one scope. Made when first needed, and again when connections have changed: events are many
/// more than changes.
struct Audience: Sendable {
    /// Connections that see everybody's runs.
    private(set) var owners: [ConnectionID] = []
    /// Derived devices, which see their own session and those below it.
    private(set) var derived: [(id: ConnectionID, sessionKey: String)] = []

    /// - Parameter scope: nil: everybody, of whatever role.
    init(of scope: OperatorScope?, among connections: some Sequence<ClientConnection>) {
        for connection in connections where connection.hearsEvents {
            if let scope {
                guard connection.admitted.role == .operator, connection.admitted.scopes.covers(scope) else { continue }
            }
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
    fileprivate var hearsEvents: Bool {
        !isWorker && !isClosing && !admitted.isReportingOnly && invalidated == nil
    }
}
