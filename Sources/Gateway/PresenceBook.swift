internal import JSON

/// Who is there, the latest first (wire protocol, section 6.3).
///
/// Noting somebody costs the same however many there are; so does listing, which ends with the rows that are shown.
/// Rows come in the order of time.
struct PresenceBook: Sendable {
    /// Rows shown at most, the gateway's own among them.
    static let maxRows = 200
    /// What was reported, and who has left, is shown for so long.
    static let lifeMs: Int64 = 300_000

    enum Key: Hashable, Sendable {
        case connection(ConnectionID)
        case reported(String)
        case departed(String)
    }

    struct Row: Sendable {
        /// Of an instance the latest row is shown.
        let instance: String
        let atMs: Int64
        /// The entry as JSON text.
        let entry: [UInt8]
    }

    private var rows: [Key: Row] = [:]
    private var connections = 0
    /// Oldest first. An item whose mark is not that of the key's row stands for a row that has been replaced, or is gone.
    private var order: [(key: Key, mark: UInt64)] = []
    private var marks: [Key: UInt64] = [:]
    private var nextMark: UInt64 = 0

    /// Rows kept, and places of such as were replaced.
    var size: Int { order.count }

    mutating func put(_ key: Key, instance: String, atMs: Int64, _ entry: JSON) {
        remove(key)
        if Self.isConnection(key) { connections += 1 }
        rows[key] = Row(instance: instance, atMs: atMs, entry: entry.serialized())
        marks[key] = nextMark
        order.append((key, nextMark))
        nextMark += 1
        if order.count > 2 * (connections + Self.maxRows) { compact() }
    }

    mutating func remove(_ key: Key) {
        guard rows.removeValue(forKey: key) != nil else { return }
        marks[key] = nil
        if Self.isConnection(key) { connections -= 1 }
    }

    /// The rows to be shown beside the gateway's own.
    mutating func latest(nowMs: Int64) -> [Row] {
        var shown: [Row] = []
        var seen: Set<String> = []
        var replaced = 0
        for (key, mark) in order.reversed() {
            guard shown.count < Self.maxRows - 1 else { break }
            guard marks[key] == mark, let row = rows[key] else {
                replaced += 1
                continue
            }
            let isOver = !Self.isConnection(key) && row.atMs <= nowMs - Self.lifeMs
            if !isOver, seen.insert(row.instance).inserted { shown.append(row) }
        }
        // So that no later one has to pass them.
        if replaced > Self.maxRows { compact() }
        return shown
    }

    /// Keeps who is connected, and of the others as many as can be shown.
    private mutating func compact() {
        var others = 0
        var kept: [(key: Key, mark: UInt64)] = []
        for item in order.reversed() where marks[item.key] == item.mark {
            if !Self.isConnection(item.key) {
                others += 1
                guard others < Self.maxRows else {
                    remove(item.key)
                    continue
                }
            }
            kept.append(item)
        }
        order = kept.reversed()
    }

    private static func isConnection(_ key: Key) -> Bool {
        if case .connection = key { true } else { false }
    }
}
