/// The variables a configuration can refer to: the process environment, then the `env` block of the files.
struct Variables {
    struct Found {
        let name: String
        let value: String
        let source: SettingSource
        let location: SourceLocation?
    }

    struct Missing: Error, Equatable { let name: String }

    /// A setting's variable, known under `SALLYPORT_`, `OPENCLAW_` and sometimes `CLAWDBOT_`, in that order.
    struct Name {
        let candidates: [String]

        init(_ suffix: String, isLegacy: Bool = false) {
            candidates = (["SALLYPORT_", "OPENCLAW_"] + (isLegacy ? ["CLAWDBOT_"] : [])).map { $0 + suffix }
        }
    }

    let environment: [String: String]
    private let block: [String: (value: String, location: SourceLocation)]
    /// What a login shell exports.
    private var shell: [String: String] = [:]

    /// - Parameter block: The `env` object of the files, if there is one.
    init(environment: [String: String], block: ConfigNode?) {
        self.environment = environment
        var values: [String: (String, SourceLocation)] = [:]
        for source in [block, block?["vars"]] {
            for member in source?.members ?? [] {
                if let text = member.value.string { values[member.name] = (text, member.value.location) }
            }
        }
        self.block = values
    }

    /// The same, and what stands nowhere else is looked for in `shell`.
    func falling(backOn shell: [String: String]) -> Variables {
        var variables = self
        variables.shell = shell
        return variables
    }

    var home: String? { PathText.home(in: environment) }

    /// A variable that is set and not empty.
    func find(_ name: String) -> Found? { find(anyOf: [name]) }

    func find(_ name: Name) -> Found? { find(anyOf: name.candidates) }

    private func find(anyOf names: [String]) -> Found? {
        for name in names {
            if let value = environment[name], !value.isEmpty {
                return Found(name: name, value: value, source: .environment(name), location: nil)
            }
        }
        for name in names {
            if let (value, location) = block[name], !value.isEmpty {
                let source = SettingSource.file(path: location.path, line: location.line)
                return Found(name: name, value: value, source: source, location: location)
            }
        }
        for name in names {
            if let value = shell[name], !value.isEmpty {
                return Found(name: name, value: value, source: .environment(name), location: nil)
            }
        }
        return nil
    }

    /// Replaces each `${NAME}`, where names match `[A-Z_][A-Z0-9_]*`; `$${NAME}` stands for a literal `${NAME}`.
    ///
    /// - Throws: ``Missing`` for the first variable that is unset or empty.
    func substitute(_ text: String) throws(Missing) -> (text: String, didReplace: Bool) {
        let bytes = Array(text.utf8)
        guard bytes.contains(UInt8(ascii: "$")) else { return (text, false) }
        var result: [UInt8] = []
        var didReplace = false
        var offset = 0
        while offset < bytes.count {
            if bytes[offset] == UInt8(ascii: "$") {
                if let end = Self.referenceEnd(bytes, from: offset) {
                    let name = String(decoding: bytes[offset + 2..<end - 1], as: UTF8.self)
                    guard let found = find(name) else { throw Missing(name: name) }
                    result.append(contentsOf: found.value.utf8)
                    didReplace = true
                    offset = end
                    continue
                }
                if let end = Self.referenceEnd(bytes, from: offset + 1) {
                    result.append(contentsOf: bytes[offset + 1..<end])
                    offset = end
                    continue
                }
            }
            result.append(bytes[offset])
            offset += 1
        }
        return (String(decoding: result, as: UTF8.self), didReplace)
    }

    /// - Returns: The offset after the `}` of a reference that starts at `start`, or `nil` if none does.
    private static func referenceEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        guard start + 3 < bytes.count, bytes[start] == UInt8(ascii: "$"), bytes[start + 1] == UInt8(ascii: "{") else {
            return nil
        }
        var offset = start + 2
        while offset < bytes.count, isNameByte(bytes[offset], isFirst: offset == start + 2) { offset += 1 }
        guard offset > start + 2, offset < bytes.count, bytes[offset] == UInt8(ascii: "}") else { return nil }
        return offset + 1
    }

    private static func isNameByte(_ byte: UInt8, isFirst: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): !isFirst
        default: false
        }
    }
}
