/// Cuts a head into lines and fields, a line at a time as it arrives. It remembers where it stopped, so a head that
/// comes in single bytes is still looked at once.
struct HeadScanner: Sendable {
    private let limits: HeadLimits
    /// Octets looked at so far, from the beginning of what the caller presents.
    private(set) var scanned = 0
    private(set) var lineStart = 0
    private(set) var fields: [HeaderField] = []
    private var hasSkippedEmptyLine = false

    init(limits: HeadLimits) {
        self.limits = limits
    }

    /// The next line's place in `bytes`, without its CR LF; `nil` when its end has not arrived.
    ///
    /// - Parameter bytes: The head from its first octet on, the same octets as at the last call and perhaps more.
    mutating func nextLine(in bytes: Span<UInt8>) throws(HTTPError) -> Range<Int>? {
        while scanned < bytes.count {
            guard scanned < limits.maxHeadBytes else { throw .headTooLarge(limit: limits.maxHeadBytes) }
            let octet = bytes[scanned]
            let followsReturn = scanned > lineStart && bytes[scanned - 1] == 0x0D
            if octet == 0x0A {
                guard followsReturn else { throw .bareLineFeed }
                let line = lineStart..<scanned - 1
                scanned += 1
                lineStart = scanned
                return line
            }
            guard !followsReturn else { throw .bareCarriageReturn }
            guard octet == 0x0D || FieldSyntax.isValueOctet(octet) else { throw .controlCharacter(octet) }
            scanned += 1
        }
        return nil
    }

    /// The first line. One empty line before it is passed over: old clients send it after a body (RFC 9112 §2.2).
    mutating func startLine(in bytes: Span<UInt8>) throws(HTTPError) -> Range<Int>? {
        guard let line = try nextLine(in: bytes) else { return nil }
        guard line.isEmpty && !hasSkippedEmptyLine else { return line }
        hasSkippedEmptyLine = true
        return try nextLine(in: bytes)
    }

    /// Takes field lines up to the empty one.
    ///
    /// - Returns: Whether the empty line has come, and with it the end of the head.
    mutating func takeFields(in bytes: Span<UInt8>) throws(HTTPError) -> Bool {
        while let line = try nextLine(in: bytes) {
            guard !line.isEmpty else { return true }
            guard fields.count < limits.maxFields else { throw .tooManyFields(limit: limits.maxFields) }
            fields.append(try Self.field(bytes.octets(line)))
        }
        return false
    }

    private static func field(_ line: [UInt8]) throws(HTTPError) -> HeaderField {
        guard let first = line.first, !FieldSyntax.isWhitespace(first) else { throw .foldedField }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .malformedField }
        let name = String(decoding: line[..<colon].map(FieldSyntax.lowercased), as: UTF8.self)
        // White space before the colon fails here too, as RFC 9112 §5.1 demands.
        guard FieldSyntax.isToken(line[..<colon]) else { throw .invalidFieldName }
        return HeaderField(name, String(decoding: FieldSyntax.trimmed(line[(colon + 1)...]), as: UTF8.self))
    }
}

extension Span<UInt8> {
    /// A copy of a part.
    func octets(_ range: Range<Int>) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(range.count)
        for index in range {
            octets.append(self[index])
        }
        return octets
    }
}
