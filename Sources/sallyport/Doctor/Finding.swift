internal import JSON

/// What one check has found.
struct Finding {
    enum Severity: String {
        case ok, info, warning, error
    }

    /// `configuration`, `permissions`, …
    let check: String
    let severity: Severity
    /// A sentence: lower case, no full stop.
    let message: String
    /// A key, a command, or what else mends it.
    var fix: String?
    /// Mends it, where that can be done without asking. Returns what was done.
    var repair: (() throws -> String)?
    /// What `--fix` did about it.
    var repaired: String?

    init(
        _ check: String, _ severity: Severity, _ message: String, fix: String? = nil,
        repair: (() throws -> String)? = nil
    ) {
        self.check = check
        self.severity = severity
        self.message = message
        self.fix = fix
        self.repair = repair
    }

    var json: JSON {
        var object = JSONObject([
            ("check", .string(check)), ("severity", .string(severity.rawValue)), ("message", .string(message)),
        ])
        object["fix"] = fix.map { .string($0) }
        object["fixable"] = .bool(repair != nil)
        object["repaired"] = repaired.map { .string($0) }
        return .object(object)
    }
}
