/// Why a device proof was refused, in the order in which it is checked
/// (OpenClaw gateway protocol, "Proof checks, in order").
package enum ProofFailure: String, CaseIterable, Sendable {
    case deviceIDMismatch = "device-id-mismatch"
    case signatureStale = "device-signature-stale"
    case nonceMissing = "device-nonce-missing"
    case nonceMismatch = "device-nonce-mismatch"
    case signatureInvalid = "device-signature"
    case publicKeyInvalid = "device-public-key"

    package var code: String {
        switch self {
        case .deviceIDMismatch: "DEVICE_AUTH_DEVICE_ID_MISMATCH"
        case .signatureStale: "DEVICE_AUTH_SIGNATURE_EXPIRED"
        case .nonceMissing: "DEVICE_AUTH_NONCE_REQUIRED"
        case .nonceMismatch: "DEVICE_AUTH_NONCE_MISMATCH"
        case .signatureInvalid: "DEVICE_AUTH_SIGNATURE_INVALID"
        case .publicKeyInvalid: "DEVICE_AUTH_PUBLIC_KEY_INVALID"
        }
    }

    package var message: String {
        switch self {
        case .deviceIDMismatch: "device identity mismatch"
        case .signatureStale: "device signature expired"
        case .nonceMissing: "device nonce required"
        case .nonceMismatch: "device nonce mismatch"
        case .signatureInvalid: "device signature invalid"
        case .publicKeyInvalid: "device public key invalid"
        }
    }

    package var remedy: String {
        switch self {
        case .deviceIDMismatch: "send as device.id the lower-case hex SHA-256 of the raw public key"
        case .signatureStale: "set the clocks of client and gateway; at most 120 s may lie between them"
        case .nonceMissing, .nonceMismatch: "sign the nonce of this connection's connect.challenge"
        case .signatureInvalid: "sign the v3 or v2 payload with the device's private key, with scopes as sent"
        case .publicKeyInvalid: "send the raw Ed25519 public key in base64url"
        }
    }
}
