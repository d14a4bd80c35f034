/// A file within a session's working directory, by the names that lead there. The shell opens it name by name and follows
/// no symbolic link; this only reads the path.
package struct WorkspacePath: Equatable, Sendable {
    package let components: [String]

    static let maxBytes = 4096

    /// Nil: the path is not absolute, has `..` in it, or leads elsewhere.
    package init?(_ path: String, in workingDirectory: String) {
        guard path.utf8.count <= Self.maxBytes, !path.utf8.contains(0), path.utf8.first == UInt8(ascii: "/") else {
            return nil
        }
        let names = Self.names(path)
        let base = Self.names(workingDirectory)
        guard !names.contains(where: { $0.utf8.elementsEqual("..".utf8) }), names.count > base.count,
            zip(names, base).allSatisfy({ $0.utf8.elementsEqual($1.utf8) })
        else { return nil }
        components = names.dropFirst(base.count).map(String.init)
    }

    private static func names(_ path: String) -> [Substring] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }.filter { !$0.utf8.elementsEqual(".".utf8) }
    }
}
