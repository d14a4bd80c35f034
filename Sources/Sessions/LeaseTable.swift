/// Leases of runs whose worker has shown itself: how long nothing need be heard of it.
///
/// A worker renews its run's lease by whatever it says. A lease that runs out, and a connection that breaks, begin the
/// worker's grace; a worker that comes back within it goes on as if nothing had been.
package struct LeaseTable: Equatable, Sendable {
    package enum Lease: Equatable, Sendable {
        /// The worker is connected, and says something before this.
        case held(untilMs: Int64)
        /// The worker is out of sight, and comes back before this.
        case away(untilMs: Int64)
    }

    /// Runs whose lease or grace is over.
    package struct Overdue: Equatable, Sendable {
        /// Connected, but silent: from now on they count as away.
        package var silent: [String] = []
        /// Away for longer than their grace.
        package var lost: [String] = []

        package init(silent: [String] = [], lost: [String] = []) {
            self.silent = silent
            self.lost = lost
        }
    }

    private var leases: [String: Lease] = [:]

    package init() {}

    package subscript(runID: String) -> Lease? { leases[runID] }

    package mutating func renew(_ runID: String, untilMs: Int64) { leases[runID] = .held(untilMs: untilMs) }

    /// The worker's last connection is gone. A grace that has begun goes on.
    package mutating func connectionLost(_ runID: String, graceUntilMs: Int64) {
        if case .held = leases[runID] { leases[runID] = .away(untilMs: graceUntilMs) }
    }

    /// After a restart of the gateway every worker is away.
    package mutating func await(_ runID: String, graceUntilMs: Int64) { leases[runID] = .away(untilMs: graceUntilMs) }

    package mutating func remove(_ runID: String) { leases[runID] = nil }

    package func overdue(nowMs: Int64) -> Overdue {
        var overdue = Overdue()
        for (runID, lease) in leases {
            switch lease {
            case .held(let untilMs) where untilMs <= nowMs: overdue.silent.append(runID)
            case .away(let untilMs) where untilMs <= nowMs: overdue.lost.append(runID)
            case .held, .away: continue
            }
        }
        overdue.silent.sort()
        overdue.lost.sort()
        return overdue
    }
}
