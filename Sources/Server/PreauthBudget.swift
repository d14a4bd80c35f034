internal import EventLoop
internal import Gateway
internal import HTTP

/// How many connections one client may have that nobody has admitted yet (design document, section 2.1).
///
/// A full budget makes room by giving up that client's oldest connection that has been silent for a while; so a client
/// that opens sockets and says nothing only ever hurts itself. IPv6 clients are counted by /64. A value: the caller
/// brings the time and closes what is evicted.
struct PreauthBudget {
    enum Verdict: Equatable {
        case admitted
        case admittedEvicting(ConnectionID)
        /// Every place is taken by a connection that is still talking. It may stay to be told so.
        case full
        /// As many as there are places are being told so already.
        case refused
    }

    static let defaultLimit = 32
    /// The environment variable that sets another.
    static let limitVariable = "OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP"
    static let silence = Duration.seconds(1)
    /// All places are looked through at most this often, and then for so many at once.
    static let reliefInterval = Duration.milliseconds(100)
    static let reliefBatch = 256

    private struct Place {
        let since: UInt64
        var heardAt: MonotonicInstant
    }

    let limit: Int
    private var places: [IPAddress: [ConnectionID: Place]] = [:]
    private var clients: [ConnectionID: IPAddress] = [:]
    /// Connections beyond their client's places, and how many each client has.
    private var surplus: [ConnectionID: IPAddress] = [:]
    private var surplusCounts: [IPAddress: Int] = [:]
    private var arrivals: UInt64 = 0
    /// Silent connections, the oldest last.
    private var relief: [ConnectionID] = []
    private var nextReliefAt = MonotonicInstant(nanoseconds: .min)

    init(limit: Int = PreauthBudget.defaultLimit) {
        self.limit = limit
    }

    /// A connection of this client begins, or has just been attributed to it.
    mutating func enter(_ id: ConnectionID, client: IPAddress, now: MonotonicInstant) -> Verdict {
        guard clients[id] == nil else { return .admitted }
        let client = client.subscriber
        var evicted: ConnectionID?
        if let taken = places[client], taken.count >= limit {
            let silent = taken.filter { isSilent($0.value, now) }
            guard let oldest = silent.min(by: { $0.value.since < $1.value.since })?.key else {
                return enterSurplus(id, client: client)
            }
            leave(oldest)
            evicted = oldest
        }
        leaveSurplus(id)
        arrivals += 1
        clients[id] = client
        places[client, default: [:]][id] = Place(since: arrivals, heardAt: now)
        return evicted.map(Verdict.admittedEvicting) ?? .admitted
    }

    private mutating func enterSurplus(_ id: ConnectionID, client: IPAddress) -> Verdict {
        guard surplus[id] == nil else { return .full }
        guard surplusCounts[client, default: 0] < limit else { return .refused }
        surplus[id] = client
        surplusCounts[client, default: 0] += 1
        return .full
    }

    private mutating func leaveSurplus(_ id: ConnectionID) {
        guard let client = surplus.removeValue(forKey: id), let count = surplusCounts[client] else { return }
        surplusCounts[client] = count == 1 ? nil : count - 1
    }

    mutating func heard(_ id: ConnectionID, now: MonotonicInstant) {
        guard let client = clients[id] else { return }
        places[client]?[id]?.heardAt = now
    }

    /// The connection was admitted, serves the echo, or is gone.
    mutating func leave(_ id: ConnectionID) {
        leaveSurplus(id)
        guard let client = clients.removeValue(forKey: id) else { return }
        places[client]?[id] = nil
        if places[client]?.isEmpty == true { places[client] = nil }
    }

    /// The gateway has no room for anybody: gives up a connection of whatever client that has been silent for a while.
    ///
    /// - Returns: one of the oldest, which has left; nil when everybody is talking.
    mutating func relieve(now: MonotonicInstant) -> ConnectionID? {
        if relief.isEmpty, now >= nextReliefAt {
            nextReliefAt = now + Self.reliefInterval
            let silent = places.values.joined().filter { isSilent($0.value, now) }
            relief = silent.sorted { $0.value.since < $1.value.since }.prefix(Self.reliefBatch).map(\.key).reversed()
        }
        while let id = relief.popLast() {
            guard let client = clients[id], let place = places[client]?[id], isSilent(place, now) else { continue }
            leave(id)
            return id
        }
        return nil
    }

    private func isSilent(_ place: Place, _ now: MonotonicInstant) -> Bool {
        now - place.heardAt >= Self.silence
    }
}
