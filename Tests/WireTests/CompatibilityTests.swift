import Foundation
import Testing
import Wire

@Suite("docs/compatibility.md")
struct CompatibilityTests {
    /// Names of the rows below a heading, up to the next one.
    private func rows(below heading: String) throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/compatibility.md"), encoding: .utf8)
        let section = try #require(page.components(separatedBy: "\n## ").first { $0.hasPrefix(heading) })
        let table = section.components(separatedBy: "\nAbsent").first ?? ""
        return table.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "`", omittingEmptySubsequences: false)
            return line.hasPrefix("| `") && parts.count > 2 ? String(parts[1]) : nil
        }
    }

    @Test("every method and every event has one row, and nothing else has")
    func complete() throws {
        let methods = try rows(below: "Methods")
        #expect(methods.sorted() == Method.allCases.map(\.rawValue).sorted())
        let events = try rows(below: "Events")
        #expect(events.sorted() == EventName.allCases.map(\.rawValue).sorted())
    }
}
