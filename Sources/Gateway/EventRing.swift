/// The latest numbered events, bounded by their number and by their bytes. A position names one event for good.
struct EventRing: Sendable {
    private let maxEvents: Int
    private let maxBytes: Int
    private var events: [OutboundEvent] = []
    /// Of `events`, how many at the front are gone already.
    private var gone = 0
    private var bytes = 0
    /// Position of the oldest event that is still here.
    private(set) var first: UInt64 = 0
    /// Position of the event to come.
    private(set) var next: UInt64 = 0

    init(maxEvents: Int = 4096, maxBytes: Int = 8 << 20) {
        self.maxEvents = maxEvents
        self.maxBytes = maxBytes
    }

    mutating func append(_ event: OutboundEvent) {
        events.append(event)
        bytes += event.frame.count
        next += 1
        while Int(next - first) > maxEvents || (bytes > maxBytes && first < next) { removeFirst() }
    }

    private mutating func removeFirst() {
        bytes -= events[gone].frame.count
        // Its frame may be large, and the array is shortened later.
        events[gone] = .removed
        gone += 1
        first += 1
        guard gone >= maxEvents || gone == events.count else { return }
        events.removeFirst(gone)
        gone = 0
    }

    /// - Parameter position: from `first` on, before `next`.
    subscript(position: UInt64) -> OutboundEvent { events[gone + Int(position - first)] }
}
