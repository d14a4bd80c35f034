internal import JSON

/// Where the parts of a request frame lie in the bytes of its message; found in one pass, without building a tree.
///
/// ```
/// {"type":"req","id":"7","method":"health","params":{…}}
/// ```
package struct RequestEnvelope: Equatable, Sendable {
    /// The id with its quotes, as sent: a response echoes these bytes.
    package let id: Range<Int>
    package let method: String
    /// The bytes of `params`; nil when the frame has none.
    package let params: Range<Int>?

    package enum Failure: Error, Equatable, Sendable {
        /// Not JSON at all.
        case unparsable
        /// JSON, but no valid request; `id` is there if the frame has a usable one.
        case invalid(reason: String, id: Range<Int>?)
    }

    /// An id is kept for as long as its request waits. Clients use UUIDs, or the method's name and a number.
    package static let maxIDBytes = 1024

    /// - Parameter bytes: one whole message, valid UTF-8.
    package static func scan(_ bytes: Span<UInt8>) throws(Failure) -> RequestEnvelope {
        var id: Range<Int>?
        var type: Range<Int>?
        var methodRange: Range<Int>?
        var params: Range<Int>?
        var repeated = false

        var index = JSONSkipper.skipSpace(bytes, from: 0)
        guard index < bytes.count, bytes[index] == UInt8(ascii: "{") else {
            guard let end = JSONSkipper.skipValue(bytes, from: index),
                JSONSkipper.skipSpace(bytes, from: end) == bytes.count
            else { throw .unparsable }
            throw .invalid(reason: "must be object", id: nil)
        }
        index = JSONSkipper.skipSpace(bytes, from: index + 1)
        var isFirst = true
        while true {
            guard index < bytes.count else { throw .unparsable }
            if isFirst, bytes[index] == UInt8(ascii: "}") { break }
            isFirst = false
            let keyStart = index
            guard let keyEnd = JSONSkipper.skipString(bytes, from: keyStart) else { throw .unparsable }
            index = JSONSkipper.skipSpace(bytes, from: keyEnd)
            guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { throw .unparsable }
            let valueStart = JSONSkipper.skipSpace(bytes, from: index + 1)
            guard let valueEnd = JSONSkipper.skipValue(bytes, from: valueStart) else { throw .unparsable }
            let value = valueStart..<valueEnd
            switch key(bytes, keyStart..<keyEnd) {
            case .type: repeated = repeated || type != nil; type = value
            case .id: repeated = repeated || id != nil; id = value
            case .method: repeated = repeated || methodRange != nil; methodRange = value
            case .params: repeated = repeated || params != nil; params = value
            case .other: break
            }
            index = JSONSkipper.skipSpace(bytes, from: valueEnd)
            guard index < bytes.count else { throw .unparsable }
            if bytes[index] == UInt8(ascii: "}") { break }
            guard bytes[index] == UInt8(ascii: ",") else { throw .unparsable }
            index = JSONSkipper.skipSpace(bytes, from: index + 1)
        }
        guard JSONSkipper.skipSpace(bytes, from: index + 1) == bytes.count else { throw .unparsable }

        let usableID = id.flatMap { isNonEmptyString(bytes, $0) ? $0 : nil }
        if repeated { throw .invalid(reason: "duplicate member", id: usableID) }
        guard let type, text(bytes, type) == "req" else {
            throw .invalid(reason: "at /type: must be equal to constant \"req\"", id: usableID)
        }
        guard let usableID else {
            throw .invalid(reason: "at /id: must be a non-empty string of at most \(maxIDBytes) bytes", id: nil)
        }
        guard let methodRange, let method = text(bytes, methodRange), !method.isEmpty else {
            throw .invalid(reason: "at /method: must be a non-empty string", id: usableID)
        }
        return RequestEnvelope(id: usableID, method: method, params: params)
    }

    private enum Key { case type, id, method, params, other }

    private static func key(_ bytes: Span<UInt8>, _ quoted: Range<Int>) -> Key {
        let inner = (quoted.lowerBound + 1)..<(quoted.upperBound - 1)
        func matches(_ name: StaticString) -> Bool {
            guard inner.count == name.utf8CodeUnitCount else { return false }
            for offset in 0..<inner.count where unsafe bytes[inner.lowerBound + offset] != name.utf8Start[offset] {
                return false
            }
            return true
        }
        if matches("type") { return .type }
        if matches("id") { return .id }
        if matches("method") { return .method }
        if matches("params") { return .params }
        guard hasEscape(bytes, inner) else { return .other }
        // An escaped name is the name it stands for, or a second reader would see another request.
        switch text(bytes, quoted) {
        case "type": return .type
        case "id": return .id
        case "method": return .method
        case "params": return .params
        default: return .other
        }
    }

    private static func hasEscape(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] == UInt8(ascii: "\\") { return true }
        return false
    }

    private static func isNonEmptyString(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count > 2 && range.count <= maxIDBytes + 2 && bytes[range.lowerBound] == UInt8(ascii: "\"")
    }

    /// The string at `range`; nil when the value there is none.
    private static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String? {
        guard bytes[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
        let inner = (range.lowerBound + 1)..<(range.upperBound - 1)
        if hasEscape(bytes, inner) {
            return (try? JSONParser.parse(bytes.extracting(range)))?.string
        }
        return String(copying: bytes.extracting(inner))
    }
}

extension String {
    /// The UTF-8 text of borrowed bytes; invalid sequences are replaced.
    package init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
