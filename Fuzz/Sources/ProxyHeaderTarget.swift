internal import HTTP

/// A PROXY header is the same however it arrives, and what follows it changes nothing.
enum ProxyHeaderTarget {
    private enum Outcome: Equatable {
        case incomplete
        case header(ProxyHeader)
        case refused
    }

    static func check(_ input: [UInt8]) {
        let whole = parse(input)
        var decided: Outcome?
        for count in 0...min(input.count, ProxyHeader.maxV2Bytes) {
            let outcome = parse(Array(input[..<count]))
            if let decided {
                require(outcome == decided, "at \(count): \(outcome), before: \(decided)")
            } else if outcome != .incomplete {
                decided = outcome
                if case .header(let header) = outcome {
                    require(header.length == count, "\(header.length) bytes, complete with \(count)")
                }
            }
        }
        if let decided { require(whole == decided, "whole: \(whole), in pieces: \(decided)") }
        if input.count >= ProxyHeader.maxV2Bytes { require(whole != .incomplete, "more than every header needs") }
        guard case .header(let header) = whole else { return }
        let limit = header.version == .v1 ? ProxyHeader.maxV1Bytes : ProxyHeader.maxV2Bytes
        require(header.length <= limit, "a header of \(header.length) bytes")
        require(parse(Array(input[..<header.length]) + [0x16, 0x03, 0x01]) == whole, "what follows changes the header")
        if case .internet(let source, let destination) = header.connection, header.version == .v1 {
            let family = source.address.description.contains(":") ? "TCP6" : "TCP4"
            guard (destination.address.description.contains(":") ? "TCP6" : "TCP4") == family else { return }
            let line = "PROXY \(family) \(source.address) \(destination.address) \(source.port) \(destination.port)\r\n"
            guard case .header(let again) = parse(Array(line.utf8)) else { found("\(line) is not read") }
            require(again.connection == header.connection, "\(line) is not read as it is written")
        }
    }

    private static func parse(_ bytes: [UInt8]) -> Outcome {
        do throws(ProxyHeaderError) {
            return try ProxyHeader.parse(bytes.span).map(Outcome.header) ?? .incomplete
        } catch {
            return .refused
        }
    }
}
