internal import CSodium

/// Ed25519 signatures (RFC 8032 §5.1), without pre-hash.
package enum Ed25519 {
    /// Size of a seed and of a public key in bytes.
    package static let keyLength = 32
    /// Size of a signature in bytes.
    package static let signatureLength = 64

    /// Whether `signature` is one of `publicKey` over `message`. A wrong length, an invalid point, and a key or point of small
    /// order, whose signatures would fit many messages, are just `false`.
    package static func isValid(signature: [UInt8], for message: [UInt8], publicKey: [UInt8]) -> Bool {
        guard signature.count == signatureLength, publicKey.count == keyLength else { return false }
        return unsafe crypto_sign_ed25519_verify_detached(signature, message, UInt64(message.count), publicKey) == 0
    }
}
