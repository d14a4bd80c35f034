package import JSON

/// The end of the log, as `logs.tail` shows it: so many bytes of whole lines, found by their place since the start.
package struct RecentLog: Sendable {
    package static let defaultCapacity = 256 * 1024

    /// What is asked for.
    package struct Query: Equatable, Sendable {
        /// Where the last answer ended; nil: the latest lines.
        package let cursor: Int64?
        package let limit: Int
        package let maxBytes: Int

        package init(cursor: Int64?, limit: Int = 500, maxBytes: Int = 250_000) {
            self.cursor = cursor
            self.limit = limit
            self.maxBytes = maxBytes
        }
    }

    private var ring: [UInt8]
    /// Bytes that were ever written.
    private var size = 0

    package init(capacity: Int = RecentLog.defaultCapacity) {
        // All of it is there from the start: memory does not grow with what happens.
        ring = [UInt8](repeating: 0x20, count: capacity)
    }

    /// - Parameter line: with its end of line; a line that is longer than all there is room for leaves its end.
    package mutating func append(_ line: String) {
        let bytes = Array(line.utf8)
        var rest = bytes.suffix(ring.count)
        size += bytes.count - rest.count
        while !rest.isEmpty {
            let place = size % ring.count
            let piece = rest.prefix(ring.count - place)
            ring.replaceSubrange(place..<place + piece.count, with: piece)
            rest = rest.dropFirst(piece.count)
            size += piece.count
        }
    }

    package func tail(_ query: Query) -> JSON {
        let oldest = max(0, size - ring.count)
        var start = query.cursor.map { Int(clamping: $0) } ?? max(oldest, size - query.maxBytes)
        var (isReset, isTruncated) = (false, query.cursor == nil && start > 0)
        if start < oldest || start > size {
            // Those lines are gone, or the cursor is of another life of the gateway.
            isReset = true
            start = oldest
        }
        if size - start > query.maxBytes {
            isTruncated = true
            start = size - query.maxBytes
        }
        var bytes = (start..<size).map { ring[$0 % ring.count] }
        // In the midst of a line there is no beginning.
        if start > 0, start == oldest || ring[(start - 1) % ring.count] != UInt8(ascii: "\n") {
            bytes.removeFirst((bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count - 1) + (bytes.isEmpty ? 0 : 1))
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        if lines.count > query.limit {
            isTruncated = true
            lines.removeFirst(lines.count - query.limit)
        }
        var result = JSONObject([
            // There is no file: the service manager has the rest.
            ("file", "stderr"), ("cursor", .integer(Int64(size))), ("size", .integer(Int64(size))),
            ("lines", .array(lines.map { .string($0) })),
        ])
        if isTruncated { result["truncated"] = true }
        if isReset { result["reset"] = true }
        return .object(result)
    }
}
