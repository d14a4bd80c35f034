import JSON
import Testing

@testable import Client

@Suite("Queue of incoming messages")
struct IncomingQueueTests {
    private func event(_ number: Int) -> Incoming { .event(name: "e\(number)", payload: .null, sequence: nil) }
    private func response(_ number: Int) -> Incoming { .response(id: "\(number)", .success(.null)) }

    @Test("messages come out in order")
    func order() {
        var queue = IncomingQueue()
        for number in 0..<5_000 {
            queue.append(event(number), wireBytes: 1)
            if number % 2 == 1 { #expect(queue.popFirst() == event(number / 2)) }
        }
        #expect(queue.droppedCount == 0)
        for number in 2_500..<5_000 { #expect(queue.popFirst() == event(number)) }
        #expect(queue.isEmpty)
        #expect(queue.popFirst() == nil)
    }

    @Test("the oldest event makes room, responses stay as long as there is one")
    func overflow() {
        var queue = IncomingQueue(maxMessages: 3, maxBytes: 1000)
        for message in [response(0), event(1), event(2), event(3), response(4)] { queue.append(message, wireBytes: 1) }
        #expect(queue.droppedCount == 2)
        #expect([queue.popFirst(), queue.popFirst(), queue.popFirst()] == [response(0), event(3), response(4)])
    }

    @Test("bytes are bounded too, but one message always fits")
    func bytes() {
        var queue = IncomingQueue(maxMessages: 100, maxBytes: 10)
        queue.append(event(0), wireBytes: 6)
        queue.append(event(1), wireBytes: 4)
        #expect(queue.droppedCount == 0)
        queue.append(event(2), wireBytes: 1)
        #expect(queue.droppedCount == 1)
        queue.append(event(3), wireBytes: 50)
        #expect(queue.count == 1)
        #expect(queue.popFirst() == event(3))
    }
}
