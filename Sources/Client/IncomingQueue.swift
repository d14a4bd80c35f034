/// Messages that nobody has asked for yet, bounded in number and in bytes. When it is full the oldest event goes first:
/// its number in the sequence will be missing, so that the loss shows.
internal struct IncomingQueue {
    private struct Entry {
        let message: Incoming
        let wireBytes: Int
    }

    private let maxMessages: Int
    private let maxBytes: Int
    private var entries: [Entry] = []
    private var head = 0
    private var bytes = 0
    internal private(set) var droppedCount = 0

    internal init(maxMessages: Int = 4096, maxBytes: Int = 64 << 20) {
        self.maxMessages = maxMessages
        self.maxBytes = maxBytes
    }

    internal var isEmpty: Bool { head == entries.count }
    internal var count: Int { entries.count - head }

    internal mutating func append(_ message: Incoming, wireBytes: Int) {
        while count > 0, count >= maxMessages || bytes + wireBytes > maxBytes { dropOne() }
        entries.append(Entry(message: message, wireBytes: wireBytes))
        bytes += wireBytes
    }

    internal mutating func popFirst() -> Incoming? {
        guard head < entries.count else { return nil }
        let entry = entries[head]
        bytes -= entry.wireBytes
        head += 1
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1024 {
            entries.removeFirst(head)
            head = 0
        }
        return entry.message
    }

    private mutating func dropOne() {
        let oldestEvent = entries[head...].firstIndex { if case .event = $0.message { true } else { false } }
        bytes -= entries.remove(at: oldestEvent ?? head).wireBytes
        droppedCount += 1
    }
}
