internal import Client
internal import Errors
internal import JSON
internal import TLS
internal import Wire

extension CommandFailure {
    /// What the gateway said, with everything that it explained; or why it said nothing.
    init(_ error: ClientError, details: [String] = []) {
        if let rule = CommandRule(error) {
            self.init(rule, error.description, details: details)
        } else {
            self.init(
                nil, error.description, hint: error.body.flatMap(Self.remedy), details: details, exitCode: 1,
                kind: Self.endsConnection(error) ? .transport : .refused)
            body = error.body
        }
    }

    /// A refused connect ends the connection; a refused request does not.
    private static func endsConnection(_ error: ClientError) -> Bool {
        if case .refused(_, nil, _) = error { false } else { true }
    }

    /// Of this case, of what it is a case of, or of the code that all errors have.
    private static func remedy(_ body: GatewayErrorBody) -> String? {
        body.details["remediationHint"]?.string
            ?? body.detailsCode.flatMap { DetailsCode(rawValue: $0) }?.text.remedy
            ?? ErrorCode(rawValue: body.code)?.text.remedy
    }
}

extension CommandRule {
    /// Nil where the gateway said no: its answer has the code.
    init?(_ error: ClientError) {
        switch error {
        case .refused: return nil
        case .closed: self = .connectionClosed
        case .timeout: self = .timeout
        case .tls(let error): self.init(error)
        case .unreachable: self = .unreachable
        case .invalidURL: self = .invalidURL
        case .proxyRefused: self = .proxyRefused
        case .proxyUnusable: self = .proxyUnusable
        case .interrupted: self = .interrupted
        case .plaintextRefused: self = .plaintextRefused
        case .upgradeRefused: self = .upgradeRefused
        case .protocolViolation: self = .protocolViolation
        case .messageTooLarge: self = .messageTooLarge
        case .sendQueueFull: self = .sendQueueFull
        }
    }

    private init(_ error: TLSError) {
        switch error {
        case .certificateUntrusted: self = .untrustedCertificate
        case .pinMismatch: self = .pinMismatch
        case .clientCertificateRefused: self = .clientCertificateRefused
        case .peerIsPlainHTTP, .peerIsNotTLS: self = .peerWithoutTLS
        default: self = .tls
        }
    }
}
