/// A status line and its fields (RFC 9112 §4).
package struct ResponseHead: HeaderFields, Equatable, Sendable {
    package let status: Int
    package let minorVersion: Int
    /// In the order received; names lower-cased.
    package let fields: [HeaderField]
}

/// Reads the head of the answer to an upgrade, under the same rules as ``RequestHeadParser``.
package struct ResponseHeadParser: Sendable {
    private var scanner: HeadScanner
    private var statusLine: (status: Int, minorVersion: Int)?

    package init(limits: HeadLimits = HeadLimits()) {
        scanner = HeadScanner(limits: limits)
    }

    /// Reads the head at the front of `bytes`, which holds everything since the beginning of the head; `nil` when that is
    /// incomplete. `consumed` is the head's length.
    package mutating func parse(_ bytes: Span<UInt8>) throws(HTTPError) -> (head: ResponseHead, consumed: Int)? {
        if statusLine == nil {
            guard let line = try scanner.nextLine(in: bytes) else { return nil }
            statusLine = try Self.parseStatusLine(bytes.octets(line))
        }
        guard let statusLine, try scanner.takeFields(in: bytes) else { return nil }
        let head = ResponseHead(
            status: statusLine.status, minorVersion: statusLine.minorVersion, fields: scanner.fields)
        return (head, scanner.scanned)
    }

    private static func parseStatusLine(_ line: [UInt8]) throws(HTTPError) -> (status: Int, minorVersion: Int) {
        let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[1].count == 3, parts[1].allSatisfy(FieldSyntax.isDigit),
            let status = Int(String(decoding: parts[1], as: UTF8.self)), status >= 100
        else { throw .malformedStatusLine }
        return (status, try HTTPVersion.minor(parts[0], or: .malformedStatusLine))
    }
}
