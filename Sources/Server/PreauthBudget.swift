internal import EventLoop
internal import Gateway
internal import HTTP

/// How many connections one client may have that nobody has admitted yet (design document, section 2.1).
///
/// A full budget makes room by giving up that client's oldest connection that has been silent for a while; so a client
/// that opens sockets and says nothing only ever hurts itself. A value: the caller brings the time and closes what is
/// evicted.
struct PreauthBudget {
    enum Verdict: Equatable {
        case admitted
        case admittedEvicting(ConnectionID)
        /// Every place is taken by a connection that is still talking.
        case full
    }

    static let defaultLimit = 32
    /// The environment variable that sets another.
    static let limitVariable = "OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP"
    static let silence = Duration.seconds(1)

    private struct Place {
        let since: UInt64
        var heardAt: MonotonicInstant
    }

    let limit: Int
    private var places: [IPAddress: [ConnectionID: Place]] = [:]
    private var clients: [ConnectionID: IPAddress] = [:]
    private var arrivals: UInt64 = 0

    init(limit: Int = PreauthBudget.defaultLimit) {
        self.limit = limit
    }

    /// A connection of this client begins, or has just been attributed to it.
    mutating func enter(_ id: ConnectionID, client: IPAddress, now: MonotonicInstant) -> Verdict {
        guard clients[id] == nil else { return .admitted }
        var evicted: ConnectionID?
        if let taken = places[client], taken.count >= limit {
            let silent = taken.filter { now - $0.value.heardAt >= Self.silence }
            guard let oldest = silent.min(by: { $0.value.since < $1.value.since })?.key else { return .full }
            leave(oldest)
            evicted = oldest
        }
        arrivals += 1
        clients[id] = client
        places[client, default: [:]][id] = Place(since: arrivals, heardAt: now)
        return evicted.map(Verdict.admittedEvicting) ?? .admitted
    }

    mutating func heard(_ id: ConnectionID, now: MonotonicInstant) {
        guard let client = clients[id] else { return }
        places[client]?[id]?.heardAt = now
    }

    /// The connection was admitted, serves the echo, or is gone.
    mutating func leave(_ id: ConnectionID) {
        guard let client = clients.removeValue(forKey: id) else { return }
        places[client]?[id] = nil
        if places[client]?.isEmpty == true { places[client] = nil }
    }
}
