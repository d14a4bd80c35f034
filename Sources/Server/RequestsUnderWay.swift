internal import Gateway

/// What one connection has asked for and the core has not answered yet, such as what waits for the store. While it is
/// full, nothing more is read from the connection: its further requests wait in the peer's memory, not in ours.
struct RequestsUnderWay {
    /// Besides those that wait for the end of a run, which have a limit of their own.
    static let maxRequests = 256
    /// Of requests, together; a larger one is taken alone.
    static let maxBytes = 4 << 20

    /// Sizes by id. Ids should be unique; whoever repeats one has its requests counted all the same.
    private var sizes: [[UInt8]: [Int]] = [:]
    private(set) var count = 0
    private(set) var bytes = 0

    var isFull: Bool {
        count >= Self.maxRequests + ClientConnection.maxWaits || bytes >= Self.maxBytes
    }

    /// - Parameter bytes: what the request keeps in memory until it is answered.
    mutating func begin(_ id: [UInt8], bytes size: Int) {
        sizes[id, default: []].append(size)
        count += 1
        bytes += size
    }

    /// A response goes out. One to a request that was not counted changes nothing.
    mutating func end(_ id: [UInt8]) {
        guard var waiting = sizes.removeValue(forKey: id), let size = waiting.popLast() else { return }
        if !waiting.isEmpty { sizes[id] = waiting }
        count -= 1
        bytes -= size
    }
}
