internal import EventLoop
internal import Glibc

/// Waiting for one descriptor on the calling thread.
internal struct PollInterest: OptionSet {
    internal let rawValue: Int16

    internal init(rawValue: Int16) {
        self.rawValue = rawValue
    }

    internal static let read = PollInterest(rawValue: Int16(POLLIN))
    internal static let write = PollInterest(rawValue: Int16(POLLOUT))
}

internal enum Polling {
    /// - Returns: `false` at the deadline. Errors and hang-ups count as ready: the next read or write tells.
    internal static func wait(_ descriptor: Int32, for interest: PollInterest, until deadline: MonotonicInstant) -> Bool
    {
        var entry = pollfd(fd: descriptor, events: interest.rawValue, revents: 0)
        while true {
            let remaining = (deadline - MonotonicInstant.now()).saturatingNanoseconds
            // Rounded up, or the last millisecond would be spent spinning.
            let milliseconds = remaining <= 0 ? 0 : Int32(clamping: (remaining - 1) / 1_000_000 + 1)
            let ready = unsafe poll(&entry, 1, milliseconds)
            if ready > 0 { return true }
            if ready == 0, remaining <= 0 || MonotonicInstant.now() >= deadline { return false }
            // Otherwise a signal, or a deadline further away than poll can count.
        }
    }
}
