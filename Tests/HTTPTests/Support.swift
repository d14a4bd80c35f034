import HTTP

/// A request whose lines are given without their ends.
func head(_ lines: String...) -> [UInt8] {
    Array((lines + ["", ""]).joined(separator: "\r\n").utf8)
}

/// What a parser makes of pieces that arrive one after the other.
func parse(
    _ bytes: [UInt8], cuts: [Int] = [], limits: HeadLimits = HeadLimits()
) throws(HTTPError) -> (head: RequestHead, consumed: Int)? {
    var parser = RequestHeadParser(limits: limits)
    for cut in cuts {
        if let parsed = try parser.parse(bytes.span.extracting(first: cut)) {
            return parsed
        }
    }
    return try parser.parse(bytes.span)
}

func error(of bytes: [UInt8], cuts: [Int] = [], limits: HeadLimits = HeadLimits()) -> HTTPError? {
    do throws(HTTPError) {
        _ = try parse(bytes, cuts: cuts, limits: limits)
        return nil
    } catch {
        return error
    }
}

/// A head for tests of what is done with heads.
func request(_ lines: String..., target: String = "/", method: String = "GET") throws -> RequestHead {
    let text = (["\(method) \(target) HTTP/1.1", "Host: gateway"] + lines + ["", ""]).joined(separator: "\r\n")
    guard let parsed = try parse(Array(text.utf8)) else { throw Incomplete() }
    return parsed.head
}

struct Incomplete: Error {}
