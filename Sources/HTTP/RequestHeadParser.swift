/// Reads request heads, strictly (RFC 9112): what two parsers could read in two ways is refused.
///
/// One parser reads one head; make a new one for the next request on the connection.
package struct RequestHeadParser: Sendable {
    /// The longest method of the IANA registry has 17 octets; without a bound a stray stream could pass for one.
    private static let maxMethodBytes = 24

    private struct RequestLine {
        var method: String
        var requestTarget: String
        var target: RequestTarget
        var minorVersion: Int
    }

    private let limits: HeadLimits
    private var scanner: HeadScanner
    private var requestLine: RequestLine?

    package init(limits: HeadLimits = HeadLimits()) {
        self.limits = limits
        scanner = HeadScanner(limits: limits)
    }

    /// Reads the head at the front of `bytes`.
    ///
    /// - Parameter bytes: Everything received since the beginning of the head, also what was presented before. Only what
    ///   is new is looked at. Borrowed; nothing is kept.
    /// - Returns: `nil` when the head is incomplete; else the head and its length in bytes, behind which a body or
    ///   frames begin.
    /// - Throws: ``HTTPError`` as soon as no further bytes could make the head good. The parser is spent then.
    package mutating func parse(_ bytes: Span<UInt8>) throws(HTTPError) -> (head: RequestHead, consumed: Int)? {
        if requestLine == nil {
            guard let line = try nextRequestLine(bytes) else { return nil }
            requestLine = try parseRequestLine(bytes.octets(line))
        }
        guard let requestLine, try scanner.takeFields(in: bytes) else { return nil }
        return (try makeHead(requestLine), scanner.scanned)
    }

    private mutating func nextRequestLine(_ bytes: Span<UInt8>) throws(HTTPError) -> Range<Int>? {
        do throws(HTTPError) {
            if let line = try scanner.startLine(in: bytes) { return line }
        } catch .headTooLarge(let limit) {
            // The same is wrong with it whether it came at once or in pieces.
            try checkUnfinishedRequestLine(bytes)
            throw .headTooLarge(limit: limit)
        }
        try checkUnfinishedRequestLine(bytes)
        return nil
    }

    private func checkUnfinishedRequestLine(_ bytes: Span<UInt8>) throws(HTTPError) {
        let start = scanner.lineStart
        let length = scanner.scanned - start
        var methodLength = 0
        while methodLength < length && bytes[start + methodLength] != 0x20 {
            guard FieldSyntax.isTokenOctet(bytes[start + methodLength]) || bytes[start + methodLength] == 0x0D else {
                throw .malformedRequestLine
            }
            methodLength += 1
            guard methodLength <= Self.maxMethodBytes else { throw .methodTooLong }
        }
        guard length <= methodLength + limits.maxTargetBytes + " ".utf8.count + " HTTP/1.1\r".utf8.count else {
            throw .targetTooLong(limit: limits.maxTargetBytes)
        }
    }

    private func parseRequestLine(_ line: [UInt8]) throws(HTTPError) -> RequestLine {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard let methodOctets = parts.first, FieldSyntax.isToken(methodOctets) else { throw .malformedRequestLine }
        guard methodOctets.count <= Self.maxMethodBytes else { throw .methodTooLong }
        if parts.count > 1, parts[1].count > limits.maxTargetBytes {
            throw .targetTooLong(limit: limits.maxTargetBytes)
        }
        guard parts.count == 3, !parts[1].isEmpty else { throw .malformedRequestLine }
        let minorVersion = try HTTPVersion.minor(parts[2], or: .malformedRequestLine)
        let method = String(decoding: methodOctets, as: UTF8.self)
        return RequestLine(
            method: method, requestTarget: String(decoding: parts[1], as: UTF8.self),
            target: try RequestTarget(Array(parts[1]), method: method), minorVersion: minorVersion)
    }

    private func makeHead(_ line: RequestLine) throws(HTTPError) -> RequestHead {
        let fields = scanner.fields
        let hosts = fields.filter { $0.name == "host" }
        guard hosts.count <= 1 else { throw .duplicateField("host") }
        if let host = hosts.first?.value {
            guard HostSyntax.isValid(Array(host.utf8)[...]) else { throw .invalidHost }
        } else if line.minorVersion >= 1 {
            throw .missingHost
        }
        return RequestHead(
            method: line.method, requestTarget: line.requestTarget, path: line.target.path, query: line.target.query,
            host: line.target.authority ?? hosts.first?.value, minorVersion: line.minorVersion,
            body: try Self.body(fields, minorVersion: line.minorVersion), fields: fields)
    }

    /// How the body is framed (RFC 9112 §6.3). Every doubt is an error, since a proxy in front may have decided it the
    /// other way.
    private static func body(
        _ fields: [HeaderField], minorVersion: Int
    ) throws(HTTPError) -> RequestHead.Body {
        let codings = fields.filter { $0.name == "transfer-encoding" }
        let lengths = fields.filter { $0.name == "content-length" }
        guard codings.isEmpty || lengths.isEmpty else { throw .conflictingLengths }
        guard codings.count <= 1 else { throw .duplicateField("transfer-encoding") }
        guard lengths.count <= 1 else { throw .duplicateField("content-length") }
        if let coding = codings.first?.value {
            guard minorVersion >= 1, FieldSyntax.lowercased(coding) == "chunked" else {
                throw .unsupportedTransferEncoding(coding)
            }
            return .chunked
        }
        guard let length = lengths.first?.value else { return .length(0) }
        guard length.utf8.allSatisfy(FieldSyntax.isDigit), let value = Int(length) else { throw .invalidContentLength }
        return .length(value)
    }
}

/// `HTTP/1.1` and `HTTP/1.0` (RFC 9112 §2.3).
enum HTTPVersion {
    static func minor(_ octets: ArraySlice<UInt8>, or malformed: HTTPError) throws(HTTPError) -> Int {
        let version = Array(octets)
        guard version.count == 8, version.starts(with: "HTTP/".utf8), version[6] == UInt8(ascii: "."),
            FieldSyntax.isDigit(version[5]), FieldSyntax.isDigit(version[7])
        else { throw malformed }
        switch (version[5], version[7]) {
        case (UInt8(ascii: "1"), UInt8(ascii: "1")): return 1
        case (UInt8(ascii: "1"), UInt8(ascii: "0")): return 0
        default: throw .unsupportedVersion(String(decoding: version, as: UTF8.self))
        }
    }
}
