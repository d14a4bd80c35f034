import Files
import Foundation
import Testing

/// Every command that a message, a hint or a page of the documentation names is one that exists.
struct NamedCommandsTests {
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func files(_ directory: String, _ ending: String) -> [URL] {
        let found = FileManager.default.enumerator(at: root.appending(path: directory), includingPropertiesForKeys: nil)
        return (found?.allObjects ?? []).compactMap { $0 as? URL }.filter { $0.path.hasSuffix(ending) }
    }

    /// `devices approve` and `devices` for `devices approve`, by the help that everybody reads.
    private static func known() throws -> Set<String> {
        let sandbox = try Sandbox()
        // Hidden ones.
        var known: Set<String> = ["help", "gateway supervise", "worker", "confine"]
        for name in try HelpTests.commands(sandbox) {
            known.formUnion([name, String(name.prefix { $0 != " " })])
            let help = try sandbox.run(name.split(separator: " ").map(String.init) + ["--help"]).output
            for line in help.split(separator: "\n") where line.hasPrefix("Same as: ") {
                known.formUnion(line.dropFirst(9).components(separatedBy: ", "))
            }
        }
        return known
    }

    /// What sallyport does, in words.
    private static let prose: Set<String> = ["device key", "does with"]

    private static func check(_ text: String, _ known: Set<String>, _ place: String) {
        for match in text.matches(of: /\bsallyport ([a-z_]+)(?: ([a-z]+))?/) {
            let first = String(match.output.1)
            let both = match.output.2.map { "\(first) \($0)" }
            if let both, prose.contains(both) { continue }
            let group = known.filter { $0.hasPrefix(first + " ") }
            // After a command of one word comes an operand, after a group one of its own.
            let exists = group.isEmpty || both == nil ? known.contains(first) : known.contains(both ?? "")
            #expect(exists, "\(place): sallyport \(both ?? first)")
        }
    }

    @Test func whatMessagesNameExists() throws {
        let known = try Self.known()
        var literals = 0
        for file in Self.files("Sources", ".swift") {
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            for line in lines where !line.drop(while: \.isWhitespace).hasPrefix("//") {
                guard let quote = line.firstIndex(of: "\""), line.contains("sallyport ") else { continue }
                literals += 1
                Self.check(String(line[quote...]), known, file.lastPathComponent)
            }
        }
        #expect(literals > 50)
    }

    @Test func whatTheDocumentationShowsExists() throws {
        let known = try Self.known()
        for file in Self.files("docs", ".md") + [Self.root.appending(path: "README.md")] {
            // In code only: prose may say that sallyport does something.
            let text = try String(contentsOf: file, encoding: .utf8)
            let code =
                text.matches(of: /`([^`\n]+)`/).map { String($0.output.1) }
                + text.split(separator: "\n").filter { $0.hasPrefix("$ sallyport ") || $0.hasPrefix("sallyport ") }.map(
                    String.init)
            for span in code where span.contains("sallyport ") { Self.check(span, known, file.lastPathComponent) }
        }
    }
}
