/// Timers by deadline: a 4-ary heap whose entries know their node and whose nodes know their place in the heap, so that
/// arming, cancelling and firing are O(log n) and a cancelled timer is gone at once.
///
/// Timers with equal deadlines fire in the order in which they were armed.
internal struct TimerQueue<Action> {
    private struct Entry {
        var deadline: MonotonicInstant
        var sequence: UInt64
        var node: UInt32

        func precedes(_ other: Entry) -> Bool {
            deadline == other.deadline ? sequence < other.sequence : deadline < other.deadline
        }
    }

    private struct Node {
        var action: Action?
        var generation: UInt32
        var place: Int
    }

    private static var arity: Int { 4 }

    private var heap: [Entry] = []
    private var nodes: [Node] = []
    private var vacant: [UInt32] = []
    private var nextSequence: UInt64 = 0

    internal var count: Int { heap.count }
    internal var earliestDeadline: MonotonicInstant? { heap.first?.deadline }

    /// Timers armed from now on have a sequence not below this; see ``popDue(now:armedBefore:)``.
    internal var sequenceMark: UInt64 { nextSequence }

    internal mutating func insert(at deadline: MonotonicInstant, _ action: Action) -> TimerToken {
        let node: UInt32
        if let reused = vacant.popLast() {
            node = reused
            nodes[Int(node)].action = action
        } else {
            node = UInt32(nodes.count)
            nodes.append(Node(action: action, generation: 0, place: 0))
        }
        let entry = Entry(deadline: deadline, sequence: nextSequence, node: node)
        nextSequence += 1
        heap.append(entry)
        siftUp(from: heap.count - 1)
        return TimerToken(node: node, generation: nodes[Int(node)].generation)
    }

    /// The action comes out, so that the caller decides when what it captured is destroyed.
    internal mutating func remove(_ token: TimerToken) -> Action? {
        let index = Int(token.node)
        guard index < nodes.count, nodes[index].generation == token.generation, nodes[index].action != nil
        else { return nil }
        return removeEntry(at: nodes[index].place)
    }

    /// The next action that is due, among those armed before `mark`: a timer that re-arms itself without delay waits
    /// for the next turn instead of starving the sockets.
    internal mutating func popDue(now: MonotonicInstant, armedBefore mark: UInt64) -> Action? {
        guard let first = heap.first, first.deadline <= now, first.sequence < mark else { return nil }
        return removeEntry(at: 0)
    }

    internal mutating func removeAll() -> [Action] {
        let actions = nodes.compactMap(\.action)
        for index in nodes.indices where nodes[index].action != nil {
            nodes[index].action = nil
            nodes[index].generation &+= 1
            vacant.append(UInt32(index))
        }
        heap = []
        return actions
    }

    private mutating func removeEntry(at place: Int) -> Action? {
        let node = Int(heap[place].node)
        let action = nodes[node].action
        nodes[node].action = nil
        nodes[node].generation &+= 1
        vacant.append(UInt32(node))

        let last = heap.removeLast()
        if place < heap.count {
            put(last, at: place)
            siftDown(from: place)
            siftUp(from: place)
        }
        return action
    }

    private mutating func put(_ entry: Entry, at place: Int) {
        heap[place] = entry
        nodes[Int(entry.node)].place = place
    }

    private mutating func siftUp(from start: Int) {
        var place = start
        let entry = heap[place]
        while place > 0 {
            let parent = (place - 1) / Self.arity
            guard entry.precedes(heap[parent]) else { break }
            put(heap[parent], at: place)
            place = parent
        }
        put(entry, at: place)
    }

    private mutating func siftDown(from start: Int) {
        var place = start
        let entry = heap[place]
        while true {
            let firstChild = place * Self.arity + 1
            guard firstChild < heap.count else { break }
            var least = firstChild
            for child in firstChild..<min(firstChild + Self.arity, heap.count)
            where heap[child].precedes(heap[least]) {
                least = child
            }
            guard heap[least].precedes(entry) else { break }
            put(heap[least], at: place)
            place = least
        }
        put(entry, at: place)
    }
}
