package import JSON

/// Reads the members of a method's `params`, with errors in the words of `invalid <method> params: …`.
/// Unknown members are let through: newer clients send more than we know.
package struct ParamReader: Sendable {
    private let object: JSONObject
    private let path: String

    package struct Failure: Error, Equatable, Sendable {
        package let message: String
    }

    /// `params` absent or null reads like an empty object.
    package init(_ params: JSON?) throws(Failure) {
        switch params {
        case nil, .null: object = JSONObject()
        case .object(let members): object = members
        default: throw Failure(message: "must be object")
        }
        path = ""
    }

    private init(object: JSONObject, path: String) {
        self.object = object
        self.path = path
    }

    /// Whether the member is there, be it null.
    package func isPresent(_ key: String) -> Bool { object[key] != nil }

    package func raw(_ key: String) -> JSON? {
        guard let value = object[key], value != .null else { return nil }
        return value
    }

    package func string(_ key: String) throws(Failure) -> String? {
        guard let value = raw(key) else { return nil }
        guard let text = value.string else { throw failure(key, "must be string") }
        return text
    }

    package func requiredString(_ key: String) throws(Failure) -> String {
        guard let text = try string(key) else { throw missing(key) }
        guard !text.isEmpty else { throw failure(key, "must NOT have fewer than 1 characters") }
        return text
    }

    /// A string that may be absent but, when there, not empty.
    package func nonEmptyString(_ key: String) throws(Failure) -> String? {
        guard let text = try string(key) else { return nil }
        guard !text.isEmpty else { throw failure(key, "must NOT have fewer than 1 characters") }
        return text
    }

    /// - Parameter maxBytes: longer text is refused; what is kept or shown to others needs a bound.
    package func nonEmptyString(_ key: String, maxBytes: Int) throws(Failure) -> String? {
        guard let text = try nonEmptyString(key) else { return nil }
        guard text.utf8.count <= maxBytes else { throw failure(key, "must NOT have more than \(maxBytes) bytes") }
        return text
    }

    package func requiredString(_ key: String, maxBytes: Int) throws(Failure) -> String {
        guard let text = try nonEmptyString(key, maxBytes: maxBytes) else { throw missing(key) }
        return text
    }

    /// - Parameters:
    ///   - maxCount: more items are refused.
    ///   - maxBytes: of one item.
    package func strings(_ key: String, maxCount: Int, maxBytes: Int) throws(Failure) -> [String]? {
        guard let texts = try strings(key) else { return nil }
        guard texts.count <= maxCount else { throw failure(key, "must NOT have more than \(maxCount) items") }
        guard texts.allSatisfy({ $0.utf8.count <= maxBytes }) else {
            throw failure(key, "items must NOT have more than \(maxBytes) bytes")
        }
        return texts
    }

    package func integer(_ key: String, in range: ClosedRange<Int64>) throws(Failure) -> Int64? {
        guard let value = raw(key) else { return nil }
        guard let number = value.integer else { throw failure(key, "must be integer") }
        guard range.contains(number) else {
            throw failure(key, "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package func requiredInteger(_ key: String, in range: ClosedRange<Int64>) throws(Failure) -> Int64 {
        guard let number = try integer(key, in: range) else { throw missing(key) }
        return number
    }

    package func bool(_ key: String) throws(Failure) -> Bool? {
        guard let value = raw(key) else { return nil }
        guard let flag = value.bool else { throw failure(key, "must be boolean") }
        return flag
    }

    package func strings(_ key: String) throws(Failure) -> [String]? {
        guard let value = raw(key) else { return nil }
        guard let items = value.array else { throw failure(key, "must be array") }
        var texts: [String] = []
        texts.reserveCapacity(items.count)
        for item in items {
            guard let text = item.string, !text.isEmpty else {
                throw failure(key, "items must be non-empty strings")
            }
            texts.append(text)
        }
        return texts
    }

    package func object(_ key: String) throws(Failure) -> ParamReader? {
        guard let value = raw(key) else { return nil }
        guard case .object(let members) = value else { throw failure(key, "must be object") }
        return ParamReader(object: members, path: "\(path)/\(key)")
    }

    package func requiredObject(_ key: String) throws(Failure) -> ParamReader {
        guard let reader = try object(key) else { throw missing(key) }
        return reader
    }

    package func failure(_ key: String, _ what: String) -> Failure {
        Failure(message: "at \(path)/\(key): \(what)")
    }

    private func missing(_ key: String) -> Failure {
        Failure(
            message: path.isEmpty
                ? "must have required property '\(key)'"
                : "at \(path): must have required property '\(key)'")
    }
}
