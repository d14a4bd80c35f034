internal import Trust
internal import Wire

/// Who somebody is, as far as events go. It does not change while a connection lives.
struct Listener: Equatable, Sendable {
    let role: Role
    let scopes: ScopeSet
    /// Of a derived device.
    let sessionKey: String?

    /// Whether events of this kind are for it at all. What nobody is entitled to is delivered to nobody.
    func mayHear(_ entitlement: EventName.Entitlement) -> Bool {
        switch entitlement {
        case .everybody: true
        case .scope(let scope): role == .operator && scopes.covers(scope)
        case .addressee: false
        }
    }

    /// Of what concerns a session, a derived device hears if it is its own or one below.
    func maySee(_ event: OutboundEvent) -> Bool {
        guard let sessionKey, let sessions = event.sessions else { return true }
        return sessions.contains(sessionKey)
    }

    func hears(_ event: OutboundEvent) -> Bool {
        mayHear(event.name.entitlement) && maySee(event)
    }
}

extension Admitted {
    var listener: Listener { Listener(role: role, scopes: scopes, sessionKey: lineage?.sessionKey) }
}
