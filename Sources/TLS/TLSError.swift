package import Files

/// Why there is no certificate, no context, no handshake or no more connection.
///
/// `reasons` are OpenSSL's own words, the most recent cause last. No case carries key material.
package enum TLSError: Error, Equatable, Sendable {
    // Certificates, keys and contexts.
    case certificateUnreadable(reason: String)
    case privateKeyUnreadable(reason: String)
    /// The private key asks for a passphrase; there is nobody to type it.
    case privateKeyEncrypted
    /// The private key is not that of the certificate.
    case keyMismatch
    /// A name that cannot stand in a certificate or in a ClientHello.
    case invalidName(String)
    case generationFailed(reasons: [String])
    case authoritiesUnreadable(path: String, reason: String)
    case contextFailed(reasons: [String])

    // Files.
    /// A file's content was refused for the inner reason.
    indirect case inFile(path: String, TLSError)
    case missingFile(path: String)
    /// One file of a pair is there, the other is not. Nothing is generated, as that would change a pinned certificate.
    case halfPair(missing: String, present: String)
    /// Certificate and key, each valid, do not belong together.
    case filesDoNotMatch(certificatePath: String, keyPath: String)
    case file(FileError)

    // Connections.
    /// The peer's certificate has none of the pins. All are lower-case hex SHA-256; `actual` is of the certificate.
    case pinMismatch(expected: [String], actual: String)
    case certificateUntrusted(reason: String)
    /// The client showed no certificate where one is asked for. Only a server throws it.
    case clientCertificateMissing
    /// The server wants a certificate from us, or does not take the one that it got. Only a client throws it.
    case clientCertificateRefused(reason: String)
    /// The peer began with an HTTP request. Nothing was sent, so it can be answered in clear text.
    case peerIsPlainHTTP
    /// The peer's first bytes are neither TLS nor a common HTTP request.
    case peerIsNotTLS
    case handshakeFailed(reasons: [String])
    /// The peer went away before the handshake was over.
    case closedDuringHandshake
    case connectionFailed(reasons: [String])
    /// The socket failed.
    case connectionLost(errno: Int32)
}
