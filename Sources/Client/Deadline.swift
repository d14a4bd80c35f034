internal import EventLoop

/// The end of one wait, with what a timeout error says about it.
internal struct Deadline {
    internal let instant: MonotonicInstant
    private let allowance: Duration
    /// A descriptor that becomes readable when the wait has lost its purpose.
    internal let interrupt: Int32?

    internal init(after allowance: Duration, interrupt: Int32? = nil) {
        instant = MonotonicInstant.now() + allowance
        self.allowance = allowance
        self.interrupt = interrupt
    }

    internal var isPast: Bool { MonotonicInstant.now() >= instant }

    internal func timeout(waitingFor subject: String) -> ClientError {
        .timeout(waitingFor: subject, milliseconds: allowance.saturatingMilliseconds)
    }

    /// - Parameter other: an earlier end.
    /// - Returns: `false` at the end. Errors and hang-ups count as ready: the next read or write tells.
    internal func wait(
        _ descriptor: Int32, for interest: PollInterest, until other: MonotonicInstant = .distantFuture
    ) throws(ClientError) -> Bool {
        switch Polling.wait(descriptor, for: interest, until: min(instant, other), interrupt: interrupt) {
        case .ready: return true
        case .timedOut: return false
        case .interrupted: throw .interrupted
        }
    }

    internal func checkInterrupt() throws(ClientError) {
        guard let interrupt else { return }
        if Polling.wait(interrupt, for: .read, until: .now()) { throw .interrupted }
    }
}
