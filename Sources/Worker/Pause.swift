internal import Glibc

enum Pause {
    /// Waits; a signal that is delivered ends the wait early.
    static func sleep(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        _ = poll(nil, 0, Int32(clamping: max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)))
    }
}
