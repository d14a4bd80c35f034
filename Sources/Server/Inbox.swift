internal import Synchronization

/// What waits to be delivered to the connections of one reactor, in order.
final class Inbox: Sendable {
    private let deliveries = Mutex<[Delivery]>([])

    func append(_ more: [Delivery]) {
        deliveries.withLock { $0 += more }
    }

    /// Takes all that waits, leaving `spare` (empty, with its capacity) in its place.
    func take(into spare: inout [Delivery]) {
        deliveries.withLock { swap(&$0, &spare) }
    }
}
