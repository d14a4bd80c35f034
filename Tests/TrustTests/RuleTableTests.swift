import Foundation
import Testing
import Trust

@Suite("docs/trust.md")
struct RuleTableTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs/trust.md")

    @Test("has the table of rules that the code has, in the order of the walk")
    func table() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(text.contains("\n\(AdmissionRule.table)\n"), "put this table there:\n\(AdmissionRule.table)")
    }

    @Test("every key that a rule looks at is one of the configuration's families")
    func settings() {
        for rule in AdmissionRule.allCases {
            for path in rule.settings {
                #expect(["gateway", "security", "agents"].contains(path.prefix { $0 != "." }), "\(rule): \(path)")
            }
        }
    }
}
