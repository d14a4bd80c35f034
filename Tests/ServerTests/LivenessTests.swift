import EventLoop
import Testing

@testable import Server

struct LivenessTests {
    private static func at(_ seconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: seconds * 1_000_000_000)
    }

    @Test func aSilentPeerIsPingedAndGivenUp() {
        var liveness = Liveness()
        #expect(liveness.check(now: Self.at(1000), hasUnsent: false) == .fine)
        liveness.startPings(now: Self.at(0))
        #expect(liveness.check(now: Self.at(24), hasUnsent: false) == .fine)
        #expect(liveness.check(now: Self.at(25), hasUnsent: false) == .sendPing)
        #expect(liveness.check(now: Self.at(49), hasUnsent: false) == .fine)
        #expect(liveness.check(now: Self.at(50), hasUnsent: false) == .noPong)
    }

    @Test func aPongGivesAnotherRound() {
        var liveness = Liveness()
        liveness.startPings(now: Self.at(0))
        for round in 1...4 {
            #expect(liveness.check(now: Self.at(Int64(25 * round)), hasUnsent: false) == .sendPing)
            liveness.heardPong()
        }
    }

    @Test func whoReadsSlowlyButReadsIsAlive() {
        var liveness = Liveness()
        liveness.startPings(now: Self.at(0))
        #expect(liveness.check(now: Self.at(25), hasUnsent: true) == .sendPing)
        for second in stride(from: 30, through: 200, by: 10) {
            liveness.sent(1000)
            let verdict = liveness.check(now: Self.at(Int64(second)), hasUnsent: true)
            #expect(verdict == .fine || verdict == .sendPing, "at \(second)")
        }
        // And then it takes nothing for a whole round.
        #expect(liveness.check(now: Self.at(224), hasUnsent: true) == .fine)
        #expect(liveness.check(now: Self.at(225), hasUnsent: true) == .noPong)
    }

    @Test func whoTakesNothingForAMinuteIsStalledWithoutPingsToo() {
        var liveness = Liveness()
        #expect(liveness.check(now: Self.at(0), hasUnsent: true) == .fine)
        #expect(liveness.check(now: Self.at(59), hasUnsent: true) == .fine)
        liveness.sent(1)
        #expect(liveness.check(now: Self.at(60), hasUnsent: true) == .fine)
        #expect(liveness.check(now: Self.at(61), hasUnsent: false) == .fine)
        #expect(liveness.check(now: Self.at(62), hasUnsent: true) == .fine)
        #expect(liveness.check(now: Self.at(121), hasUnsent: true) == .fine)
        #expect(liveness.check(now: Self.at(122), hasUnsent: true) == .stalled)
    }
}
