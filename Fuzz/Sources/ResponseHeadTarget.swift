internal import HTTP

/// The answer to an upgrade is read, or refused, alike however it arrives. The first byte says how large the pieces are.
enum ResponseHeadTarget {
    private static let limits = HeadLimits(maxHeadBytes: 1_024, maxFields: 12, maxTargetBytes: 256)

    private enum Outcome: Equatable {
        case incomplete
        case head(ResponseHead, consumed: Int)
        case refused(HTTPError)
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
        require((100...999).contains(head.status), "status \(head.status)")
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        if (try? UpgradeClient.validate(head, expectedAccept: accept)) != nil {
            require(head.status == 101 && head.first("sec-websocket-accept") == accept, "an upgrade without its proof")
        }
    }

    private static func parse(_ stream: [UInt8], pieceEnds: [Int]) -> Outcome {
        var parser = ResponseHeadParser(limits: limits)
        for end in pieceEnds {
            do throws(HTTPError) {
                if let (head, consumed) = try parser.parse(stream.span.extracting(0..<end)) {
                    return .head(head, consumed: consumed)
                }
            } catch {
                return .refused(error)
            }
        }
        return .incomplete
    }
}
