/// Why a device proof was refused, in the order in which it is checked
/// (OpenClaw gateway protocol, "Proof checks, in order").
package enum ProofFailure: String, CaseIterable, Sendable {
    case deviceIDMismatch = "device-id-mismatch"
    case signatureStale = "device-signature-stale"
    case nonceMissing = "device-nonce-missing"
    case nonceMismatch = "device-nonce-mismatch"
    case signatureInvalid = "device-signature"
    case publicKeyInvalid = "device-public-key"

    package var code: DetailsCode {
        switch self {
        case .deviceIDMismatch: .deviceAuthDeviceIDMismatch
        case .signatureStale: .deviceAuthSignatureExpired
        case .nonceMissing: .deviceAuthNonceRequired
        case .nonceMismatch: .deviceAuthNonceMismatch
        case .signatureInvalid: .deviceAuthSignatureInvalid
        case .publicKeyInvalid: .deviceAuthPublicKeyInvalid
        }
    }
}
