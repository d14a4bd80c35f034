internal import Errors

/// Why the gateway did not start, or did not take up what was changed, in the words of the command line.
package struct StartFailure: Error, Equatable, Sendable {
    package let rule: StartRule
    /// With the facts of the case.
    package let message: String
    /// What mends it here, or else what mends it everywhere.
    package let hint: String

    package init(_ rule: StartRule, _ message: String, hint: String? = nil) {
        self.rule = rule
        self.message = message
        self.hint = hint ?? rule.text.remedy
    }

    package var exitCode: Int32 { rule.exitCode }

    /// On one line of the log.
    var logText: String { "\(message); \(hint) (rule=\(rule.rawValue))" }
}
