internal import EventLoop

/// Decides when to ping the gateway and when to give up on it (RFC 6455 §5.5.2). Whatever arrives counts as life: a
/// pong may stand in line behind a large message.
internal struct KeepAlive: Equatable, Sendable {
    private enum State: Equatable {
        case idle(pingAt: MonotonicInstant)
        case awaitingLife(giveUpAt: MonotonicInstant)
        case dead
    }

    internal enum Action: Equatable, Sendable { case ping, giveUp }

    private var state: State
    internal let interval: Duration
    internal let timeout: Duration

    internal init(interval: Duration = .seconds(25), timeout: Duration = .seconds(25), now: MonotonicInstant) {
        self.interval = interval
        self.timeout = timeout
        state = .idle(pingAt: now + interval)
    }

    /// When to call ``timerFired(now:)`` next.
    internal var deadline: MonotonicInstant {
        switch state {
        case .idle(let pingAt): pingAt
        case .awaitingLife(let giveUpAt): giveUpAt
        case .dead: .distantFuture
        }
    }

    internal mutating func received(now: MonotonicInstant) {
        guard state != .dead else { return }
        state = .idle(pingAt: now + interval)
    }

    internal mutating func timerFired(now: MonotonicInstant) -> Action? {
        guard now >= deadline else { return nil }
        switch state {
        case .idle:
            state = .awaitingLife(giveUpAt: now + timeout)
            return .ping
        case .awaitingLife:
            state = .dead
            return .giveUp
        case .dead:
            return nil
        }
    }
}
