internal import EventLoop

/// Lets the first line of a kind through, or the first few, and counts the rest until its window is over.
///
/// A kind is a rule and a peer. Memory is bounded: beyond ``maxKinds`` all further peers share one kind for each rule.
/// So is what is written: beyond the first of each kind, ``maxMore`` lines within a window.
/// A value: the caller brings the time and writes the lines.
struct LogLimiter: Sendable {
    struct Kind: Hashable, Sendable {
        let rule: String
        /// ``others`` when there are too many to tell them apart.
        let peer: String
    }

    /// What was counted instead of written.
    struct Summary: Equatable, Sendable {
        let kind: Kind
        let count: Int
    }

    static let window = Duration.seconds(60)
    static let maxKinds = 1024
    static let maxMore = 600
    static let others = "others"

    private struct Entry {
        let until: MonotonicInstant
        var written = 1
        var count = 0
    }

    private var entries: [Kind: Entry] = [:]
    /// No window ends before.
    private var nextEnd = MonotonicInstant.distantFuture
    private var more = (written: 0, until: MonotonicInstant(nanoseconds: .min))

    /// Whether a line of this kind is to be written.
    /// - Parameter burst: how many of this kind are written within a window.
    mutating func admits(rule: String, peer: String, now: MonotonicInstant, burst: Int = 1) -> Bool {
        var kind = Kind(rule: rule, peer: peer)
        if entries[kind] == nil, entries.count >= Self.maxKinds { kind = Kind(rule: rule, peer: Self.others) }
        if let entry = entries[kind] {
            if entry.written < burst, takeMore(now: now) {
                entries[kind]?.written += 1
                return true
            }
            entries[kind]?.count += 1
            return false
        }
        let until = now + Self.window
        entries[kind] = Entry(until: until)
        nextEnd = min(nextEnd, until)
        return true
    }

    private mutating func takeMore(now: MonotonicInstant) -> Bool {
        if now >= more.until { more = (0, now + Self.window) }
        guard more.written < Self.maxMore else { return false }
        more.written += 1
        return true
    }

    /// Ends the windows that are over. To be called now and then, or what was counted is never told.
    mutating func expire(now: MonotonicInstant) -> [Summary] {
        guard now >= nextEnd else { return [] }
        let ended = entries.filter { $0.value.until <= now }
        for kind in ended.keys { entries[kind] = nil }
        nextEnd = entries.values.map(\.until).min() ?? .distantFuture
        return Self.summaries(ended)
    }

    /// Ends all windows.
    mutating func end() -> [Summary] {
        defer { entries = [:] }
        nextEnd = .distantFuture
        return Self.summaries(entries)
    }

    private static func summaries(_ entries: [Kind: Entry]) -> [Summary] {
        entries.filter { $0.value.count > 0 }
            .map { Summary(kind: $0.key, count: $0.value.count) }
            .sorted { ($0.kind.rule, $0.kind.peer) < ($1.kind.rule, $1.kind.peer) }
    }
}
