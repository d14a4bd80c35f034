/// How many connections there may be in all. A part is kept for loopback, so that the owner and the gateway's own
/// children get in while the network is flooding.
///
/// Beyond the limit a few more are let in only to be told that there are too many. A value.
struct ConnectionBudget: Sendable {
    /// As what a connection is counted.
    enum Share: Equatable, Sendable {
        case local
        case remote
        /// Gets an answer that says that there are too many, and nothing else.
        case surplus
    }

    static let maxSurplus = 64

    let limit: Int
    /// Of these, for loopback alone.
    let reserve: Int
    private(set) var local = 0
    private(set) var remote = 0
    private(set) var surplus = 0

    init(limit: Int) {
        self.limit = limit
        reserve = min(64, max(1, limit / 8))
    }

    var count: Int { local + remote + surplus }

    /// - Returns: As what a new connection is counted; nil: not at all, it has to go.
    mutating func enter(isLocal: Bool) -> Share? {
        if hasRoom(isLocal: isLocal) {
            if isLocal { local += 1 } else { remote += 1 }
            return isLocal ? .local : .remote
        }
        guard surplus < Self.maxSurplus else { return nil }
        surplus += 1
        return .surplus
    }

    /// Takes a connection in although there is no room, because another has been told to go.
    mutating func enterForAnother(isLocal: Bool) -> Share {
        if isLocal { local += 1 } else { remote += 1 }
        return isLocal ? .local : .remote
    }

    /// A proxy on loopback has said that a connection is somebody else's.
    ///
    /// - Returns: As what it is counted from now on.
    mutating func becameRemote(_ share: Share) -> Share {
        guard share == .local else { return share }
        local -= 1
        if hasRoom(isLocal: false) {
            remote += 1
            return .remote
        }
        surplus += 1
        return .surplus
    }

    mutating func leave(_ share: Share) {
        switch share {
        case .local: local -= 1
        case .remote: remote -= 1
        case .surplus: surplus -= 1
        }
    }

    private func hasRoom(isLocal: Bool) -> Bool {
        local + remote < limit && (isLocal || remote < limit - reserve)
    }
}
