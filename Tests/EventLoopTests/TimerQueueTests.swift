import Testing

@testable import EventLoop

@Suite("Timer queue")
struct TimerQueueTests {
    private func instant(_ value: Int64) -> MonotonicInstant { MonotonicInstant(nanoseconds: value) }

    @Test("timers come out by deadline, equal ones in the order of arming")
    func order() {
        var queue = TimerQueue<String>()
        _ = queue.insert(at: instant(30), "c")
        _ = queue.insert(at: instant(10), "a1")
        _ = queue.insert(at: instant(20), "b")
        _ = queue.insert(at: instant(10), "a2")
        var fired: [String] = []
        while let action = queue.popDue(now: instant(25), armedBefore: .max) { fired.append(action) }
        #expect(fired == ["a1", "a2", "b"])
        #expect(queue.earliestDeadline == instant(30))
    }

    @Test("a token is good for one cancellation and never hits the node's next tenant")
    func staleToken() {
        var queue = TimerQueue<String>()
        let first = queue.insert(at: instant(1), "first")
        #expect(queue.remove(first) == "first")
        let second = queue.insert(at: instant(1), "second")
        #expect(second.node == first.node)
        #expect(queue.remove(first) == nil)
        #expect(queue.count == 1)
    }

    @Test("timers armed after the mark wait for the next turn")
    func mark() {
        var queue = TimerQueue<String>()
        _ = queue.insert(at: instant(1), "old")
        let mark = queue.sequenceMark
        _ = queue.insert(at: instant(0), "new")
        #expect(queue.popDue(now: instant(5), armedBefore: mark) == nil)
        #expect(queue.popDue(now: instant(5), armedBefore: queue.sequenceMark) == "new")
        #expect(queue.popDue(now: instant(5), armedBefore: queue.sequenceMark) == "old")
    }

    @Test("re-arming 10,000 timers over and over needs no more than 10,000 nodes")
    func rearming() {
        var queue = TimerQueue<Int>()
        var tokens = (0..<10_000).map { queue.insert(at: instant(Int64($0)), $0) }
        var allFound = true
        for round in 1...3 {
            for index in tokens.indices {
                allFound = allFound && queue.remove(tokens[index]) == index
                tokens[index] = queue.insert(at: instant(Int64(round * 10_000 - index)), index)
            }
        }
        #expect(allFound)
        #expect(queue.count == 10_000)
        #expect(tokens.allSatisfy { $0.node < 10_000 })
    }

    @Test("any mix of arming, cancelling and firing agrees with a sorted list")
    func model() {
        var generator = SplitMix(state: 42)
        var queue = TimerQueue<Int>()
        var model: [(deadline: Int64, id: Int, token: TimerToken)] = []
        for id in 0..<3_000 {
            switch generator.next() % 4 {
            case 0 where !model.isEmpty:
                let victim = model.remove(at: Int(generator.next() % UInt64(model.count)))
                #expect(queue.remove(victim.token) == victim.id)
            case 1 where !model.isEmpty:
                let first = model.indices.min {
                    (model[$0].deadline, model[$0].id) < (model[$1].deadline, model[$1].id)
                }
                guard let first else { break }
                let expected = model.remove(at: first)
                #expect(queue.earliestDeadline == instant(expected.deadline))
                #expect(queue.popDue(now: .distantFuture, armedBefore: .max) == expected.id)
            default:
                let deadline = Int64(generator.next() % 200)
                model.append((deadline, id, queue.insert(at: instant(deadline), id)))
            }
            #expect(queue.count == model.count)
        }
    }
}

/// A reproducible generator.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
