/// Cuts a stream of bytes into lines, for protocols of one JSON document on each line.
package struct LineSplitter: Sendable {
    /// Longer ones are thrown away, and said to be too long.
    package let maxBytes: Int
    private var rest: [UInt8] = []
    private var isSkipping = false

    package enum Line: Equatable, Sendable {
        case whole([UInt8])
        case tooLong
    }

    package init(maxBytes: Int = 8 << 20) {
        self.maxBytes = maxBytes
    }

    /// - Returns: the lines that are whole now, without their ends; empty ones are left out.
    package mutating func append(_ bytes: some Sequence<UInt8>) -> [Line] {
        var lines: [Line] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if isSkipping {
                    lines.append(.tooLong)
                    isSkipping = false
                } else {
                    if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
                    if !rest.isEmpty { lines.append(.whole(rest)) }
                }
                rest.removeAll(keepingCapacity: rest.capacity <= 64 * 1024)
            } else if !isSkipping {
                rest.append(byte)
                if rest.count > maxBytes {
                    isSkipping = true
                    rest = []
                }
            }
        }
        return lines
    }
}
