internal import Glibc

enum Pause {
    /// Waits; `interrupt` ends the wait early by being readable.
    static func sleep(_ duration: Duration, interrupt: Int32?) {
        let (seconds, attoseconds) = duration.components
        var polled = pollfd(fd: interrupt ?? -1, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&polled, 1, Int32(clamping: max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)))
    }
}
