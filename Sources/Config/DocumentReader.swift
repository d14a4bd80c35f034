internal import JSON

/// Turns the bytes of a configuration file into a tree, with everything it includes in place.
///
/// `$include` names one file, which takes the place of the object, or several, which are merged in order: objects
/// deeply, arrays one after the other, of other values the later wins. Members beside `$include` are merged last.
struct DocumentReader {
    static let maxIncludeDepth = 10
    /// A fan of includes at each level would otherwise multiply.
    static let maxIncludedFiles = 256

    let readFile: (String) -> [UInt8]?
    private(set) var problems: [ConfigProblem] = []
    /// Every file that was read, in order.
    private(set) var filesRead: [String] = []
    private var includedFiles = 0

    init(readFile: @escaping (String) -> [UInt8]?) { self.readFile = readFile }

    /// - Returns: `nil` when something was wrong; `problems` says what.
    mutating func document(_ file: ConfigInput.File) -> ConfigNode? {
        let path = PathText.resolve(file.path, against: "")
        guard let node = tree(path: path, bytes: file.bytes, chain: [path]) else { return nil }
        guard node.members != nil else {
            fail("a configuration file must hold an object, not \(describe(node))", at: node.location)
            return nil
        }
        return node
    }

    private mutating func tree(path: String, bytes: [UInt8], chain: [String]) -> ConfigNode? {
        filesRead.append(path)
        do {
            let (json, source) = try JSONParser.parseWithSource(bytes, dialect: .json5)
            return expand(ConfigNode(json, source: source, file: path), chain: chain)
        } catch {
            let location = SourceLocation(path: path, line: error.line, column: error.column)
            fail("not valid JSON5: \(error.kind)", at: location)
            return nil
        }
    }

    /// - Parameter chain: The files from the main one to the one that holds `node`.
    private mutating func expand(_ node: ConfigNode, chain: [String]) -> ConfigNode? {
        var node = node
        switch node.content {
        case .scalar:
            return node
        case .array(let elements):
            let expanded = elements.map { expand($0, chain: chain) }
            guard !expanded.contains(where: { $0 == nil }) else { return nil }
            node.content = .array(expanded.compactMap { $0 })
            return node
        case .object:
            let include = node.removeMember("$include")
            var members: [ConfigNode.Member] = []
            var isComplete = true
            for member in node.members ?? [] {
                if let value = expand(member.value, chain: chain) {
                    members.append(.init(name: member.name, keyLocation: member.keyLocation, value: value))
                } else {
                    isComplete = false
                }
            }
            node.content = .object(members)
            guard let include else { return isComplete ? node : nil }
            guard let included = resolve(include.value, chain: chain), isComplete else { return nil }
            if members.isEmpty { return included }
            guard included.members != nil else {
                fail("what is included beside other keys must be an object", at: include.value.location)
                return nil
            }
            return included.merged(with: node, arrays: .concatenate)
        }
    }

    private mutating func resolve(_ include: ConfigNode, chain: [String]) -> ConfigNode? {
        if let path = include.string { return load(path, at: include.location, chain: chain) }
        guard let elements = include.elements else {
            fail("$include must be a path or an array of paths, not \(describe(include))", at: include.location)
            return nil
        }
        var merged = ConfigNode(content: .object([]), location: include.location)
        var isComplete = true
        for element in elements {
            if let path = element.string {
                guard let node = load(path, at: element.location, chain: chain) else {
                    isComplete = false
                    continue
                }
                merged = merged.merged(with: node, arrays: .concatenate)
            } else {
                fail("$include must name files, not \(describe(element))", at: element.location)
                isComplete = false
            }
        }
        return isComplete ? merged : nil
    }

    private mutating func load(_ path: String, at location: SourceLocation, chain: [String]) -> ConfigNode? {
        let resolved = PathText.resolve(path, against: PathText.directory(of: location.path))
        guard !chain.contains(resolved) else {
            fail("circular $include: \((chain + [resolved]).joined(separator: " -> "))", at: location)
            return nil
        }
        guard chain.count <= Self.maxIncludeDepth else {
            fail("$include is nested deeper than \(Self.maxIncludeDepth) levels at \(resolved)", at: location)
            return nil
        }
        guard includedFiles < Self.maxIncludedFiles else {
            fail("more than \(Self.maxIncludedFiles) files are included", at: location)
            return nil
        }
        includedFiles += 1
        guard let bytes = readFile(resolved) else {
            fail("cannot read the included file \(resolved)", at: location)
            return nil
        }
        return tree(path: resolved, bytes: bytes, chain: chain + [resolved])
    }

    private func describe(_ node: ConfigNode) -> String { Seen.describe(node.json) }

    private mutating func fail(_ message: String, at location: SourceLocation) {
        problems.append(ConfigProblem(.error, .syntax, path: "", message: message, location: location))
    }
}
