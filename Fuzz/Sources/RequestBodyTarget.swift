internal import HTTP

/// A body is read, or refused, alike however it arrives. The first byte says how large the pieces are; the second, how
/// the body is framed.
enum RequestBodyTarget {
    private static let limit = 200

    private enum Outcome: Equatable {
        case incomplete
        case whole([UInt8], consumed: Int)
        /// Which rule is named first may depend on what has arrived.
        case refused
    }

    static func check(_ input: [UInt8]) {
        guard input.count >= 2 else { return }
        let framing: RequestHead.Body = input[1] < 0xC0 ? .chunked : .length(Int(input[1] - 0xC0) * 4)
        let stream = Array(input.dropFirst(2))
        let whole = read(stream, framing, pieceEnds: [stream.count])
        for rule in [input[0], 0] {
            let split = read(stream, framing, pieceEnds: pieceEnds(stream.count, rule: rule))
            require(whole == split, "whole: \(whole), in pieces by \(rule): \(split)")
        }
        guard case .whole(let body, let consumed) = whole else { return }
        require(body.count <= limit, "a body of \(body.count) bytes")
        require(consumed <= stream.count, "\(consumed) bytes of \(stream.count)")
        let alone = read(Array(stream[..<consumed]), framing, pieceEnds: [consumed])
        require(alone == whole, "another body without what follows it: \(alone)")
        if case .length(let count) = framing { require(body == Array(stream[..<count]), "another body than was sent") }
    }

    private static func read(_ stream: [UInt8], _ framing: RequestHead.Body, pieceEnds: [Int]) -> Outcome {
        do throws(HTTPError) {
            var reader = try BodyReader(framing, limit: limit)
            var used = 0
            for end in pieceEnds {
                while used < end, !reader.isComplete { used += try reader.take(stream.span.extracting(used..<end)) }
            }
            return reader.isComplete ? .whole(reader.bytes, consumed: used) : .incomplete
        } catch {
            return .refused
        }
    }
}
