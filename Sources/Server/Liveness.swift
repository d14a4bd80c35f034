internal import EventLoop

/// Whether a peer is still there: it answers pings, and it takes what is sent to it. A value; looked at once a second.
struct Liveness {
    static let pingInterval = Duration.seconds(25)
    static let stallTimeout = Duration.seconds(60)

    enum Verdict: Equatable {
        case fine
        case sendPing
        case noPong
        /// Output waits, and none of it has been taken for a long time.
        case stalled
    }

    private var pingAt: MonotonicInstant?
    private var pongDeadline: MonotonicInstant?
    /// Bytes that the peer's side of the socket has taken in all.
    private var taken: UInt64 = 0
    private var takenAtDeadline: UInt64 = 0
    private var stall: (taken: UInt64, since: MonotonicInstant)?

    /// From now on the peer is pinged.
    mutating func startPings(now: MonotonicInstant) {
        pingAt = now + Self.pingInterval
    }

    mutating func heardPong() {
        pongDeadline = nil
    }

    mutating func sent(_ count: Int) {
        taken &+= UInt64(count)
    }

    /// - Parameter hasUnsent: Output waits for the socket.
    mutating func check(now: MonotonicInstant, hasUnsent: Bool) -> Verdict {
        if let verdict = checkStall(now: now, hasUnsent: hasUnsent) { return verdict }
        guard let pingAt else { return .fine }
        if let pongDeadline, now >= pongDeadline {
            // Our ping may stand behind the output, and its pong behind what we do not read meanwhile.
            guard hasUnsent, taken != takenAtDeadline else { return .noPong }
            self.pongDeadline = now + Self.pingInterval
            takenAtDeadline = taken
        }
        guard now >= pingAt else { return .fine }
        self.pingAt = now + Self.pingInterval
        if pongDeadline == nil {
            pongDeadline = now + Self.pingInterval
            takenAtDeadline = taken
        }
        return .sendPing
    }

    private mutating func checkStall(now: MonotonicInstant, hasUnsent: Bool) -> Verdict? {
        guard hasUnsent else {
            stall = nil
            return nil
        }
        guard let stall, stall.taken == taken else {
            self.stall = (taken, now)
            return nil
        }
        return now - stall.since >= Self.stallTimeout ? .stalled : nil
    }
}
