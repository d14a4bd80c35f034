/// When a job fires. Times are milliseconds since 1970.
package enum CronSchedule: Equatable, Sendable {
    case at(atMs: Int64)
    /// At the anchor and every so many milliseconds after it.
    case every(everyMs: Int64, anchorMs: Int64)
    /// `tz`: nil is the host's zone. `staggerMs`: nil spreads full hours by up to five minutes.
    case cron(CronExpression, text: String, tz: String?, staggerMs: Int64?)

    package static let defaultStaggerMs: Int64 = 300_000
    package static let maxStaggerMs: Int64 = 86_400_000
    package static let everyRangeMs: ClosedRange<Int64> = 1000...366 * 86_400_000

    package var tz: String? {
        if case .cron(_, _, let tz, _) = self { tz } else { nil }
    }

    /// - Parameters:
    ///   - id: the job's; its stagger depends on it, so that it stays the same over restarts.
    ///   - zone: that of ``tz``.
    /// - Returns: nil when it never fires again.
    package func next(after ms: Int64, id: String, zone: TimeZoneRules) -> Int64? {
        switch self {
        case .at(let atMs): return atMs > ms ? atMs : nil
        case .every(let everyMs, let anchorMs):
            guard ms >= anchorMs else { return anchorMs }
            return anchorMs + ((ms - anchorMs) / everyMs + 1) * everyMs
        case .cron(let expression, _, _, let staggerMs):
            let stagger = Self.stagger(
                id, withinMs: staggerMs ?? (expression.isRecurringTopOfHour ? Self.defaultStaggerMs : 0))
            let seconds = CivilTime.floorDivide(ms - stagger, 1000).quotient
            return expression.next(after: seconds, in: zone).map { $0 * 1000 + stagger }
        }
    }

    /// A time that depends on nothing but the id (FNV-1a), from 0 up to but not including `withinMs`.
    static func stagger(_ id: String, withinMs: Int64) -> Int64 {
        guard withinMs > 1 else { return 0 }
        let hash = id.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        // The high bits of so short an input hardly differ.
        return Int64((hash ^ hash >> 32) % UInt64(withinMs))
    }
}
