package import JSON
internal import Text

/// The `error` of a response frame (OpenClaw gateway protocol, "Error shape and codes").
package struct GatewayErrorBody: Error, Equatable, Sendable {
    package let code: String
    package let message: String
    /// `null` when there are none.
    package let details: JSON
    /// `nil` when the gateway did not say.
    package let retryable: Bool?
    package let retryAfterMs: Int64?

    package init(
        code: String, message: String, details: JSON = .null, retryable: Bool? = nil, retryAfterMs: Int64? = nil
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.retryable = retryable
        self.retryAfterMs = retryAfterMs
    }

    /// Takes what a gateway sent, however incomplete.
    internal init(_ error: JSON?) {
        code = error?["code"]?.string ?? "UNAVAILABLE"
        message = error?["message"]?.string ?? "the gateway gave no reason"
        details = error?["details"] ?? .null
        retryable = error?["retryable"]?.bool
        retryAfterMs = error?["retryAfterMs"]?.integer
    }

    /// `details.code`, which decides what to do next; `message` is for people.
    package var detailsCode: String? { details["code"]?.string }

    /// The id to approve, of a refusal that asks for pairing.
    package var pairingRequestID: String? {
        details["requestId"]?.string ?? PairingText.requestID(in: message)
    }
}

/// What a message or close reason says about pairing where details are missing.
internal enum PairingText {
    internal static func isPairingRequired(_ text: String) -> Bool {
        text.hasPrefix("pairing required")
    }

    /// The id in `(requestId: …)`, at most 128 characters of the alphabet that gateways use.
    internal static func requestID(in text: String) -> String? {
        guard isPairingRequired(text), let start = text.firstRange(of: "(requestId: ") else { return nil }
        let id = text[start.upperBound...].prefix { $0 != ")" }
        // A reason that was cut at 120 bytes has no closing parenthesis, and then the id is not whole.
        guard id.endIndex < text.endIndex, (1...128).contains(id.utf8.count),
            id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._:-".contains($0)) })
        else { return nil }
        return String(id)
    }
}
