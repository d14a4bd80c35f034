/// What was done to one device since the last state of it that the disk has, in order.
///
/// A change whose commit fails is left out, and those after it are applied anew: they keep what is theirs, and nothing of
/// what has failed.
struct DeviceJournal: Sendable {
    private struct Entry {
        let change: DeviceChange
        /// Nil: it holds whether the disk takes it or not.
        let by: ChangeID?
        var isSettled: Bool
    }

    private var base: PairedDevice?
    private var entries: [Entry] = []

    init(base: PairedDevice?) {
        self.base = base
    }

    var isEmpty: Bool { entries.isEmpty }
    var device: PairedDevice? { entries.reduce(base) { $1.change.applied(to: $0) } }

    mutating func append(_ change: DeviceChange, by id: ChangeID?) {
        entries.append(Entry(change: change, by: id, isSettled: id == nil))
    }

    mutating func keep(_ id: ChangeID) {
        for index in entries.indices where entries[index].by == id { entries[index].isSettled = true }
        settle()
    }

    mutating func drop(_ id: ChangeID) {
        entries.removeAll { $0.by == id }
        settle()
    }

    private mutating func settle() {
        let settled = entries.prefix(while: \.isSettled)
        base = settled.reduce(base) { $1.change.applied(to: $0) }
        entries.removeFirst(settled.count)
    }
}
