/// A process on some host that runs workers for a pool.
package struct PoolWorker: Equatable, Sendable {
    package enum State: String, Sendable {
        case ready
        /// It finishes what it has and gets nothing more.
        case draining
        /// It has no connection. What it had begun may go on all the same.
        case away
    }

    /// Its device.
    package let id: String
    package let pool: String
    package var name: String?
    package var version: String?
    package var capacity: Int
    package var isDraining: Bool
    package var isConnected: Bool
    package var connectedAtMs: Int64
    package var lastSeenMs: Int64
    /// What it was given and has not ended.
    package internal(set) var runs: Set<String> = []
    /// How many it has ended, and how many were lost with it.
    package internal(set) var ended = 0
    package var lost = 0

    package init(
        id: String, pool: String, name: String? = nil, version: String? = nil, capacity: Int, isDraining: Bool = false,
        isConnected: Bool = true, atMs: Int64
    ) {
        self.id = id
        self.pool = pool
        self.name = name
        self.version = version
        self.capacity = capacity
        self.isDraining = isDraining
        self.isConnected = isConnected
        connectedAtMs = atMs
        lastSeenMs = atMs
    }

    package var state: State { isConnected ? isDraining ? .draining : .ready : .away }
    package var free: Int { max(0, capacity - runs.count) }
}
