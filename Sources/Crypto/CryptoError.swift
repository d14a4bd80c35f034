/// Why key material was refused.
package enum CryptoError: Error, Equatable, Sendable {
    /// An Ed25519 seed is 32 bytes (RFC 8032 §5.1.5).
    case invalidSeedLength(Int)
    /// OpenSSL would not make a key of it, for example because its configuration disables Ed25519.
    case keyRejected
}
