/// A point on `CLOCK_MONOTONIC`: it never jumps with the wall clock, and means nothing after a reboot.
///
/// Arithmetic saturates, so a deadline computed from an absurd configured duration is "never" rather than a trap.
package struct MonotonicInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since an arbitrary origin, on Linux the boot.
    package let nanoseconds: Int64

    package static let distantFuture = MonotonicInstant(nanoseconds: .max)

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    package static func + (instant: MonotonicInstant, duration: Duration) -> MonotonicInstant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.saturatingNanoseconds)
        guard overflow else { return MonotonicInstant(nanoseconds: sum) }
        return MonotonicInstant(nanoseconds: duration < .zero ? .min : .max)
    }

    package static func - (instant: MonotonicInstant, duration: Duration) -> MonotonicInstant {
        let (difference, overflow) = instant.nanoseconds.subtractingReportingOverflow(duration.saturatingNanoseconds)
        guard overflow else { return MonotonicInstant(nanoseconds: difference) }
        return MonotonicInstant(nanoseconds: duration < .zero ? .max : .min)
    }

    package static func - (left: MonotonicInstant, right: MonotonicInstant) -> Duration {
        let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
        guard overflow else { return .nanoseconds(difference) }
        return .nanoseconds(left < right ? Int64.min : Int64.max)
    }

    package static func += (instant: inout MonotonicInstant, duration: Duration) {
        instant = instant + duration
    }
}

extension Duration {
    /// Whole nanoseconds towards zero; about 292 years either way is the most.
    package var saturatingNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, scaleOverflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard scaleOverflow || sumOverflow else { return sum }
        return seconds < 0 ? .min : .max
    }

    /// Whole milliseconds towards zero, saturating.
    package var saturatingMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, scaleOverflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, sumOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        guard scaleOverflow || sumOverflow else { return sum }
        return seconds < 0 ? .min : .max
    }
}
