internal import Wire

/// How many numbered events each connection has had, and what those missed that were cut off.
///
/// A connection numbers what it is sent by itself (`Connection.lastSeq`). The same number is known here without touching
/// each connection for each event: listeners of equal rights hear the same events, so it is a difference of two counts.
/// Only derived devices, each of which hears something else, are counted one by one.
struct EventJournal: Sendable {
    /// How long, and how many, closed connections may be resumed.
    static let parkedMs: Int64 = 300_000
    static let maxParked = 4096

    private(set) var ring: EventRing
    private var published: [EventName.Entitlement: Int64] = [:]
    private var derived: [ConnectionID: Mark] = [:]
    private var parked: [String: Parked] = [:]
    /// Keys of `parked`, oldest first.
    private var parkedOrder: [(connID: String, atMs: Int64)] = []

    /// A listener's last number, and where in the ring the events begin that it has no number for.
    struct Mark: Equatable, Sendable {
        var seq: Int64
        var position: UInt64
    }

    /// What is kept of a closed connection: no events, only how to find them.
    private struct Parked {
        let deviceID: String
        let listener: Listener
        let mark: Mark
        let floor: UInt64
    }

    /// Events that somebody missed.
    struct Missed {
        let events: [OutboundEvent]
        /// How far back in the ring the resumed connection may be resumed in its turn.
        let floor: UInt64
    }

    init(ring: EventRing = EventRing()) {
        self.ring = ring
    }

    /// - Parameter hearers: the derived devices that hear it.
    mutating func append(_ event: OutboundEvent, derived hearers: [ConnectionID]) {
        ring.append(event)
        published[event.name.entitlement, default: 0] += 1
        for id in hearers {
            derived[id]?.seq += 1
            derived[id]?.position = ring.next
        }
    }

    /// A connection hears events from now on.
    /// - Parameter seq: its last number.
    /// - Returns: what its number is counted from (``ClientConnection/seqBase``).
    mutating func open(_ id: ConnectionID, _ listener: Listener, seq: Int64) -> Int64 {
        if listener.sessionKey != nil { derived[id] = Mark(seq: seq, position: ring.next) }
        return total(listener) - seq
    }

    mutating func close(_ id: ConnectionID) { derived[id] = nil }

    /// Keeps what is needed to resume a connection.
    mutating func park(_ connection: ClientConnection, deviceID: String, nowMs: Int64) {
        let listener = connection.admitted.listener
        var mark = derived[connection.id] ?? Mark(seq: total(listener) - connection.seqBase, position: ring.next)
        // It would have had a number for all that came until now.
        if connection.hearsEvents { mark.position = ring.next }
        if parked.updateValue(
            Parked(deviceID: deviceID, listener: listener, mark: mark, floor: connection.floor),
            forKey: connection.connID)
            == nil
        {
            parkedOrder.append((connection.connID, nowMs))
        }
        expire(nowMs: nowMs)
    }

    mutating func expire(nowMs: Int64) {
        let over = parkedOrder.prefix { $0.atMs <= nowMs - Self.parkedMs }.count
        let count = max(over, parkedOrder.count - Self.maxParked)
        guard count > 0 else { return }
        for (connID, _) in parkedOrder.prefix(count) { parked[connID] = nil }
        parkedOrder.removeFirst(count)
    }

    /// What a device missed on one of its connections since the event with number `seq`, as far as it may see it now.
    ///
    /// - Returns: nil when that cannot be told any more.
    mutating func missed(
        on connID: String, since seq: Int64, by deviceID: String, now listener: Listener, nowMs: Int64
    ) -> Missed? {
        expire(nowMs: nowMs)
        guard let known = parked[connID], known.deviceID == deviceID, seq <= known.mark.seq else { return nil }
        var (at, position) = (known.mark.seq, known.mark.position)
        guard position >= ring.first else { return nil }
        while at > seq {
            guard position > max(ring.first, known.floor) else { return nil }
            position -= 1
            if known.listener.hears(ring[position]) { at -= 1 }
        }
        return Missed(
            events: (position..<ring.next).map { ring[$0] }.filter { known.listener.hears($0) && listener.hears($0) },
            // What somebody of other rights had numbers for is not found by the rights of now.
            floor: known.listener == listener ? known.floor : ring.next)
    }

    private func total(_ listener: Listener) -> Int64 {
        published.reduce(0) { listener.mayHear($1.key) ? $0 + $1.value : $0 }
    }
}
