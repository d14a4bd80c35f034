internal import Sessions
internal import Trust
internal import Wire

/// What the core counts of what it decides, for `/metrics`.
package struct CoreCounts: Sendable {
    package struct Admission: Hashable, Sendable {
        package let outcome: String
        /// The one that decided.
        package let rule: String
    }

    package private(set) var admissions: [Admission: Int64] = [:]
    /// By status.
    package private(set) var ended: [String: Int64] = [:]
    /// From acceptance to attaching, in milliseconds rounded to few figures, and how often.
    package private(set) var spawnMs: [Int64: Int64] = [:]

    mutating func decided(_ decision: Decision) {
        let isAdmitted = if case .admitted = decision.outcome { true } else { false }
        let rule = decision.trace.last { $0.verdict != .notConcerned }?.rule.rawValue ?? "none"
        admissions[Admission(outcome: isAdmitted ? "admitted" : "refused", rule: rule), default: 0] += 1
    }

    mutating func ended(_ status: String) { ended[status, default: 0] += 1 }

    mutating func attached(after milliseconds: Int64) {
        spawnMs[Self.rounded(max(0, milliseconds)), default: 0] += 1
    }

    /// To two figures, so that there are never many.
    static func rounded(_ value: Int64) -> Int64 {
        var unit: Int64 = 1
        while value / unit >= 100 { unit *= 10 }
        return value / unit * unit
    }
}

/// The same, and what the core is at.
package struct CoreFigures: Sendable {
    package let counts: CoreCounts
    package let clients: [String: Int64]
    package let runs: [String: Int64]
    package let sessions: Int
    package let pending: Int
    package let uptimeMs: Int64
}

extension GatewayCore {
    package func figures(nowMs: Int64) -> CoreFigures {
        var clients: [String: Int64] = [:]
        for connection in connections.values {
            clients[connection.isWorker ? "worker" : connection.admitted.role.rawValue, default: 0] += 1
        }
        var runs: [String: Int64] = [:]
        for run in table.unendedRuns { runs[run.phase.name, default: 0] += 1 }
        return CoreFigures(
            counts: counts, clients: clients, runs: runs, sessions: table.sessions.count,
            pending: trust.pairing.pending(nowMs: nowMs).count, uptimeMs: nowMs - settings.startedAtMs)
    }
}
