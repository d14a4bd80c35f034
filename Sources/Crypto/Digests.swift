/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    /// The 32-byte digest.
    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        DigestAlgorithm.sha256.digest(bytes.span)
    }

    /// The 32-byte digest. The bytes are only borrowed.
    package static func digest(_ bytes: Span<UInt8>) -> [UInt8] {
        DigestAlgorithm.sha256.digest(bytes)
    }
}

/// SHA-1 (FIPS 180-4), which is broken for signatures: only for `Sec-WebSocket-Accept` (RFC 6455 §4.2.2).
package enum SHA1 {
    /// The 20-byte digest.
    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        DigestAlgorithm.sha1.digest(bytes.span)
    }
}
