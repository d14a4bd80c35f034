internal import Client
internal import Config
internal import Errors
internal import JSON
internal import TLS
internal import Wire

/// Why a command ends without success, in the words of the command line.
struct CommandFailure: Error {
    /// What scripts tell failures apart by: `error.type` with `--json`.
    enum Kind: String, CaseIterable, Sendable {
        case usage = "usage_error"
        case configuration = "configuration_error"
        /// There was no connection, or it ended.
        case transport = "gateway_transport_error"
        /// The gateway answered, and said no.
        case refused = "gateway_request_error"
        case command = "command_error"
    }

    let message: String
    /// What mends it here, or else what mends it everywhere.
    let hint: String?
    /// Facts that help to understand the message, a line each.
    let details: [String]
    /// 1 refused or failed, 2 usage, 7 agent not allowed, 65 session limit, 78 configuration.
    var exitCode: Int32
    let kind: Kind
    /// What was broken: of the catalogue. Nil where the gateway said no, whose codes are in ``body``.
    let rule: ErrorEntry?
    /// What the gateway said.
    var body: GatewayErrorBody?
    /// Standard output has said it already, as JSON.
    var isPrinted = false

    /// - Parameters:
    ///   - message: with the facts of the case: lower case, no full stop.
    ///   - hint: with the facts of the case; without one it is the rule's remedy.
    init(_ rule: CommandRule, _ message: String, hint: String? = nil, details: [String] = []) {
        self.init(
            ErrorEntry(rule), message, hint: hint ?? rule.text.remedy, details: details, exitCode: rule.exitCode,
            kind: rule.kind)
    }

    /// Of another family: each has an initialiser of its own.
    init(
        _ rule: ErrorEntry?, _ message: String, hint: String?, details: [String] = [], exitCode: Int32, kind: Kind
    ) {
        self.rule = rule
        self.message = message
        self.hint = hint
        self.details = details
        self.exitCode = exitCode
        self.kind = kind
    }

    /// Of a configuration with problems, of which the first gives the rule.
    init(_ problems: [ConfigProblem], _ message: String, details: [String] = []) {
        let (first, isOnly) = (problems.first, problems.count == 1)
        let lines = isOnly ? problems.map(\.line) : problems.map(\.description)
        self.init(
            first.map { ErrorEntry($0.rule) }, ([message] + lines).joined(separator: "\n"),
            // Several have theirs below their lines.
            hint: isOnly
                ? first?.remedy ?? first?.rule.text.remedy : "see all that is wrong: sallyport config validate",
            details: details, exitCode: 78, kind: .configuration)
    }

    /// Whatever a command ended with.
    init(any error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as ClientError: self.init(error)
        default: self.init(.system, "\(error)")
        }
    }

    /// The same for `--json`.
    var json: JSON {
        var error = JSONObject([("type", .string(kind.rawValue)), ("message", .string(message))])
        error["rule"] = (rule?.code).map { .string($0) }
        error["hint"] = hint.map { .string($0) }
        if let body {
            error["code"] = .string(body.code)
            if !body.details.isNull { error["details"] = body.details }
        }
        if !details.isEmpty { error["notes"] = .array(details.map { .string($0) }) }
        return .object(
            JSONObject([("ok", false), ("error", .object(error)), ("exitCode", .integer(Int64(exitCode)))]))
    }

    static func pin(_ text: String) -> CommandFailure {
        CommandFailure(
            .invalidPin,
            "--tls-fingerprint must be 64 hexadecimal digits, or several of them with commas between, not \"\(text)\"")
    }

    static func configuration(_ result: ConfigResult, details: [String] = []) -> CommandFailure {
        CommandFailure(result.errors, "the configuration has errors", details: details)
    }
}
