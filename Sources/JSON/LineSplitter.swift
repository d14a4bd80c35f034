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

    /// The line under way is too long already, whether it ends or not.
    package var isTooLong: Bool { isSkipping }

    package init(maxBytes: Int = 8 << 20) {
        self.maxBytes = maxBytes
    }

    /// - Returns: the lines that are whole now, without their ends; empty ones are left out.
    package mutating func append(_ bytes: some Sequence<UInt8>) -> [Line] {
        var lines: [Line] = []
        var remaining = Array(bytes)[...]
        while let end = remaining.firstIndex(of: UInt8(ascii: "\n")) {
            take(remaining[..<end])
            remaining = remaining[(end + 1)...]
            if isSkipping {
                lines.append(.tooLong)
                isSkipping = false
            } else {
                if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
                if !rest.isEmpty { lines.append(.whole(rest)) }
            }
            rest.removeAll(keepingCapacity: rest.capacity <= 64 * 1024)
        }
        take(remaining)
        return lines
    }

    /// A piece of one line.
    private mutating func take(_ piece: ArraySlice<UInt8>) {
        guard !isSkipping else { return }
        if rest.count + piece.count > maxBytes {
            isSkipping = true
            rest = []
        } else {
            rest.append(contentsOf: piece)
        }
    }
}
