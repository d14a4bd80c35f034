/// Which connections have asked for news of sessions: of all, or of single ones (wire protocol, section 6.4).
struct Subscriptions: Sendable {
    /// Keys that one connection may have subscribed to.
    static let maxKeys = 256

    private var ofAll: Set<ConnectionID> = []
    private var ofKey: [String: Set<ConnectionID>] = [:]
    private var keys: [ConnectionID: Set<String>] = [:]

    /// Who hears that sessions have changed.
    var ofChanges: Set<ConnectionID> { ofAll }

    /// Who hears of what happens in a session.
    func ofSession(_ key: String) -> Set<ConnectionID> { ofKey[key] ?? [] }

    /// Who hears of a session's messages.
    func ofMessages(_ key: String) -> Set<ConnectionID> { ofAll.union(ofSession(key)) }

    mutating func subscribe(_ id: ConnectionID) { ofAll.insert(id) }
    mutating func unsubscribe(_ id: ConnectionID) { ofAll.remove(id) }

    /// - Returns: false if the connection has as many as it may have.
    mutating func subscribe(_ id: ConnectionID, to key: String) -> Bool {
        let known = keys[id] ?? []
        guard known.count < Self.maxKeys || known.contains(key) else { return false }
        keys[id, default: []].insert(key)
        ofKey[key, default: []].insert(id)
        return true
    }

    mutating func unsubscribe(_ id: ConnectionID, from key: String) {
        keys[id]?.remove(key)
        if keys[id]?.isEmpty == true { keys[id] = nil }
        ofKey[key]?.remove(id)
        if ofKey[key]?.isEmpty == true { ofKey[key] = nil }
    }

    /// They end with the connection.
    mutating func connectionClosed(_ id: ConnectionID) {
        ofAll.remove(id)
        for key in keys[id] ?? [] { unsubscribe(id, from: key) }
    }
}
