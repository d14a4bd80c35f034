package import TLS

/// Why there is no connection, no answer, or no more of them.
package enum ClientError: Error, Equatable, Sendable {
    /// The gateway answered with an error; a refused `connect` is followed by a close frame.
    case refused(GatewayErrorBody, closeCode: UInt16?, closeReason: String?)
    /// 1005 is a close frame without a code, 1006 the end of the stream without a close frame.
    case closed(code: UInt16, reason: String)
    case timeout(waitingFor: String, milliseconds: Int64)
    case tls(TLSError)
    /// `reason` is of the last address tried.
    case unreachable(url: String, reason: String)
    case invalidURL(String)
    /// The proxy would not connect us through; without a `status` it did not answer in HTTP's terms.
    case proxyRefused(proxy: String, status: Int?, reason: String)
    /// What the environment says of a proxy cannot be followed. `reason` says what to do.
    case proxyUnusable(variable: String, reason: String)
    /// ``ConnectOptions/interrupt`` became readable.
    case interrupted
    /// The text is for the user, several lines.
    case plaintextRefused(String)
    /// The server answered the upgrade with another status; `reason` is the beginning of its body.
    case upgradeRefused(status: Int, reason: String)
    /// What the server sent is not the protocol.
    case protocolViolation(String)
    case messageTooLarge(bytes: Int, limit: Int)
    /// The peer does not read what was sent before.
    case sendQueueFull(limit: Int)
}

extension ClientError {
    /// The refusal's body, for ``refused(_:closeCode:closeReason:)``.
    package var body: GatewayErrorBody? {
        if case .refused(let body, _, _) = self { body } else { nil }
    }

    /// The id to approve when the gateway asks for pairing, wherever it stands.
    package var pairingRequestID: String? {
        switch self {
        case .refused(let body, _, let reason):
            body.pairingRequestID ?? reason.flatMap(PairingText.requestID(in:))
        case .closed(_, let reason): PairingText.requestID(in: reason)
        default: nil
        }
    }
}

extension ClientError: CustomStringConvertible {
    /// In the words that users search for: `gateway closed (1008): pairing required: …`.
    package var description: String {
        switch self {
        case .refused(let body, nil, _): body.message
        case .refused(let body, let code?, let reason):
            Self.closeText(code, reason.flatMap { $0.isEmpty ? nil : $0 } ?? body.message)
        case .closed(let code, let reason): Self.closeText(code, reason)
        case .timeout(let subject, let milliseconds):
            "gateway timeout after \(milliseconds)ms (waiting for \(subject))"
        case .tls(let error): "gateway tls: \(error)"
        case .unreachable(let url, let reason): "gateway unreachable at \(url): \(reason)"
        case .invalidURL(let url): "not a gateway url: \"\(url)\""
        case .proxyRefused(let proxy, let status, let reason):
            "proxy \(proxy) does not connect to the gateway" + (status.map { ": HTTP \($0)" } ?? "")
                + (reason.isEmpty ? "" : ": \(reason)")
        case .proxyUnusable(let variable, let reason): "\(variable) cannot be used: \(reason)"
        case .interrupted: "interrupted"
        case .plaintextRefused(let text): text
        case .upgradeRefused(let status, let reason):
            "gateway refused the upgrade with HTTP \(status)" + (reason.isEmpty ? "" : ": \(reason)")
        case .protocolViolation(let what): "gateway protocol violation: \(what)"
        case .messageTooLarge(let bytes, let limit): "message of \(bytes) bytes exceeds the limit of \(limit)"
        case .sendQueueFull(let limit): "gateway does not read: \(limit) bytes are waiting to be sent"
        }
    }

    private static func closeText(_ code: UInt16, _ reason: String) -> String {
        let hint =
            switch code {
            case 1000: " normal closure"
            case 1006: " abnormal closure (no close frame)"
            default: ""
            }
        return "gateway closed (\(code)\(hint)): \(reason.isEmpty ? "no close reason" : reason)"
    }
}
