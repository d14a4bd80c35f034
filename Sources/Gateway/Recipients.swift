/// Connections, by the reactors that they belong to.
package struct Recipients: Sendable {
    package private(set) var byReactor: [(reactor: Int, serials: [UInt64])] = []

    /// In the order in which they came: neighbours in memory are served one after the other.
    package init(_ connections: [ConnectionID]) {
        for connection in connections.sorted() {
            if byReactor.last?.reactor != connection.reactor { byReactor.append((connection.reactor, [])) }
            byReactor[byReactor.count - 1].serials.append(connection.serial)
        }
    }

    package var connections: [ConnectionID] {
        byReactor.flatMap { group in group.serials.map { ConnectionID(reactor: group.reactor, serial: $0) } }
    }

    package var count: Int { byReactor.reduce(0) { $0 + $1.serials.count } }

    mutating func add(_ others: Recipients) {
        byReactor += others.byReactor
    }
}
