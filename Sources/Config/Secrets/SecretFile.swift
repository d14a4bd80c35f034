internal import JSON
internal import Text

/// `secrets.providers.<name>` with `source: "file"`: one file with several secrets, or with one.
struct SecretFile {
    enum Mode: String, CaseIterable {
        /// An object, in which an id is a JSON pointer (RFC 6901).
        case json
        /// The secret itself, whose id is `value`.
        case singleValue
    }

    /// As it is written, but for `~`.
    let path: String
    let mode: Mode

    /// - Parameter id: of the reference.
    func secret(_ id: String, in contents: [UInt8]) throws(SecretFailure) -> String {
        switch mode {
        case .singleValue:
            guard id == "value" else {
                throw SecretFailure("has one secret only", remedy: "write id: \"value\", or set mode: \"json\"")
            }
            guard let text = String(validating: contents, as: UTF8.self) else { throw SecretFailure("is no text") }
            return text
        case .json:
            guard let document = try? JSONParser.parse(contents), document.object != nil else {
                throw SecretFailure(
                    "is no JSON object", remedy: "set mode: \"singleValue\" if it holds the secret itself")
            }
            guard id.hasPrefix("/") else {
                throw SecretFailure("is asked by JSON pointers", remedy: "begin the id with a slash: \"/\(id)\"")
            }
            guard let value = Self.value(at: id, in: document)?.string else {
                throw SecretFailure("has no text at this id")
            }
            return value
        }
    }

    private static func value(at pointer: String, in document: JSON) -> JSON? {
        var found = document
        for token in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = token.replacing("~1", with: "/").replacing("~0", with: "~")
            guard let next = found[name] ?? found.array.flatMap({ element(name, of: $0) }) else { return nil }
            found = next
        }
        return found
    }

    private static func element(_ name: String, of array: [JSON]) -> JSON? {
        guard let index = Int(name), String(index) == name, array.indices.contains(index) else { return nil }
        return array[index]
    }
}
