internal import Client
internal import Errors
internal import JSON

/// What one check has found.
struct Finding {
    enum Check: String {
        case configuration, agents, secrets, permissions, leftovers, disk, certificate, port, container, descriptors
        case service, reachability, gateway, clock, workers, pools, proxy, log
    }

    enum Severity: String {
        case ok, info, warning, error
    }

    let check: Check
    let severity: Severity
    /// What is amiss, of the catalogue. Nil where nothing is asked of anybody; whatever has one has a fix.
    let rule: ErrorEntry?
    /// A sentence: lower case, no full stop.
    let message: String
    /// A key, a command, or what else mends it.
    private(set) var fix: String?
    /// Mends it, where that can be done without asking. Returns what was done, or nil if that did not succeed.
    private(set) var repair: (() -> String?)?
    /// What `--fix` did about it.
    private(set) var repaired: String?

    private init(_ check: Check, _ severity: Severity, _ rule: ErrorEntry?, _ message: String, fix: String?) {
        self.check = check
        self.severity = severity
        self.rule = rule
        self.message = message
        self.fix = fix
    }

    /// - Parameter fix: with the facts of the case; without one it is the rule's remedy.
    init(_ rule: FindingRule, _ message: String, fix: String? = nil, repair: (() -> String?)? = nil) {
        self.init(rule.check, rule.severity, ErrorEntry(rule), message, fix: fix ?? rule.text.remedy)
        self.repair = repair
    }

    /// What another part of the program has a code for.
    init(_ check: Check, _ severity: Severity, _ rule: some Catalogued, _ message: String, fix: String?) {
        self.init(check, severity, ErrorEntry(rule), message, fix: fix ?? rule.text.remedy)
    }

    /// What kept us from looking.
    /// - Parameter fix: where the failure has no hint.
    init(_ check: Check, _ failure: CommandFailure, fix: String) {
        self.init(check, .error, failure.entry, failure.message, fix: failure.hint ?? fix)
    }

    static func ok(_ check: Check, _ message: String) -> Finding { Finding(check, .ok, nil, message, fix: nil) }

    /// Worth saying, and nothing is to be done.
    static func note(_ check: Check, _ message: String) -> Finding { Finding(check, .info, nil, message, fix: nil) }

    mutating func mend() {
        guard let repair else { return }
        repaired = repair()
        if repaired == nil { fix = fix.map { "it could not be mended here: \($0)" } }
    }

    var json: JSON {
        var object = JSONObject([
            ("check", .string(check.rawValue)), ("severity", .string(severity.rawValue)), ("message", .string(message)),
        ])
        object["code"] = (rule?.code).map { .string($0) }
        object["fix"] = fix.map { .string($0) }
        object["fixable"] = .bool(repair != nil)
        object["repaired"] = repaired.map { .string($0) }
        return .object(object)
    }
}

extension CommandFailure {
    /// Its own rule, or else the code of the gateway's answer.
    var entry: ErrorEntry {
        rule ?? body.flatMap { ErrorCatalogue.find($0.detailsCode ?? $0.code) } ?? ErrorEntry(kind)
    }
}
