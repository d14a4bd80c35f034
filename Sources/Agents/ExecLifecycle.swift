/// When to signal, sweep and finish one command. Does nothing itself: facts and the time go in, actions come out.
struct ExecLifecycle: Equatable, Sendable {
    typealias Instant = ContinuousClock.Instant

    struct Facts: Equatable, Sendable {
        /// The command itself has exited; whatever it started may still run.
        var hasExited = false
        /// Both output pipes are at their end, so nobody holds them any more.
        var outputsEnded = false
        /// All that the pipes held when the last writer was killed has been read.
        var outputsDrained = false
    }

    enum Action: Equatable, Sendable {
        case terminateGroup
        case killGroup
        /// Kill adopted children, then tell ``swept(remaining:now:)``.
        case sweep
        case finish
    }

    private enum State: Equatable {
        case running
        case terminating(killAt: Instant)
        case killed
        /// Exited, but a background process may still hold the pipes.
        case draining(until: Instant)
        case sweeping(nextAt: Instant, until: Instant)
        /// Nothing of the command lives; the rest of its output is being read.
        case flushing
        case ended
    }

    /// How long pipes may stay open after the command's exit.
    static let drainTime: Duration = .milliseconds(200)
    static let sweepTime: Duration = .seconds(2)
    static let sweepInterval: Duration = .milliseconds(5)

    private var state = State.running
    /// Set while a cancel has not been answered with ``Action/terminateGroup``.
    private var owesTermination = false

    var hasEnded: Bool { state == .ended }
    var isFlushing: Bool { state == .flushing }

    /// When to ask again though nothing happened.
    var deadline: Instant? {
        switch state {
        case .running, .killed, .flushing, .ended: nil
        case .terminating(let killAt): killAt
        case .draining(let until): until
        case .sweeping(let nextAt, _): nextAt
        }
    }

    /// SIGTERM now, SIGKILL after `grace`. Asking again can only shorten the grace.
    mutating func cancel(grace: Duration, now: Instant) {
        switch state {
        case .running:
            state = .terminating(killAt: now + grace)
            owesTermination = true
        case .terminating(let killAt):
            state = .terminating(killAt: min(killAt, now + grace))
        case .draining(let until):
            state = .draining(until: min(until, now))
        case .killed, .sweeping, .flushing, .ended:
            break
        }
    }

    /// The next thing to do, until `nil`.
    mutating func next(_ facts: Facts, now: Instant) -> Action? {
        if owesTermination {
            owesTermination = false
            return .terminateGroup
        }
        switch state {
        case .running where facts.hasExited, .terminating where facts.hasExited, .killed where facts.hasExited:
            state = .draining(until: now + Self.drainTime)
            return next(facts, now: now)
        case .terminating(let killAt) where now >= killAt:
            state = .killed
            return .killGroup
        case .draining(let until) where facts.outputsEnded || now >= until:
            state = .sweeping(nextAt: now, until: now + Self.sweepTime)
            return .killGroup
        case .sweeping(let nextAt, _) where now >= nextAt:
            return .sweep
        case .flushing where facts.outputsDrained:
            state = .ended
            return .finish
        case .running, .terminating, .killed, .draining, .sweeping, .flushing, .ended:
            return nil
        }
    }

    mutating func swept(remaining: Int, now: Instant) {
        guard case .sweeping(_, let until) = state else { return }
        state = remaining == 0 || now >= until ? .flushing : .sweeping(nextAt: now + Self.sweepInterval, until: until)
    }
}
