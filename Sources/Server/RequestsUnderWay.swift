internal import EventLoop
internal import Gateway

/// What one connection has asked for and the core has not answered yet, such as what waits for the store. While it is
/// full, nothing more is read from the connection: its further requests wait in the peer's memory, not in ours.
struct RequestsUnderWay {
    /// Besides those that wait for the end of a run, which have a limit of their own.
    static let maxRequests = 256
    /// Of requests, together; a larger one is taken alone.
    static let maxBytes = 4 << 20

    /// What was asked, and when.
    struct Stamp: Equatable {
        let method: Int
        let since: MonotonicInstant
    }

    private struct Group {
        var count = 0
        var bytes = 0
        var stamp: Stamp?
    }

    /// The last one. Most are answered before the next begins, and never get among the others.
    private var last: (id: [UInt8], bytes: Int, stamp: Stamp?)?
    /// By id. Ids should be unique; whoever repeats one has its requests counted all the same.
    private var others: [[UInt8]: Group] = [:]
    private(set) var count = 0
    private(set) var bytes = 0

    var isFull: Bool {
        count >= Self.maxRequests + ClientConnection.maxWaits || bytes >= Self.maxBytes
    }

    /// - Parameter bytes: what the request keeps in memory until it is answered.
    mutating func begin(_ id: [UInt8], bytes size: Int, _ stamp: Stamp? = nil) {
        if let last {
            others[last.id, default: Group(stamp: last.stamp)].count += 1
            others[last.id]?.bytes += last.bytes
        }
        last = (id, size, stamp)
        count += 1
        bytes += size
    }

    /// A response goes out. One to a request that was not counted changes nothing.
    /// - Returns: what was asked by it.
    @discardableResult
    mutating func end(_ id: [UInt8]) -> Stamp? {
        if let last, last.id == id {
            self.last = nil
            count -= 1
            bytes -= last.bytes
            return last.stamp
        }
        guard let group = others[id] else { return nil }
        let size = group.bytes / group.count
        others[id] =
            group.count == 1
            ? nil : Group(count: group.count - 1, bytes: group.bytes - size, stamp: group.stamp)
        count -= 1
        bytes -= size
        return group.stamp
    }
}
