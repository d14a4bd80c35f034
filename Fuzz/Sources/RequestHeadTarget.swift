internal import HTTP

/// A request head is read, or refused, alike however it arrives. The first byte says how large the pieces are.
enum RequestHeadTarget {
    private static let limits = HeadLimits(maxHeadBytes: 1_024, maxFields: 12, maxTargetBytes: 256)

    private enum Outcome: Equatable {
        case incomplete
        case head(RequestHead, consumed: Int)
        /// Which rule is named first may depend on what has arrived.
        case refused
    }

    static func check(_ input: [UInt8]) {
        guard let rule = input.first else { return }
        let stream = Array(input.dropFirst())
        let whole = parse(stream, pieceEnds: [stream.count])
        for rule in [rule, 0] {
            let split = parse(stream, pieceEnds: pieceEnds(stream.count, rule: rule))
            require(whole == split, "whole: \(whole), in pieces by \(rule): \(split)")
        }
        guard case .head(let head, let consumed) = whole else { return }
        require(consumed <= min(stream.count, limits.maxHeadBytes), "a head of \(consumed) bytes")
        require(head.fields.count <= limits.maxFields, "\(head.fields.count) fields")
        require(
            head.requestTarget.utf8.count <= limits.maxTargetBytes, "a target of \(head.requestTarget.utf8.count) bytes"
        )
        let alone = parse(Array(stream[..<consumed]), pieceEnds: [consumed])
        require(alone == whole, "another head without what follows it: \(alone)")
        if let key = try? Upgrade.validate(head) {
            require(head.body == .length(0) && head.method == "GET", "an upgrade with a body")
            require(key.utf8.count == 24, "a key of \(key.utf8.count) bytes")
        }
        _ = head.keepsAlive
    }

    private static func parse(_ stream: [UInt8], pieceEnds: [Int]) -> Outcome {
        var parser = RequestHeadParser(limits: limits)
        for end in pieceEnds {
            do throws(HTTPError) {
                if let (head, consumed) = try parser.parse(stream.span.extracting(0..<end)) {
                    return .head(head, consumed: consumed)
                }
            } catch {
                return .refused
            }
        }
        return .incomplete
    }
}
