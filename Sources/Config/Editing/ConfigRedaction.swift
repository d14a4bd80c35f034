package import JSON
internal import Text

/// Configuration texts without their secrets, for those who may look, and with them again.
package enum ConfigRedaction {
    /// As OpenClaw has it: what a client sends back unchanged keeps the value that is there.
    package static let sentinel = "__OPENCLAW_REDACTED__"

    /// Where the text says that a value stays, and there is none.
    package struct NothingToKeep: Error, Equatable, Sendable {
        package let path: String
    }

    package static func redacted(_ value: JSON) -> JSON {
        secrets(in: value).reduce(value) { $0.replacing($1.steps[...], with: .string(sentinel)) }
    }

    /// - Returns: nil for a text that is not JSON5: nobody knows what of it is secret.
    package static func redacted(text: [UInt8]) -> [UInt8]? {
        guard var editor = try? JSONEditor(text) else { return nil }
        for path in secrets(in: editor.value) {
            guard (try? editor.set(path, to: .string(sentinel))) != nil else { return nil }
        }
        return editor.bytes
    }

    /// Puts back what was redacted.
    ///
    /// - Parameter old: what the values are taken from. Elements of arrays are found by their `id`.
    package static func restored(_ value: JSON, from old: JSON) throws(NothingToKeep) -> JSON {
        var result = value
        for path in sentinels(in: value) {
            guard let kept = find(path, of: value, in: old) else { throw NothingToKeep(path: path.description) }
            result = result.replacing(path.steps[...], with: kept)
        }
        return result
    }

    /// The same for a text, of which nothing else changes. A text that is not JSON5 is returned as it is.
    package static func restored(text: [UInt8], from old: JSON) throws(NothingToKeep) -> [UInt8] {
        guard var editor = try? JSONEditor(text) else { return text }
        let value = editor.value
        for path in sentinels(in: value) {
            guard let kept = find(path, of: value, in: old), (try? editor.set(path, to: kept)) != nil else {
                throw NothingToKeep(path: path.description)
            }
        }
        return editor.bytes
    }

    // MARK: - What is secret

    package static func secrets(in value: JSON) -> [JSONPath] {
        var paths: [JSONPath] = []
        walk(value, JSONPath()) { path, text in
            if isSecret(text, at: path) { paths.append(path) }
        }
        return paths
    }

    private static func isSecret(_ text: String, at path: JSONPath) -> Bool {
        guard !text.isEmpty, text != sentinel, !isReference(text) else { return false }
        if hasCredentials(text) { return true }
        if path.steps.first == .name("env"), path.steps.dropFirst().first != .name("shellEnv") { return true }
        let catalog = SettingCatalog.shared
        if let setting = catalog[path.description] { return setting.isSecret }
        let parent = JSONPath(Array(path.steps.dropLast()))
        if catalog[parent.description]?.shape == .map(.string) { return true }
        let names = path.steps.compactMap { step -> String? in
            if case .name(let name) = step { name.lowercased() } else { nil }
        }
        // What a reference names is no secret: `apiKey: { source: "env", id: "KEY" }`.
        return names.last.map(isSecretName) ?? false
    }

    private static func isSecretName(_ name: String) -> Bool {
        if name == "authorization" || name == "cookie" { return true }
        return [
            "token", "password", "passphrase", "passwd", "secret", "apikey", "api_key", "api-key", "accesskey",
            "access_key", "privatekey", "private_key", "secretkey", "secret_key", "serviceaccount",
        ].contains { name.hasSuffix($0) }
    }

    /// Nothing but `${NAME}`.
    private static func isReference(_ text: String) -> Bool {
        text.hasPrefix("${") && text.hasSuffix("}")
            && text.dropFirst(2).dropLast().utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
    }

    /// `https://user:password@host`
    private static func hasCredentials(_ text: String) -> Bool {
        guard let scheme = text.firstRange(of: "://") else { return false }
        let authority = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@") else { return false }
        return authority[..<at].contains(":")
    }

    // MARK: - Walking

    private static func sentinels(in value: JSON) -> [JSONPath] {
        var paths: [JSONPath] = []
        walk(value, JSONPath()) { path, text in
            if text == sentinel { paths.append(path) }
        }
        return paths
    }

    private static func walk(_ value: JSON, _ path: JSONPath, _ visit: (JSONPath, String) -> Void) {
        switch value {
        case .string(let text): visit(path, text)
        case .array(let elements):
            for (index, element) in elements.enumerated() { walk(element, path.appending(index), visit) }
        case .object(let object):
            for (name, member) in object { walk(member, path.appending(name), visit) }
        default: break
        }
    }

    private static func find(_ path: JSONPath, of value: JSON, in old: JSON) -> JSON? {
        var (here, there): (JSON?, JSON?) = (value, old)
        for step in path.steps {
            switch step {
            case .name(let name): (here, there) = (here?[name], there?[name])
            case .index(let index):
                here = here?[index]
                if let id = here?["id"]?.string {
                    there = there?.array?.first { $0["id"]?.string == id }
                } else {
                    there = there?[index]
                }
            }
        }
        return there?.string == sentinel ? nil : there
    }
}

extension JSON {
    /// - Parameter steps: lead to something that is there.
    fileprivate func replacing(_ steps: ArraySlice<JSONPath.Step>, with value: JSON) -> JSON {
        guard let first = steps.first else { return value }
        switch (self, first) {
        case (.object(var object), .name(let name)):
            object[name] = object[name]?.replacing(steps.dropFirst(), with: value)
            return .object(object)
        case (.array(var elements), .index(let index)) where elements.indices.contains(index):
            elements[index] = elements[index].replacing(steps.dropFirst(), with: value)
            return .array(elements)
        default: return self
        }
    }
}
