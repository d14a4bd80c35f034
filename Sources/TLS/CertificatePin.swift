internal import Crypto

/// A SHA-256 by which a certificate, or its public key, is recognised.
package struct CertificatePin: Sendable, Hashable {
    /// 32 bytes.
    package let sha256: [UInt8]

    /// - Parameter sha256: A digest, 32 bytes.
    package init(sha256: [UInt8]) {
        precondition(sha256.count == 32, "a SHA-256 is 32 bytes")
        self.sha256 = sha256
    }

    /// Reads 64 hex digits as `openssl x509 -fingerprint` and its friends write them.
    ///
    /// - Parameter text: In either case, with or without colons and white space, and an optional label `sha256:`,
    ///   `sha-256:` or `SHA256 Fingerprint=`.
    /// - Returns: `nil` when it is not 64 hex digits.
    package init?(_ text: String) {
        var rest = Substring(text.lowercased()).trimmingSpace()
        for label in ["sha256", "sha-256"] where rest.hasPrefix(label) {
            rest = rest.dropFirst(label.count).trimmingSpace()
            if rest.hasPrefix("fingerprint") { rest = rest.dropFirst("fingerprint".count) }
            break
        }
        let digits = rest.filter { ![":", "=", " ", "\t", "\n", "\r", "\r\n"].contains($0) }
        guard let sha256 = Hex.decode(digits), sha256.count == 32 else { return nil }
        self.sha256 = sha256
    }

    /// Lower-case hex without separators.
    package var hex: String { Hex.encode(sha256) }
}

extension Substring {
    fileprivate func trimmingSpace() -> Substring {
        drop { $0.isWhitespace }
    }
}
