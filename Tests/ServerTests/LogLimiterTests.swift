import EventLoop
import Testing

@testable import Server

struct LogLimiterTests {
    private static func at(_ seconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: seconds * 1_000_000_000)
    }

    @Test func theFirstOfAKindIsWrittenAndTheRestCounted() {
        var limiter = LogLimiter()
        #expect(limiter.admits(rule: "a", peer: "p", now: Self.at(0)) == true)
        for second in 0..<5 { #expect(limiter.admits(rule: "a", peer: "p", now: Self.at(Int64(second))) == false) }
        #expect(limiter.admits(rule: "a", peer: "q", now: Self.at(5)) == true)
        #expect(limiter.admits(rule: "b", peer: "p", now: Self.at(5)) == true)
        #expect(limiter.expire(now: Self.at(59)) == [])
        #expect(limiter.expire(now: Self.at(60)) == [.init(kind: .init(rule: "a", peer: "p"), count: 5)])
        // A new window, in which the first is written again.
        #expect(limiter.admits(rule: "a", peer: "p", now: Self.at(61)) == true)
        #expect(limiter.expire(now: Self.at(65)) == [])
        #expect(limiter.admits(rule: "a", peer: "p", now: Self.at(66)) == false)
        #expect(limiter.end() == [.init(kind: .init(rule: "a", peer: "p"), count: 1)])
        #expect(limiter.end() == [])
    }

    @Test func theFirstFewAreWrittenWhereTheyAreWorthIt() {
        var limiter = LogLimiter()
        let written = (0..<10).count { _ in limiter.admits(rule: "a", peer: "p", now: Self.at(0), burst: 3) }
        #expect(written == 3)
        #expect(limiter.end() == [.init(kind: .init(rule: "a", peer: "p"), count: 7)])
    }

    @Test func whatIsWrittenIsBoundedWhoeverAsks() {
        var limiter = LogLimiter()
        func knock(_ peer: Int, at second: Int64) -> Bool {
            limiter.admits(rule: "pairing", peer: "\(peer % 5_000)", now: Self.at(second), burst: 20)
        }
        let written = (0..<200_000).count { knock($0, at: 0) }
        #expect(written <= LogLimiter.maxKinds + 1 + LogLimiter.maxMore)
        // In the next window as many again.
        _ = limiter.expire(now: Self.at(60))
        #expect((0..<200_000).count { knock($0, at: 60) } <= LogLimiter.maxKinds + 1 + LogLimiter.maxMore)
    }

    @Test func whatIsRememberedIsBounded() {
        var limiter = LogLimiter()
        var written = 0
        for peer in 0..<100_000 where limiter.admits(rule: "a", peer: "\(peer)", now: Self.at(0)) { written += 1 }
        #expect(written == LogLimiter.maxKinds + 1)
        #expect(limiter.admits(rule: "b", peer: "x", now: Self.at(1)) == true)
        #expect(limiter.admits(rule: "b", peer: "y", now: Self.at(1)) == false)
        let ended = limiter.expire(now: Self.at(60))
        #expect(
            ended == [
                .init(kind: .init(rule: "a", peer: LogLimiter.others), count: 100_000 - LogLimiter.maxKinds - 1)
            ])
        #expect(limiter.expire(now: Self.at(61)) == [.init(kind: .init(rule: "b", peer: LogLimiter.others), count: 1)])
        #expect(limiter.admits(rule: "a", peer: "1", now: Self.at(61)) == true)
    }
}
