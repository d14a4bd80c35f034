internal import JSON

/// Which values of a file come from files that it includes.
struct IncludedValues {
    private let root: ConfigNode?
    private let path: String

    init(_ file: ConfigInput.File, readFile: @escaping (String) -> [UInt8]?) {
        var reader = DocumentReader(readFile: readFile)
        root = reader.document(file)
        path = PathText.resolve(file.path, against: "")
    }

    /// The included file in which a value stands, or in which the object stands that would get it.
    func file(of place: JSONPath) -> String? {
        guard var node = root else { return nil }
        for step in place.steps {
            let next: ConfigNode? =
                switch step {
                case .name(let name): node[name]
                case .index(let index): node.elements.flatMap { $0.indices.contains(index) ? $0[index] : nil }
                }
            guard let next else { break }
            node = next
        }
        return node.location.path == path ? nil : node.location.path
    }
}
