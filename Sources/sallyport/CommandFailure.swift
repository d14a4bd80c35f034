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
    let hint: String?
    /// Facts that help to understand the message, a line each.
    let details: [String]
    /// 1 refused or failed, 2 usage, 7 agent not allowed, 65 session limit, 78 configuration.
    let exitCode: Int32
    let kind: Kind
    /// What was broken, where the catalogue has it.
    var rule: ErrorEntry?
    /// What the gateway said.
    var body: GatewayErrorBody?
    /// Standard output has said it already, as JSON.
    var isPrinted = false

    init(
        _ message: String, hint: String? = nil, details: [String] = [], exitCode: Int32 = 1, kind: Kind? = nil
    ) {
        self.message = message
        self.hint = hint
        self.details = details
        self.exitCode = exitCode
        self.kind =
            kind
            ?? {
                switch exitCode {
                case 2: .usage
                case 78: .configuration
                default: .command
                }
            }()
    }

    /// Whatever a command ended with.
    init(any error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as ClientError: self.init(error)
        default: self.init("\(error)")
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

    static func usage(_ message: String, hint: String? = nil) -> CommandFailure {
        CommandFailure(message, hint: hint, exitCode: 2)
    }

    static func pin(_ text: String) -> CommandFailure {
        .usage(
            "--tls-fingerprint must be 64 hexadecimal digits, or several of them with commas between, not \"\(text)\"")
    }

    static func configuration(_ message: String, hint: String? = nil) -> CommandFailure {
        CommandFailure(message, hint: hint, exitCode: 78)
    }

    static func configuration(_ result: ConfigResult) -> CommandFailure {
        let text = result.errors.map(\.description).joined(separator: "\n")
        return .configuration("the configuration has errors\n\(text)")
    }

    /// What the gateway said, with everything that it explained.
    init(_ error: ClientError, details: [String] = []) {
        self.init(error.description, hint: Self.hint(error), details: details, kind: Self.kind(error))
        body = error.body
    }

    private static func kind(_ error: ClientError) -> Kind {
        switch error {
        // A refused connect ends the connection; a refused request does not.
        case .refused(_, nil, _), .messageTooLarge: .refused
        case .invalidURL: .usage
        default: .transport
        }
    }

    private static func hint(_ error: ClientError) -> String? {
        switch error {
        case .tls(.certificateUntrusted):
            "pin it with --tls-fingerprint; sallyport tls fingerprint on the gateway's host prints the pin"
        case .tls(.pinMismatch):
            "if the certificate was replaced on purpose, use the new pin: sallyport tls fingerprint on the gateway's host"
        case .tls(.clientCertificateRefused):
            "pass a certificate that the gateway's gateway.tls.caPath vouches for: --client-cert, --client-key"
        case .proxyRefused:
            "HTTPS_PROXY, ALL_PROXY and NO_PROXY decide about proxies; name the gateway in NO_PROXY to go without"
        case .tls(.peerIsPlainHTTP), .tls(.peerIsNotTLS): "does the gateway serve ws:// there, without TLS?"
        case .unreachable: "is it running? On its host: sallyport gateway status, sallyport gateway run"
        case .refused(let body, _, _):
            body.details["remediationHint"]?.string
                ?? body.detailsCode.flatMap { DetailsCode(rawValue: $0) }?.text.remedy
        default: nil
        }
    }
}
