/// Names one connection for as long as the process lives: which reactor owns it, and which of its connections it is.
package struct ConnectionID: Hashable, Comparable, Sendable {
    package let reactor: Int
    package let serial: UInt64

    package init(reactor: Int, serial: UInt64) {
        self.reactor = reactor
        self.serial = serial
    }

    package static func < (one: ConnectionID, other: ConnectionID) -> Bool {
        (one.reactor, one.serial) < (other.reactor, other.serial)
    }
}
