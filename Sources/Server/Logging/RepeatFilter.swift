internal import Gateway

/// Lets the same line through a few times in a row, and counts the rest. A value: the caller brings the time.
struct RepeatFilter: Sendable {
    static let maxInARow = 5
    static let windowMs: Int64 = 60_000

    private var last: LogLine?
    private var since: Int64 = 0
    private var written = 0
    private var held = 0

    /// - Returns: what is to be written now: a sum of what was held back, this line, both, or nothing.
    mutating func admit(_ line: LogLine, atMs nowMs: Int64) -> [LogLine] {
        if line == last, nowMs - since < Self.windowMs {
            guard written >= Self.maxInARow else {
                written += 1
                return [line]
            }
            held += 1
            return []
        }
        let sum = end()
        (last, since, written) = (line, nowMs, 1)
        return sum + [line]
    }

    /// What was held back.
    mutating func end() -> [LogLine] {
        defer { held = 0 }
        guard held > 0, let last else { return [] }
        return [LogLine(last.level, last.subsystem, "the same \(held) times more: \(last.message)")]
    }
}
