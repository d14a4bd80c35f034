internal import EventLoop
internal import Glibc

/// Wall-clock milliseconds that never jump: read once at start, then carried on by the monotonic clock, so that a
/// corrected system clock neither ends runs early nor keeps them.
package struct GatewayClock: Sendable {
    private let startWallMs: Int64
    private let start: MonotonicInstant

    package init() {
        startWallMs = Self.systemMs()
        start = .now()
    }

    package var nowMs: Int64 {
        startWallMs + (MonotonicInstant.now() - start).saturatingMilliseconds
    }

    /// The system's clock, for signatures that were made on other machines.
    package static func systemMs() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
