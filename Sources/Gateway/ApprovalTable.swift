internal import JSON
internal import Wire

/// What agents may only do once an operator has said so. Not kept over restarts: whoever asked asks again.
struct ApprovalTable: Sendable {
    /// An operator's answer, as `exec.approval.resolve` has it.
    enum Decision: String, CaseIterable, Sendable {
        case allowOnce = "allow-once"
        case allowAlways = "allow-always"
        case deny
    }

    struct Approval: Sendable {
        let id: String
        let runID: String
        let sessionKey: String
        let agentID: String
        /// The worker's own count.
        let number: Int64
        let request: JSON
        let allowsAlways: Bool
        let createdAtMs: Int64
        let expiresAtMs: Int64
        /// The worker's request that waits.
        var connection: ConnectionID
        var requestID: [UInt8]

        var json: JSON {
            [
                "id": .string(id), "request": request, "createdAtMs": .integer(createdAtMs),
                "expiresAtMs": .integer(expiresAtMs),
            ]
        }
    }

    static let maxOpen = 1000
    /// How long an operator is waited for.
    static let timeoutMs: Int64 = 120_000

    private(set) var open: [String: Approval] = [:]
    /// Of runs that go on: a worker that comes back asks again.
    private var decided: [String: [Int64: Decision?]] = [:]

    var isFull: Bool { open.count >= Self.maxOpen }

    func approval(run: String, number: Int64) -> Approval? {
        open.values.first { $0.runID == run && $0.number == number }
    }

    /// Nil: not decided; nil within: nobody did in time.
    func decision(run: String, number: Int64) -> Decision?? { decided[run]?[number] }

    mutating func put(_ approval: Approval) { open[approval.id] = approval }

    mutating func close(_ approval: Approval, _ decision: Decision?) {
        open[approval.id] = nil
        decided[approval.runID, default: [:]][approval.number] = .some(decision)
    }

    /// - Returns: what is open no more.
    mutating func runEnded(_ runID: String) -> [Approval] {
        decided[runID] = nil
        let over = open.values.filter { $0.runID == runID }.sorted { $0.number < $1.number }
        for approval in over { open[approval.id] = nil }
        return over
    }
}
