internal import EventLoop

/// The end of one wait, with what a timeout error says about it.
internal struct Deadline {
    internal let instant: MonotonicInstant
    private let allowance: Duration

    internal init(after allowance: Duration) {
        instant = MonotonicInstant.now() + allowance
        self.allowance = allowance
    }

    internal var isPast: Bool { MonotonicInstant.now() >= instant }

    internal func timeout(waitingFor subject: String) -> ClientError {
        .timeout(waitingFor: subject, milliseconds: allowance.saturatingMilliseconds)
    }
}
