/// Something about the configuration that its owner should know.
package struct ConfigProblem: Equatable, Sendable {
    package enum Severity: String, Sendable {
        /// The gateway does not start with it.
        case error
        case warning
    }

    package let severity: Severity
    package let rule: ConfigRule
    /// The setting, such as `gateway.port`; empty when a whole file is meant.
    package let path: String
    /// A sentence that stands by itself: lower case, no full stop, no secrets.
    package let message: String
    /// `nil` when the cause is not in a file.
    package let location: SourceLocation?
    /// What to write or do instead.
    package let remedy: String?

    package init(
        _ severity: Severity, _ rule: ConfigRule, path: String, message: String, location: SourceLocation? = nil,
        remedy: String? = nil
    ) {
        self.severity = severity
        self.rule = rule
        self.path = path
        self.message = message
        self.location = location
        self.remedy = remedy
    }
}

extension ConfigProblem: CustomStringConvertible {
    /// `openclaw.json:3:9: error: …`
    package var line: String { "\(location.map { "\($0): " } ?? "")\(severity.rawValue): \(message)" }

    /// The same, and the remedy on a second line.
    package var description: String { line + (remedy.map { "\n  hint: \($0)" } ?? "") }
}
