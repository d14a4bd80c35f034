import EventLoop
import Testing

@Suite("Monotonic instants")
struct MonotonicInstantTests {
    @Test("arithmetic with durations is exact")
    func arithmetic() {
        let start = MonotonicInstant(nanoseconds: 1_000)
        #expect((start + .seconds(2)).nanoseconds == 2_000_001_000)
        #expect((start - .microseconds(1)).nanoseconds == 0)
        #expect(start + .milliseconds(5) - start == .milliseconds(5))
        #expect(start < start + .nanoseconds(1))
    }

    @Test("arithmetic saturates instead of overflowing")
    func saturation() {
        let late = MonotonicInstant(nanoseconds: .max - 1)
        let early = MonotonicInstant(nanoseconds: .min + 1)
        #expect(late + .seconds(1) == .distantFuture)
        #expect(late - .seconds(-1) == .distantFuture)
        #expect(early - .seconds(1) == MonotonicInstant(nanoseconds: .min))
        #expect(late - early == .nanoseconds(Int64.max))
        #expect(early - late == .nanoseconds(Int64.min))
        #expect(late + .seconds(Int64.max) == .distantFuture)
        #expect(Duration.seconds(Int64.min).saturatingMilliseconds == .min)
    }

    @Test("the clock does not go backwards")
    func clock() {
        let first = MonotonicInstant.now()
        #expect(first <= MonotonicInstant.now())
        #expect(first.nanoseconds > 0)
    }
}
