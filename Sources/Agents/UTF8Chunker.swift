/// Turns a stream of bytes that should be UTF-8 into pieces that are.
///
/// A scalar cut by the end of a piece is carried over to the next one, at most 3 bytes. What cannot be UTF-8 becomes
/// U+FFFD, one for each maximal subpart (Unicode §3.9), as `String(decoding:as:)` does.
package struct UTF8Chunker: Equatable, Sendable {
    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]
    private var tail: [UInt8] = []

    package init() {}

    /// - Returns: Valid UTF-8, at most three times as long as the input and the carried tail. May be empty.
    package mutating func consume(_ bytes: [UInt8]) -> [UInt8] {
        let input = tail.isEmpty ? bytes : tail + bytes
        tail = []
        var output: [UInt8] = []
        var start = 0
        while start < input.count {
            let rest = input.span.extracting(start...)
            do throws(UTF8.ValidationError) {
                _ = try UTF8Span(validating: rest)
                if output.isEmpty && start == 0 { return input }
                output.append(contentsOf: input[start...])
                break
            } catch {
                let valid = start..<(start + error.byteOffsets.lowerBound)
                let invalid = valid.upperBound..<(start + error.byteOffsets.upperBound)
                output.append(contentsOf: input[valid])
                if error.kind == .truncatedScalar && invalid.upperBound == input.count {
                    tail = Array(input[invalid])
                    break
                }
                output.append(contentsOf: Self.replacement)
                start = invalid.upperBound
            }
        }
        return output
    }

    /// The end of the stream: a scalar that is still incomplete is invalid.
    package mutating func finish() -> [UInt8] {
        defer { tail = [] }
        return tail.isEmpty ? [] : Self.replacement
    }

    /// Cuts valid UTF-8 into pieces of at most `maxBytes`, each valid.
    ///
    /// - Precondition: `maxBytes` ≥ 4, the longest scalar.
    package static func split(_ bytes: [UInt8], maxBytes: Int) -> [[UInt8]] {
        precondition(maxBytes >= 4, "a piece must hold the longest scalar")
        if bytes.count <= maxBytes { return bytes.isEmpty ? [] : [bytes] }
        var pieces: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            var end = min(start + maxBytes, bytes.count)
            while end < bytes.count && UTF8.isContinuation(bytes[end]) { end -= 1 }
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        return pieces
    }
}
