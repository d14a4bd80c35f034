/// Collects the body of a request (RFC 9112 §6 and §7.1), up to a limit.
package struct BodyReader: Sendable {
    private enum State: Equatable {
        case length(Int)
        case chunkSize
        case chunk(Int)
        /// The line end behind a chunk's data.
        case chunkEnd
        case trailers
        case done
    }

    /// Of a chunk's first line, and of one trailer field.
    private static let maxLineBytes = 256
    private static let maxTrailers = 32

    private let limit: Int
    private var state: State
    private var line: [UInt8] = []
    private var trailers = 0
    /// What has come so far.
    package private(set) var bytes: [UInt8] = []

    /// - Throws: ``HTTPError/bodyTooLarge(limit:)`` when the length says so already.
    package init(_ body: RequestHead.Body, limit: Int) throws(HTTPError) {
        self.limit = limit
        switch body {
        case .length(let count):
            guard count <= limit else { throw .bodyTooLarge(limit: limit) }
            state = count == 0 ? .done : .length(count)
        case .chunked: state = .chunkSize
        }
    }

    package var isComplete: Bool { state == .done }

    /// Takes what belongs to the body from the front of `input`.
    /// - Returns: how many bytes that was; behind them stands the next request.
    package mutating func take(_ input: Span<UInt8>) throws(HTTPError) -> Int {
        var offset = 0
        while offset < input.count {
            switch state {
            case .done: return offset
            case .length(let missing):
                let count = min(missing, input.count - offset)
                append(input.extracting(offset..<offset + count))
                offset += count
                state = missing == count ? .done : .length(missing - count)
            case .chunk(let missing):
                let count = min(missing, input.count - offset)
                append(input.extracting(offset..<offset + count))
                offset += count
                state = missing == count ? .chunkEnd : .chunk(missing - count)
            case .chunkSize, .chunkEnd, .trailers:
                guard try takeLine(input, &offset) else { return offset }
                try endLine()
            }
        }
        return offset
    }

    private mutating func append(_ part: Span<UInt8>) {
        unsafe part.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// - Returns: whether the line is whole; without its end it is in `line`.
    private mutating func takeLine(_ input: Span<UInt8>, _ offset: inout Int) throws(HTTPError) -> Bool {
        while offset < input.count {
            let byte = input[offset]
            offset += 1
            if byte == 0x0A {
                guard line.last == 0x0D else { throw .bareLineFeed }
                line.removeLast()
                return true
            }
            if line.last == 0x0D { throw .bareCarriageReturn }
            guard line.count < Self.maxLineBytes else { throw .malformedChunk }
            line.append(byte)
        }
        return false
    }

    private mutating func endLine() throws(HTTPError) {
        defer { line.removeAll(keepingCapacity: true) }
        switch state {
        case .chunkSize:
            let size = try chunkSize()
            guard size <= limit - bytes.count else { throw .bodyTooLarge(limit: limit) }
            state = size == 0 ? .trailers : .chunk(size)
        case .chunkEnd:
            guard line.isEmpty else { throw .malformedChunk }
            state = .chunkSize
        case .trailers:
            if line.isEmpty {
                state = .done
                return
            }
            // They say nothing that is used here.
            trailers += 1
            guard trailers <= Self.maxTrailers else { throw .malformedChunk }
        case .length, .chunk, .done: break
        }
    }

    /// Hexadecimal digits, perhaps with extensions behind them, which nobody has to understand.
    private func chunkSize() throws(HTTPError) -> Int {
        var size = 0
        var digits = 0
        for (index, byte) in line.enumerated() {
            let digit: Int
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = Int(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = Int(byte - UInt8(ascii: "a")) + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = Int(byte - UInt8(ascii: "A")) + 10
            case UInt8(ascii: ";"), UInt8(ascii: " "), UInt8(ascii: "\t"):
                // Space may stand before an extension, and nothing else may (RFC 9112 §7.1.1).
                let rest = line[index...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                guard digits > 0, rest.isEmpty || rest.first == UInt8(ascii: ";") else { throw .malformedChunk }
                return size
            default: throw .malformedChunk
            }
            digits += 1
            guard digits <= 8 else { throw .malformedChunk }
            size = size * 16 + digit
        }
        guard digits > 0 else { throw .malformedChunk }
        return size
    }
}
