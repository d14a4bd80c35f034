internal import Crypto
package import Wire

/// A device that has shown it holds its private key, on this connection.
package struct ProvenDevice: Equatable, Sendable {
    package let id: String
    /// 32 raw bytes.
    package let publicKey: [UInt8]

    package init(id: String, publicKey: [UInt8]) {
        self.id = id
        self.publicKey = publicKey
    }
}

package enum ProofOutcome: Equatable, Sendable {
    case absent
    case proven(ProvenDevice)
    case failed(ProofFailure)
}

/// Checks the signature of a device over the challenge (wire protocol, "Signed payload strings", "Proof checks").
/// Costs an Ed25519 verification, so it is done before any lock is taken.
package enum DeviceProofCheck {
    package static let maxClockDifferenceMs: Int64 = 120_000

    package static func check(_ params: ConnectParams, nonce: String, nowMs: Int64) -> ProofOutcome {
        guard let device = params.device else { return .absent }
        guard let publicKey = DeviceIdentity.publicKey(parsing: device.publicKey),
            DeviceIdentity.id(ofPublicKey: publicKey) == device.id
        else { return .failed(.deviceIDMismatch) }
        guard abs(nowMs - device.signedAt) <= maxClockDifferenceMs else { return .failed(.signatureStale) }
        let signedNonce = trimmed(device.nonce)
        guard !signedNonce.isEmpty else { return .failed(.nonceMissing) }
        guard signedNonce == nonce else { return .failed(.nonceMismatch) }
        guard let signature = Base64URL.decodeLenient(device.signature), signature.count == 64 else {
            return .failed(.signatureInvalid)
        }
        func isSigned(_ payload: String) -> Bool {
            Ed25519.isValid(signature: signature, for: Array(payload.utf8), publicKey: publicKey)
        }
        let isValid = isSigned(payloadV3(params, nonce: nonce)) || isSigned(payloadV2(params, nonce: nonce))
        return isValid ? .proven(ProvenDevice(id: device.id, publicKey: publicKey)) : .failed(.signatureInvalid)
    }

    package static func payloadV2(_ params: ConnectParams, nonce: String) -> String {
        "v2|" + common(params, nonce: nonce)
    }

    package static func payloadV3(_ params: ConnectParams, nonce: String) -> String {
        "v3|" + common(params, nonce: nonce)
            + "|\(normalised(params.client.platform))|\(normalised(params.client.deviceFamily ?? ""))"
    }

    private static func common(_ params: ConnectParams, nonce: String) -> String {
        [
            params.device?.id ?? "", params.client.id, params.client.mode, params.role.rawValue,
            params.scopes.joined(separator: ","), String(params.device?.signedAt ?? 0), params.auth.signedToken, nonce,
        ].joined(separator: "|")
    }

    /// Trimmed, ASCII letters lowered, everything else untouched.
    package static func normalised(_ text: String) -> String {
        // Most are so already.
        if text.utf8.allSatisfy({ 0x21..<0x7F ~= $0 && !(0x41...0x5A ~= $0) }) { return text }
        return String(
            String.UnicodeScalarView(
                trimmed(text).unicodeScalars.map { scalar in
                    ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar
                }))
    }

    private static func trimmed(_ text: String) -> String {
        func isSpace(_ character: Character) -> Bool { character.isWhitespace }
        let head = text.drop(while: isSpace)
        guard let last = head.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(head[...last])
    }
}
