package import Errors

extension ProofFailure: Catalogued {
    package static let family = ErrorFamily.proof

    package var text: ErrorText {
        switch self {
        case .deviceIDMismatch:
            ErrorText(
                "device identity mismatch", rule: "a device id is the SHA-256 of its public key",
                remedy: "send as device.id the lower-case hex SHA-256 of the raw public key")
        case .signatureStale:
            ErrorText(
                "device signature expired", rule: "a proof is at most 120 s old",
                remedy: "set the clocks of client and gateway; at most 120 s may lie between them")
        case .nonceMissing:
            ErrorText(
                "device nonce required", rule: "a proof names the connection's nonce",
                remedy: "sign the nonce of this connection's connect.challenge")
        case .nonceMismatch:
            ErrorText(
                "device nonce mismatch", rule: "a proof is for one connection only",
                remedy: "sign the nonce of this connection's connect.challenge")
        case .signatureInvalid:
            ErrorText(
                "device signature invalid", rule: "the device signs what it sends with connect",
                remedy: "sign the v3 or v2 payload with the device's private key, with scopes as sent")
        case .publicKeyInvalid:
            ErrorText(
                "device public key invalid", rule: "device keys are Ed25519",
                remedy: "send the raw Ed25519 public key in base64url")
        }
    }
}
