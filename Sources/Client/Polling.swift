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
    internal enum Outcome { case ready, timedOut, interrupted }

    /// - Returns: `false` at the deadline. Errors and hang-ups count as ready: the next read or write tells.
    internal static func wait(_ descriptor: Int32, for interest: PollInterest, until deadline: MonotonicInstant) -> Bool
    {
        wait(descriptor, for: interest, until: deadline, interrupt: nil) == .ready
    }

    /// - Parameter interrupt: Ends the wait by becoming readable, and comes before readiness.
    internal static func wait(
        _ descriptor: Int32, for interest: PollInterest, until deadline: MonotonicInstant, interrupt: Int32?
    ) -> Outcome {
        // A negative descriptor is passed over.
        var entries = [
            pollfd(fd: descriptor, events: interest.rawValue, revents: 0),
            pollfd(fd: interrupt ?? -1, events: PollInterest.read.rawValue, revents: 0),
        ]
        while true {
            let remaining = (deadline - MonotonicInstant.now()).saturatingNanoseconds
            // Rounded up, or the last millisecond would be spent spinning.
            let milliseconds = remaining <= 0 ? 0 : Int32(clamping: (remaining - 1) / 1_000_000 + 1)
            let ready = unsafe poll(&entries, nfds_t(entries.count), milliseconds)
            if ready > 0 { return entries[1].revents != 0 ? .interrupted : .ready }
            if ready == 0, remaining <= 0 || MonotonicInstant.now() >= deadline { return .timedOut }
            // Otherwise a signal, or a deadline further away than poll can count.
        }
    }
}
