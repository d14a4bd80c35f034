import Testing

@testable import Trust

@Suite("Who was quiet for longest")
struct RecencyQueueTests {
    @Test("the oldest use comes first; what is used again or removed does not stand in the way")
    func order() {
        var queue = RecencyQueue()
        for name in ["a", "b", "c", "d"] { queue.use(name) }
        queue.use("a")
        queue.remove("c")
        #expect(queue.count == 3)
        #expect([queue.popOldest(), queue.popOldest(), queue.popOldest(), queue.popOldest()] == ["b", "d", "a", nil])
        queue.use("e")
        #expect(queue.popOldest() == "e")
    }

    @Test("gaps do not grow without end")
    func bounded() {
        var queue = RecencyQueue()
        for number in 0..<10_000 { queue.use("\(number % 10)") }
        #expect(queue.count == 10 && queue.placeCount <= 2 * 10 + 16)
        #expect(queue.popOldest() == "0")
    }
}
